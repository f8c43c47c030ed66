"""The residual network: its layers one by one, parts of the sky, and symmetries."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from deepsphere_pyg import ChebConv, LearnedPool, load_model, save_model
from deepsphere_pyg.models import (
    COSMOLOGY,
    SMALL,
    ResNetConfiguration,
    SphericalClassifier,
    SphericalResNet,
    SphericalUNet,
)
from samplings import (
    Fibonacci,
    HEALPix,
    Icosahedral,
    build_pyramid,
    laplacian,
    pad_to_parents,
)
from tests.helpers import random
from tests.round_off import assert_near

TINY = ResNetConfiguration("tiny", 4, poolings=1, convolutions=1, blocks=2, K=3)
# Of the sums of some ten layers: neighbours and channels.
TERMS = 1000


def cap(nside, lat=30.0):
    """A part of the sky with a hole."""
    sky = HEALPix(nside)
    return sky[(sky.lat > lat) & ~((sky.lat > 60) & (sky.lon < 90))]


def footprint(nside=8, levels=2):
    return pad_to_parents(cap(nside), levels)


def pyramid_of(sampling, configuration=TINY, k=8):
    return build_pyramid(
        sampling,
        configuration.levels,
        k,
        weighting="heat",
        first_graph=configuration.poolings,
    )


def network(sampling, channels=2, **options):
    """A network in float64, whose biases are not those of a new one."""
    configuration = replace(TINY, **options)
    pyramid = pyramid_of(sampling, configuration)
    model = SphericalResNet(channels, 3, pyramid, configuration=configuration).double()
    for name, parameter in model.named_parameters():
        if parameter.ndim <= 1:
            # Around one for factors, around zero for constants.
            middle = 0.0 if name.endswith("bias") else 1.0
            torch.nn.init.normal_(parameter, middle, 0.2)
    return model.eval()


# -- what it computes ------------------------------------------------------------------
def test_sizes_are_those_of_the_published_network():
    pyramid = build_pyramid(
        HEALPix(64), 6, 20, weighting="heat", first_graph=COSMOLOGY.poolings
    )
    model = SphericalResNet(4, 6, pyramid)
    sizes = {
        kind: [
            (layer.in_channels, layer.out_channels)
            for layer in model.modules()
            if isinstance(layer, kind)
        ]
        for kind in (LearnedPool, ChebConv)
    }
    pools = [(4, 32), (32, 64), (64, 128), (256, 256), (256, 256)]
    assert sizes[LearnedPool] == pools
    assert sizes[ChebConv] == [(128, 256), (256, 256), *[(256, 256)] * 12]
    assert {m.K for m in model.modules() if isinstance(m, ChebConv)} == {5}
    assert [operator.n_out for operator in model.laplacians] == [768, 192, 48]
    assert model.head[1].p == 0.01 and model.head[2].in_features == 48 * 256
    assert model(torch.zeros(2, 49152, 4)).shape == (2, 6)


def dense_convolution(x, layer, matrix):
    terms = [x, matrix @ x]
    while len(terms) < layer.K:
        terms.append(2 * matrix @ terms[-1] - terms[-2])
    mixed = zip(terms, layer.weight, strict=True)
    return sum(term @ weight for term, weight in mixed) + layer.bias


def strided_convolution(x, layer):
    weight = layer.weight.permute(2, 1, 0)
    return F.conv1d(x.mT, weight, layer.bias, stride=4).mT


def normalized(x, layer):
    return F.layer_norm(x, x.shape[-1:], layer.norm.weight, layer.norm.bias)


@pytest.mark.parametrize("head", ["dense", "mean"])
def test_layers_are_plain_ones_with_dense_matrices(head):
    sky = footprint().sampling
    model = network(sky, head=head, scale=0.7, laplacian="normalized")
    matrices = [
        torch.from_numpy(laplacian(graph, "normalized").rescaled().toarray())
        for graph in model.pyramid.graphs
    ]
    x = random(2, len(sky), 2)
    y = F.relu(strided_convolution(x, model.pools[0]))
    block = model.convolutions[0]
    y = F.relu(normalized(dense_convolution(y, block.conv, matrices[0]), block.norm))
    y = F.relu(strided_convolution(y, model.pools[1]))
    for block in model.blocks:
        z = F.relu(normalized(y, block.before))
        z = dense_convolution(z, block.first, matrices[1])
        z = F.relu(normalized(z, block.between))
        y = y + block.scale * dense_convolution(z, block.second, matrices[1])
    if head == "mean":
        area = torch.from_numpy(model.pyramid.graphs[-1].sampling.weights.copy())
        features = (y * area[:, None]).sum(1) / area.sum()
    else:
        features = y.flatten(1)
    norm, _, last = model.head
    features = F.layer_norm(features, features.shape[-1:], norm.weight, norm.bias)
    assert_near(model(x), features @ last.weight.T + last.bias, TERMS)


def test_blocks_of_scale_zero_are_the_identity():
    sky = footprint().sampling
    model, without = (network(sky, scale=0.0, blocks=n) for n in (3, 0))
    for block in model.blocks:
        torch.nn.init.zeros_(block.scale)
    without.load_state_dict(model.state_dict(), strict=False)
    x = random(2, len(sky), 2)
    assert torch.equal(model(x), without(x))


@pytest.mark.parametrize("poolings", [0, 2])
def test_levels_may_all_be_convolved_or_none(poolings):
    model = network(HEALPix(8), poolings=poolings, convolutions=2 - poolings)
    x = random(2, 768, 2)
    y = model(x)
    y.square().sum().backward()
    assert y.shape == (2, 3)
    assert all(p.grad is not None and p.grad.any() for p in model.parameters())
    assert model.configuration.widths == {0: (4, 4), 2: (4, 8)}[poolings]


def test_inputs_of_the_head_are_dropped_in_training_alone():
    model = network(HEALPix(4), dropout=0.5)
    x = random(3, 192, 2)
    assert torch.equal(model(x), model(x))
    model.train()
    assert not torch.equal(model(x), model(x))


@pytest.mark.slow
def test_gradients_are_right():
    model = network(HEALPix(4), blocks=1)
    x = random(1, 192, 2).requires_grad_()
    assert torch.autograd.gradcheck(model, x, fast_mode=True)


# -- where it lives --------------------------------------------------------------------
@pytest.mark.parametrize("head", ["dense", "mean"])
@pytest.mark.filterwarnings("ignore::samplings.DisconnectedGraphWarning")
def test_a_prediction_for_every_sampling(pyramid, head):
    configuration = replace(TINY, head=head)
    model = SphericalResNet(2, 5, pyramid, configuration=configuration)
    for batch in ((), (2, 3)):
        y = model(torch.randn(*batch, len(pyramid.sampling), 2))
        assert y.shape == (*batch, 5)
    y.square().sum().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_finest_levels_need_no_graphs():
    model = network(HEALPix(8))
    whole = build_pyramid(HEALPix(8), 3, 8, weighting="heat")
    other = SphericalResNet(2, 3, whole, configuration=TINY).double().eval()
    other.load_state_dict(model.state_dict())
    x = random(2, 768, 2)
    assert torch.equal(other(x), model(x))
    built = SphericalResNet(2, 3, HEALPix(8), configuration=TINY)
    assert built.pyramid.first_graph == 1 and len(built.pyramid.graphs) == 2


def test_missing_children_count_as_zero():
    part = cap(8)
    padded = pad_to_parents(part, 1)
    assert not padded.mask.all()
    # Pooled alone: widths of edge weights depend on areas, which padding changes.
    sizes = {"poolings": 1, "convolutions": 0, "blocks": 0}
    model, whole = network(part, **sizes), network(padded.sampling, **sizes)
    whole.load_state_dict(model.state_dict())
    x = random(2, len(part), 2)
    filled = torch.from_numpy(padded.pad(x.numpy()))
    assert_near(model(x), whole(filled), TERMS)


def test_a_network_of_one_patch_takes_all_others():
    patches = [HEALPix(16)[np.arange(256) + 256 * i] for i in (0, 7)]
    model = network(patches[0])
    x = random(2, 256, 2)
    # Nested pixels of all patches are alike; their graphs differ a little.
    moved = model.with_sampling(pyramid_of(patches[1]))
    assert 0 < (moved(x) - model(x)).abs().max() < 0.5
    assert moved.sampling.index[0] == 7 * 256


def test_networks_are_rebuilt_from_files(tmp_path):
    model = network(footprint().sampling, head="dense").float()
    model.standardize.fit_([1.0, 2.0], [2.0, 3.0])
    save_model(model, tmp_path / "model.pt")
    again = load_model(tmp_path / "model.pt")
    x = torch.randn(2, len(model.sampling), 2)
    assert torch.equal(again(x), model(x))
    assert again.configuration == model.configuration
    assert again.pyramid.first_graph == 1


def test_weights_of_means_move_where_poolings_fit():
    model = network(HEALPix(8), head="mean", pooling="learned-position")
    moved = model.with_sampling(Fibonacci(400))
    assert moved(random(400, 2)).shape == (3,)
    model = network(HEALPix(8), head="mean")
    assert model.with_sampling(HEALPix(16))(random(3072, 2)).shape == (3,)
    with pytest.raises(ValueError, match="4 terms for each parent, got 6 of icosahed"):
        model.with_sampling(Icosahedral(3))


def test_weights_of_a_dense_head_stay_with_their_vertices():
    model = network(HEALPix(8))
    with pytest.raises(
        ValueError, match=r"with 48 vertices at the coarsest level, got 192 of .*'mean'"
    ):
        model.with_sampling(HEALPix(16))


# -- symmetries ------------------------------------------------------------------------
def turned(x, sampling, matrix):
    """The signals on a sampling that a symmetry of it moves."""
    index = (sampling.xyz @ matrix.T @ sampling.xyz.T).argmax(axis=1)
    moved = torch.empty_like(x)
    moved[:, index] = x
    return moved


@pytest.mark.parametrize(
    "sampling", [HEALPix(8), Icosahedral(3)], ids=lambda one: one.name
)
def test_means_of_distances_are_invariant_under_all_symmetries(sampling):
    model = network(sampling, head="mean", pooling="learned-distance")
    x = random(2, len(sampling), 2)
    assert len(sampling.symmetries) > 1
    for matrix in sampling.symmetries:
        torch.testing.assert_close(
            model(turned(x, sampling, matrix)), model(x), rtol=0, atol=1e-9
        )


def test_means_of_children_are_invariant_under_quarter_turns():
    sampling = HEALPix(8)
    quarter, *mirrors = sampling.symmetries
    x = random(2, 768, 2)
    model = network(sampling, head="mean")
    y = model(x)
    torch.testing.assert_close(
        model(turned(x, sampling, quarter)), y, rtol=0, atol=1e-9
    )
    # Children have places in their parents, and a dense head knows where these are.
    assert not torch.allclose(model(turned(x, sampling, mirrors[0])), y, atol=1e-3)
    dense = network(sampling)
    other = dense(turned(x, sampling, quarter))
    assert not torch.allclose(other, dense(x), atol=1e-3)


# -- what is refused -------------------------------------------------------------------
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"poolings": 0, "convolutions": 0}, "at least 1 together, got 0"),
        ({"blocks": -1}, "blocks must be at least 0, got -1"),
        ({"base": 0}, "base must be at least 1, got 0"),
        ({"K": 0}, "K must be at least 1, got 0"),
        ({"head": "max"}, "head must be 'dense' or 'mean', got 'max'"),
        ({"dropout": 1.0}, "dropout must be"),
    ],
)
def test_wrong_sizes_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        replace(TINY, **options)


def test_wrong_poolings_samplings_and_inputs_are_refused():
    with pytest.raises(
        ValueError, match=r"pooling must be 'learned' or .*, got 'mean'"
    ):
        network(HEALPix(8), pooling="mean")
    with pytest.raises(ValueError, match="level 4 is the last: nside must be even"):
        SphericalResNet(2, 3, HEALPix(8))
    with pytest.raises(ValueError, match="2 widths needs a pyramid of 3 levels, got 2"):
        pyramid = build_pyramid(HEALPix(8), 2, 8)
        SphericalResNet(2, 3, pyramid, configuration=TINY)
    with pytest.raises(TypeError, match="configuration must be a ResNetConfiguration"):
        SphericalResNet(2, 3, HEALPix(8), configuration=SMALL)
    with pytest.raises(ValueError, match="x has 12 vertices, SphericalResNet on"):
        network(HEALPix(8))(random(12, 2))


def test_networks_refuse_pyramids_without_the_graphs_they_need():
    pyramid = build_pyramid(HEALPix(8), 4, 8, weighting="heat", first_graph=1)
    message = (
        r"needs a pyramid with graphs from level 0 on, got one from level 1 on; use "
        r"build_pyramid with first_graph=0"
    )
    for build in (
        lambda: SphericalUNet(2, 3, pyramid, configuration=SMALL),
        lambda: SphericalClassifier(2, 3, pyramid, widths=(4, 4, 4)),
        lambda: SphericalResNet(
            2, 3, pyramid, configuration=replace(TINY, poolings=0, convolutions=3)
        ),
    ):
        with pytest.raises(ValueError, match=message):
            build()
