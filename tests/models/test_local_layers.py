"""Networks of other layers than Chebyshev convolutions: sizes, symmetries, files."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from deepsphere_pyg import (
    DiscoOperator,
    MorletBasis,
    NeighbourAttention,
    Neighbourhoods,
    PiecewiseLinearBasis,
    ZernikeBasis,
)
from deepsphere_pyg.models import (
    AttentionLayers,
    DiscoLayers,
    SphericalClassifier,
    SphericalUNet,
    UNetConfiguration,
    load_model,
    read_header,
    save_model,
)
from samplings import HEALPix, Icosahedral, build_pyramid
from tests.round_off import assert_near

TINY = UNetConfiguration("tiny", 4, (4, 6, 8), finest_skip=True)
KINDS = {
    "discs": "disco",
    "wedges": DiscoLayers(PiecewiseLinearBasis(3, 4), cutoff=1.7),
    "distances": "attention",
    "directions": AttentionLayers(heads=3, degree=2, isotropic=False),
}
ISOTROPIC = ("discs", "distances")
# Of the sums of eleven layers: neighbours and channels.
TERMS = 1000


def unet(pyramid, convolution):
    configuration = replace(TINY, convolution=convolution)
    return SphericalUNet(2, 3, pyramid, configuration=configuration)


def classifier(pyramid, convolution):
    return SphericalClassifier(
        2, 5, pyramid, widths=(4, 6), K=3, convolution=convolution
    )


def stirred(model):
    """In float64, with weights that all matter."""
    with torch.no_grad():
        for weight in model.double().eval().parameters():
            weight += 0.3 * torch.randn_like(weight)
    return model


def signal(n, count=2):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(count, n, 2, generator=generator, dtype=torch.float64)


def count(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.fixture(scope="module")
def pyramid():
    return build_pyramid(HEALPix(4), 3, 8, weighting="heat")


@pytest.mark.parametrize("build", [unet, classifier])
@pytest.mark.parametrize("kind", KINDS)
def test_every_weight_is_learned(kind, build, pyramid):
    model = build(pyramid, KINDS[kind])
    model(signal(192).float()).square().mean().backward()
    assert all(p.grad.any() for p in model.parameters())


@pytest.mark.parametrize("build", [unet, classifier])
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_gives_the_same_network(kind, build, pyramid, tmp_path):
    model = stirred(build(pyramid, KINDS[kind]))
    save_model(model, tmp_path / "model.pt")
    again = load_model(tmp_path / "model.pt")
    assert again.config == model.config
    x = signal(192)
    assert_near(again(x).detach(), model(x).detach(), TERMS)


@pytest.mark.parametrize("build", [unet, classifier])
def test_chebyshev_networks_are_described_as_before(build, pyramid, tmp_path):
    save_model(build(pyramid, "chebyshev"), tmp_path / "model.pt")
    assert "convolution" not in str(read_header(tmp_path / "model.pt"))


@pytest.mark.parametrize(
    "layers",
    [
        *(DiscoLayers(b) for b in (ZernikeBasis(3), MorletBasis(np.int64(3), 2))),
        DiscoLayers(MorletBasis(2), cutoff=np.float32(3), normalization="modal"),
        AttentionLayers(heads=np.int64(2), degree=0),
    ],
    ids=repr,
)
def test_descriptions_of_layers_are_json_and_read_back(layers):
    configuration = replace(TINY, convolution=layers)
    described = configuration.config
    assert UNetConfiguration.from_config(described) == configuration
    numbers = str(described)
    assert "np." not in numbers and "float32" not in numbers


def test_names_stand_for_the_default_options():
    assert replace(TINY, convolution="disco").convolution == DiscoLayers()
    assert replace(TINY, convolution="attention").convolution == AttentionLayers()
    assert TINY.convolution == "chebyshev"


def symmetry(sampling, number):
    """Order in which a symmetry puts the vertices."""
    return (sampling.xyz @ sampling.symmetries[number] @ sampling.xyz.T).argmax(axis=1)


@pytest.mark.parametrize("kind", KINDS)
def test_isotropic_layers_have_the_symmetries_of_the_sampling(kind):
    icosahedra = build_pyramid(Icosahedral(2), 3, 6, weighting="heat")
    model = stirred(unet(icosahedra, KINDS[kind]))
    x = signal(len(model.sampling))
    y = model(x).detach()
    for number in range(len(model.sampling.symmetries)):
        order = symmetry(model.sampling, number)
        error = (model(x[:, order]).detach() - y[:, order]).abs().max() / y.abs().max()
        if kind in ISOTROPIC:
            assert error < 1e-9
        else:
            # Each of them moves the north.
            assert error > 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_layers_of_healpix_commute_with_quarter_turns(kind, pyramid):
    xyz = pyramid.sampling.xyz
    order = (xyz @ np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]]) @ xyz.T).argmax(1)
    for build in (unet, classifier):
        model, x = stirred(build(pyramid, KINDS[kind])), signal(192)
        y, turned = model(x).detach(), model(x[:, order]).detach()
        # Round-off through eleven layers.
        wanted = y[:, order] if y.ndim == 3 else y
        assert (turned - wanted).abs().max() < 1e-9 * y.abs().max()


def test_discs_have_the_same_size_in_pixels_on_all_levels():
    levels = build_pyramid(HEALPix(16), 3, 8, weighting="heat")
    model = unet(levels, DiscoLayers(PiecewiseLinearBasis(1), cutoff=3))
    reached = [
        operator.n_edges / len(graph.sampling)
        for graph, operator in zip(levels.graphs, model.operators, strict=True)
    ]
    # The circle of three pixels, whose size varies over the sphere by a sixth.
    assert reached == pytest.approx([9 * np.pi] * 3, rel=0.15)
    assert all(isinstance(one, DiscoOperator) for one in model.operators)


def test_discs_end_at_the_antipode():
    small = build_pyramid(HEALPix(2), 2, 8, weighting="heat")
    layers = DiscoLayers(PiecewiseLinearBasis(3), cutoff=30, normalization="none")
    model = SphericalClassifier(2, 5, small, widths=(4,), convolution=layers)
    assert model(torch.zeros(48, 2)).shape == (5,)


def test_a_basis_of_k_functions_costs_the_weights_of_k_terms(pyramid):
    for K, basis in ((3, PiecewiseLinearBasis(5)), (5, PiecewiseLinearBasis(3, 4))):
        chebyshev = SphericalUNet(2, 3, pyramid, configuration=replace(TINY, K=K))
        discs = unet(pyramid, DiscoLayers(basis))
        assert count(discs) == count(chebyshev)


def test_vertices_attend_to_the_neighbours_in_the_graph(pyramid):
    model = unet(pyramid, "attention")
    for graph, operator in zip(pyramid.graphs, model.operators, strict=True):
        wanted = Neighbourhoods(graph)
        assert torch.equal(operator.index, wanted.index)
    heads = [m.heads for m in model.modules() if isinstance(m, NeighbourAttention)]
    # Of 4 channels and 4 heads; 6 channels; 8 channels; and 3 classes.
    assert set(heads) == {4, 3} and heads[-1] == 3


def test_attention_that_is_silent_leaves_single_vertices(pyramid):
    layer = AttentionLayers().layer(2, 4)
    torch.nn.init.zeros_(layer.neighbours.output.weight)
    torch.nn.init.zeros_(layer.neighbours.output.bias)
    x = signal(192).float()
    y = layer(x, Neighbourhoods(pyramid.graphs[0]))
    assert_near(y.detach(), (x @ layer.vertex.weight.T).detach(), 10)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_move_to_other_samplings(kind, pyramid):
    model = stirred(unet(pyramid, KINDS[kind]))
    moved = model.with_sampling(Icosahedral(3))
    assert moved(signal(642)).shape == (2, 642, 3)
    for name, value in model.state_dict().items():
        assert torch.equal(moved.state_dict()[name], value)


class OwnBasis(PiecewiseLinearBasis):
    """Hats of one's own."""


