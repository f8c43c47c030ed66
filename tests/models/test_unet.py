"""The spherical U-Net: published sizes, symmetries, and moving between samplings."""

import copy
import io
from dataclasses import replace

import healpy
import numpy as np
import pytest
import torch

from deepsphere_pyg import ChebConv, EdgeOperator, SphericalUNet, UNetConfiguration
from deepsphere_pyg.models import (
    DEEPSPHERE,
    JIANG,
    SMALL,
    UNET_CONFIGURATIONS,
    WIDER,
    load_model,
    save_model,
)
from samplings import HEALPix, Heat, Icosahedral, build_pyramid, laplacian
from tests.round_off import assert_near

TINY = UNetConfiguration("tiny", 4, (4, 6, 8), finest_skip=True)


def randomised(model):
    """Give batch normalisation statistics that are not those of a new layer."""
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            torch.nn.init.uniform_(module.running_mean, -1, 1)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
            torch.nn.init.uniform_(module.weight, 0.5, 2)
            torch.nn.init.uniform_(module.bias, -1, 1)
    return model


def count(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.fixture(scope="module")
def published_pyramid():
    return build_pyramid(Icosahedral(5), 6, 6)


def test_published_network_has_the_published_convolutions(published_pyramid):
    model = SphericalUNet(16, 3, published_pyramid)
    found = sorted(
        (module.in_channels, module.out_channels)
        for module in model.modules()
        if isinstance(module, ChebConv)
    )
    encoder = [(16, 32), (32, 64), (64, 128), (128, 256), (256, 512), (512, 512)]
    bottom = [(512, 512)]
    widen = [(512, 512), (512, 256), (256, 128), (128, 64), (64, 32)]
    merge = [(512 + 512, 512), (512 + 256, 256), (256 + 128, 128), (128 + 64, 64)]
    assert found == sorted(encoder + bottom + widen + merge + [(32, 3)])
    normalised = sum(isinstance(m, torch.nn.BatchNorm1d) for m in model.modules())
    assert normalised == len(found) - 2  # all but the bottom and the last


@pytest.mark.parametrize(
    ("configuration", "parameters"),
    [
        (DEEPSPHERE, 7_677_571),
        (replace(DEEPSPHERE, K=3), 5_760_035),
        (JIANG, 327_811),
        (WIDER, 30_690_563),
    ],
    ids=lambda value: f"{value.name}-{value.K}" if hasattr(value, "K") else "",
)
def test_parameters_are_as_many_as_documented(
    configuration, parameters, published_pyramid
):
    assert (
        count(SphericalUNet(16, 3, published_pyramid, configuration=configuration))
        == parameters
    )


def test_configurations_are_found_by_name():
    assert UNET_CONFIGURATIONS["deepsphere"] is DEEPSPHERE
    for name, configuration in UNET_CONFIGURATIONS.items():
        assert configuration.name == name
        assert UNetConfiguration.from_config(configuration.config) == configuration
    pyramid = build_pyramid(HEALPix(8), SMALL.levels, 8)
    assert count(SphericalUNet(16, 3, pyramid, configuration=SMALL)) == 43_731


OPTIONS = [
    {"pooling": "mean"},
    {"pooling": "learned"},
    {"pooling": "learned-position"},
    {"pooling": "learned-distance"},
    {"normalization": "layer"},
    {"normalization": "none"},
    {"K": 1},
    {"finest_skip": False},
    {"laplacian": "normalized"},
    {"widths": (4, 4)},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_option_changes_a_working_network(options, healpix_pyramid):
    configuration = replace(TINY, **options)
    pyramid = build_pyramid(HEALPix(8), configuration.levels, 8)
    model = SphericalUNet(2, 3, pyramid, configuration=configuration)
    x = torch.randn(2, 768, 2)
    y = model(x)
    y.square().mean().backward()
    assert y.shape == (2, 768, 3)
    assert all(p.grad is not None and p.grad.any() for p in model.parameters())
    torch.manual_seed(0)
    plain = SphericalUNet(2, 3, healpix_pyramid, configuration=TINY)
    same = {k: v.shape for k, v in plain.state_dict().items()} == {
        k: v.shape for k, v in model.state_dict().items()
    }
    if same:  # an option without weights of its own
        model.load_state_dict(plain.state_dict())
        assert not torch.allclose(model.eval()(x), plain.eval()(x), atol=1e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch", [(), (1,), (3,), (2, 2)])
@pytest.mark.filterwarnings("ignore::samplings.DisconnectedGraphWarning")
def test_logits_on_every_sampling(pyramid, batch, dtype):
    model = SphericalUNet(2, 3, pyramid, configuration=TINY).to(dtype)
    x = torch.randn(*batch, len(pyramid.sampling), 2, dtype=dtype)
    y = model(x)
    assert y.shape == (*batch, len(pyramid.sampling), 3)
    assert y.dtype == dtype and torch.isfinite(y).all()


def test_gradients_are_right():
    # Smooth wherever no two values tie in max-pooling, nor are at ReLU's corner.
    pyramid = build_pyramid(HEALPix(2), 2, 4)
    configuration = UNetConfiguration("two", 2, (2, 3), normalization="layer")
    model = SphericalUNet(1, 2, pyramid, configuration=configuration).double()
    x = torch.randn(1, 48, 1, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(model, x, fast_mode=True)


# Of the sums of eleven layers: neighbours and channels.
TERMS = 1000


def test_signals_of_a_batch_do_not_mix_in_evaluation(healpix_pyramid):
    model = (
        randomised(SphericalUNet(2, 3, healpix_pyramid, configuration=TINY))
        .double()
        .eval()
    )
    x = torch.randn(3, 768, 2, dtype=torch.float64)
    alone = torch.stack([model(one) for one in x])
    assert_near(model(x), alone, TERMS)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("pooling", ["max", "mean"])
def test_healpix_quarter_turns_commute_with_the_network(
    healpix_pyramid, pooling, training
):
    configuration = replace(TINY, pooling=pooling)
    model = randomised(
        SphericalUNet(2, 3, healpix_pyramid, configuration=configuration)
    ).double()
    model.train(training)
    index = quarter_turn(healpix_pyramid.sampling)
    x = torch.randn(2, 768, 2, dtype=torch.float64)
    turned, expected = torch.empty_like(x), torch.empty(2, 768, 3).double()
    turned[:, index] = x
    expected[:, index] = model(x)
    # Round-off through eleven layers.
    torch.testing.assert_close(model(turned), expected, atol=1e-10, rtol=0)


def quarter_turn(sampling):
    x, y, z = sampling.xyz.T
    turned = np.stack([-y, x, z], axis=1)
    return (turned @ sampling.xyz.T).argmax(axis=1)


def test_context_reaches_across_the_sphere(healpix_pyramid):
    model = randomised(SphericalUNet(2, 3, healpix_pyramid, configuration=TINY)).eval()
    x = torch.zeros(768, 2)
    changed = x.clone()
    changed[0] = 100
    reached = (model(x) != model(changed)).any(dim=1)
    # Two edges at the finest level reach some 25 vertices; the coarser ones all.
    assert reached.sum() > 300


def test_laplacians_of_a_level_are_built_once(healpix_pyramid):
    model = SphericalUNet(2, 3, healpix_pyramid, configuration=TINY)
    operators = [m for m in model.modules() if isinstance(m, EdgeOperator)]
    assert len(operators) == 3 + 2 + 2


def test_operators_stay_out_of_the_state_dict(healpix_pyramid, icosahedral_pyramid):
    here = SphericalUNet(2, 3, healpix_pyramid, configuration=TINY).state_dict()
    there = SphericalUNet(2, 3, icosahedral_pyramid, configuration=TINY).state_dict()
    shapes = {name: value.shape for name, value in here.items()}
    assert shapes == {name: value.shape for name, value in there.items()}
    assert max(value.numel() for value in here.values()) < 768


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_weights_move_from_healpix_to_the_icosahedron(
    healpix_pyramid, icosahedral_pyramid, dtype
):
    model = (
        randomised(SphericalUNet(2, 3, healpix_pyramid, configuration=TINY))
        .to(dtype)
        .eval()
    )
    model.standardize.fit_(torch.tensor([1.0, 2.0]), torch.tensor([2.0, 3.0]))
    moved = model.with_sampling(icosahedral_pyramid)
    assert moved.sampling.name == "icosahedral-3" and not moved.training
    for name, value in model.state_dict().items():
        assert torch.equal(moved.state_dict()[name], value)
        assert moved.state_dict()[name].dtype == value.dtype
    assert moved(torch.zeros(642, 2, dtype=dtype)).shape == (642, 3)
    assert all(p.requires_grad for p in moved.parameters())
    # Weights are copied, not shared.
    with torch.no_grad():
        moved.head.weight.zero_()
    assert model.head.weight.any()
    back = model.with_sampling(healpix_pyramid)
    x = torch.randn(768, 2, dtype=dtype)
    assert_near(back(x), model(x), TERMS)


def test_what_is_frozen_stays_frozen_on_another_sampling(
    healpix_pyramid, icosahedral_pyramid
):
    model = SphericalUNet(2, 3, healpix_pyramid, configuration=TINY)
    model.stem.requires_grad_(False)
    moved = model.with_sampling(icosahedral_pyramid)
    frozen = {n for n, p in moved.named_parameters() if not p.requires_grad}
    assert frozen == {f"stem.{n}" for n, _ in model.stem.named_parameters()}


def test_a_pickled_network_keeps_working(healpix_pyramid):
    model = randomised(SphericalUNet(2, 3, healpix_pyramid, configuration=TINY)).eval()
    x = torch.randn(2, 768, 2)
    y = model(x)
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    loaded = torch.load(file, weights_only=False)
    for name, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name
    assert_near(loaded(x), y, TERMS)
    assert_near(copy.deepcopy(model)(x), y, TERMS)
    exact = copy.deepcopy(model).double()(x.double())
    assert_near(loaded.double()(x.double()), exact, TERMS)


def test_logits_do_not_depend_on_the_order_of_the_vertices(healpix_pyramid):
    model = (
        randomised(SphericalUNet(1, 2, healpix_pyramid, configuration=TINY))
        .double()
        .eval()
    )
    other = model.with_sampling(HEALPix(8, nest=False))
    order = {
        p.tobytes(): i for i, p in enumerate(np.round(other.sampling.xyz, 9) + 0.0)
    }
    index = [order[p.tobytes()] for p in np.round(model.sampling.xyz, 9) + 0.0]
    z = torch.tensor(model.sampling.xyz[:, 2:])
    ring = torch.tensor(other.sampling.xyz[:, 2:])
    # RING and NEST are one sampling in two orders. The bound on the largest eigenvalue
    # starts from a random vector and differs by some 1e-6 between them.
    torch.testing.assert_close(other(ring)[index], model(z), atol=1e-4, rtol=0)


def test_with_sampling_keeps_the_graph_options(healpix_pyramid):
    model = SphericalUNet(2, 3, healpix_pyramid, configuration=TINY)
    moved = model.with_sampling(Icosahedral(3))
    options = {k: v for k, v in moved.pyramid.config.items() if k != "sampling"}
    expected = {k: v for k, v in healpix_pyramid.config.items() if k != "sampling"}
    assert options == expected
    chosen = build_pyramid(HEALPix(8), 3, 8, weighting=Heat(t=0.01))
    with pytest.raises(ValueError, match="kernel width t were chosen for its own"):
        SphericalUNet(2, 3, chosen, configuration=TINY).with_sampling(Icosahedral(3))


def test_learned_poolings_are_rebuilt_and_move(healpix_pyramid, tmp_path):
    configuration = replace(TINY, pooling="learned")
    model = randomised(
        SphericalUNet(2, 3, healpix_pyramid, configuration=configuration)
    ).eval()
    x = torch.randn(2, 768, 2)
    save_model(model, tmp_path / "model.pt")
    again = load_model(tmp_path / "model.pt").eval()
    assert again.configuration == configuration
    assert_near(again(x), model(x), 3000)
    finer = model.with_sampling(HEALPix(16))
    assert finer(torch.randn(1, 3072, 2)).shape == (1, 3072, 3)
    # The nested order of the children, in any order of the pixels. Fitted weights and
    # largest eigenvalues differ slightly between the orders, and outputs by up to
    # 4e-3 also with pooling="max"; children in a wrong order would differ by 1.
    ring = model.with_sampling(HEALPix(8, nest=False))
    order = torch.from_numpy(healpy.ring2nest(8, np.arange(768)))
    torch.testing.assert_close(ring(x[:, order]), model(x)[:, order], rtol=0, atol=0.02)
    with pytest.raises(ValueError, match="4 terms for each parent, got 6 of icosahed"):
        model.with_sampling(Icosahedral(3))
    by_position = replace(TINY, pooling="learned-position")
    model = SphericalUNet(2, 3, healpix_pyramid, configuration=by_position)
    moved = model.with_sampling(Icosahedral(3))
    assert moved(torch.randn(1, 642, 2)).shape == (1, 642, 3)
    wrong = replace(TINY, pooling="stride")
    with pytest.raises(ValueError, match="'learned-distance', got 'strid"):
        SphericalUNet(2, 3, healpix_pyramid, configuration=wrong)


def test_wrong_depth_and_sizes_are_refused(healpix_pyramid):
    with pytest.raises(ValueError, match="6 widths needs a pyramid of 6 levels, got 3"):
        SphericalUNet(16, 3, healpix_pyramid)
    with pytest.raises(ValueError, match=r"which healpix-4.* does not give"):
        SphericalUNet(16, 3, HEALPix(4))
    with pytest.raises(ValueError, match=r"channels of at least 2 levels, got \(4,\)"):
        UNetConfiguration("flat", 4, (4,))
    with pytest.raises(ValueError, match="K must be at least 1, got 0"):
        replace(TINY, K=0)
    with pytest.raises(ValueError, match="or 'learned-distance', got 'sum'"):
        SphericalUNet(2, 3, healpix_pyramid, configuration=replace(TINY, pooling="sum"))
    with pytest.raises(ValueError, match=r"normalization must .*, got 'group'"):
        SphericalUNet(
            2, 3, healpix_pyramid, configuration=replace(TINY, normalization="group")
        )


def test_wrong_input_is_refused(healpix_pyramid):
    model = SphericalUNet(2, 3, healpix_pyramid, configuration=TINY)
    with pytest.raises(
        ValueError, match="x has 12 vertices, SphericalUNet on healpix-8 takes 768"
    ):
        model(torch.zeros(4, 12, 2))
    with pytest.raises(ValueError, match="expected 2 input channels, got 5"):
        model(torch.zeros(4, 768, 5))
    with pytest.raises(
        TypeError, match=r"float32 like SphericalUNet .*, got torch\.float64"
    ):
        model(torch.zeros(4, 768, 2).double())
    with pytest.raises(ValueError, match="must have shape"):
        model(torch.zeros(768))
    with pytest.raises(TypeError, match=r"got ndarray; convert it with torch\.as_tens"):
        model(np.zeros((768, 2), dtype=np.float32))


def test_the_network_trains_under_autocast(healpix_pyramid):
    model = SphericalUNet(2, 3, healpix_pyramid, configuration=TINY)
    with torch.autocast("cpu", torch.bfloat16):
        y = model(torch.randn(2, 768, 2))
        y.float().square().mean().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_networks_use_the_masses_of_their_graphs():
    # A fitted graph without its masses is a different and much worse operator.
    pyramid = build_pyramid(HEALPix(8), 3, 8, weighting="fitted")
    network = SphericalUNet(2, 3, pyramid, configuration=TINY)
    for graph, operator in zip(pyramid.graphs, network.operators, strict=True):
        assert graph.mass is not None
        expected = laplacian(graph, "mass-weighted").rescaled()
        assert abs(operator.to_scipy() - expected).max() < 1e-6


@pytest.mark.parametrize("wrong", ["small", None])
def test_configurations_of_another_type_are_refused_with_those_there_are(wrong):
    known = "'deepsphere', 'jiang', 'wider', 'small'"
    told = f"must be a UNetConfiguration, got .*UNET_CONFIGURATIONS .*: {known}"
    with pytest.raises(TypeError, match=told):
        SphericalUNet(2, 3, HEALPix(8), configuration=wrong)