def test_what_layers_cannot_have_is_refused(pyramid):
    with pytest.raises(ValueError, match=r"'attention', or DiscoLayers or .*'sharp'"):
        replace(TINY, convolution="sharp")
    with pytest.raises(ValueError, match="laplacian='normalized' is an option of Cheb"):
        replace(TINY, convolution="disco", laplacian="normalized")
    with pytest.raises(ValueError, match="DiscoLayers have no Laplacian; leave it out"):
        SphericalClassifier(
            *(2, 5, pyramid),
            widths=(4, 6),
            convolution=DiscoLayers(),
            laplacian="normalized",
        )
    with pytest.raises(TypeError, match="basis must be a PiecewiseLinearBasis or Z"):
        DiscoLayers("piecewise-linear")
    with pytest.raises(TypeError, match="saved networks are rebuilt, got OwnBasis"):
        DiscoLayers(OwnBasis(3))
    with pytest.raises(ValueError, match=r"cutoff must be at least 1, .*, got 0\.5"):
        DiscoLayers(cutoff=0.5)
    with pytest.raises(ValueError, match="normalization must be"):
        DiscoLayers(normalization="sum")
    with pytest.raises(ValueError, match="heads must be at least 1, got 0"):
        AttentionLayers(heads=0)
    with pytest.raises(ValueError, match="degree must be even when isotropic=True"):
        AttentionLayers(degree=3)
