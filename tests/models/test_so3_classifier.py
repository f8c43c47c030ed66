"""The classifier by convolutions on SO(3): size, invariance, settings, bad input."""

import copy
import json

import pytest
import torch
from torch import nn

from deepsphere_pyg import LocalGrid, SO3Classifier
from deepsphere_pyg.harmonics import ISHT, SHT, Rotation, rotate
from samplings import Equiangular, GaussLegendre, HEALPix
from tests.round_off import assert_near, round_off

SMALL = {"channels": (3, 4), "bandlimits": (4, 3), "local": LocalGrid(1, 3)}
SAMPLING = GaussLegendre(6)
# Of the sums on the way to a class: orders, degrees and channels of two convolutions,
# and a thousand rotations at which functions are taken.
TERMS = 1000


def small(sampling=SAMPLING, **options):
    torch.manual_seed(0)
    return SO3Classifier(2, 5, sampling, **{**SMALL, **options})


def signals(*batch, sampling=SAMPLING, L=6, dtype=torch.float64):
    generator = torch.Generator().manual_seed(1)
    c = torch.randn(*batch, L * L, 2, generator=generator, dtype=dtype)
    return c, ISHT(sampling, L, dtype=dtype)(c)


def test_published_network_for_digits_has_its_size():
    sampling = Equiangular(60, 60, "driscoll-healy")
    model = SO3Classifier(1, 10, sampling)
    assert sum(p.numel() for p in model.parameters()) == 154_550
    lift, conv = (block[0] for block in model.blocks)
    assert lift.weight.shape == (3 * 8, 1, 20)
    assert conv.weight.shape == (3 * 8 * 8, 20, 40)
    assert [block[2].grid.shape for block in model.blocks] == [(20,) * 3, (12,) * 3]
    assert model(torch.zeros(2, len(sampling), 1)).shape == (2, 10)


@pytest.mark.parametrize("batch", [(), (1,), (0,), (2, 3)])
@pytest.mark.parametrize("normalization", ["none", "running", "instance"])
def test_a_class_for_every_sphere(batch, normalization):
    model = small(normalization=normalization)
    _, x = signals(*batch, dtype=torch.float32)
    y = model(x)
    assert y.shape == (*batch, 5)
    y.square().sum().backward()
    assert all(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize(
    "options",
    [
        {"channels": (3,), "bandlimits": (4,)},
        {"channels": (3, 2, 4), "bandlimits": (4, 4, 2)},
        {"azimuthal_bandlimits": (2, 3)},
        {"azimuthal_bandlimits": (1, 1)},
        {"local": None},
        {"bandlimits": (1, 1)},
        {"scheme": "mcewen-wiaux", "oversampling": 1.5},
    ],
)
def test_other_sizes(options):
    model = small(**options).double()
    y = model(signals(3)[1])
    assert y.shape == (3, 5) and y.isfinite().all()
    bandlimits = options.get("bandlimits", (4, 3))
    assert model.transform.L == bandlimits[0]
    assert [block[2].L for block in model.blocks] == list(bandlimits)


@pytest.mark.parametrize(
    ("oversampling", "bound"), [(1, 2e-1), (2, 2e-2), (4, 2e-3), (8, 4e-4)]
)
def test_classes_are_invariant_as_far_as_grids_resolve_relu(oversampling, bound):
    model = small(oversampling=oversampling).double()
    c, x = signals(20)
    turns = Rotation.random((20,), torch.Generator().manual_seed(0))
    turned = ISHT(SAMPLING, 6, dtype=torch.float64)(rotate(c, turns, 6))
    # What does not vary between inputs is invariant anyway.
    varying = model(x) - model(x).mean(0)
    assert (model(turned) - model(x)).norm() <= bound * varying.norm()


def test_no_step_computes_degrees_that_the_next_one_drops():
    # Every step with all of its input's degrees, and what is not read dropped.
    model = small(sampling=GaussLegendre(8)).double()
    c, x = signals(3, sampling=GaussLegendre(8), L=8)
    rows = SHT(GaussLegendre(8), 8, dtype=torch.float64)(x)[..., :16, :]
    assert_near(model.transform(x), rows, x.shape[-2], x.abs().max())
    assert_near(rows, c[..., :16, :], x.shape[-2], x.abs().max())
    layouts = [
        (block[0].layout_out, block[2].layout, block[2].layout_out)
        for block in model.blocks
    ]
    assert all(made == read for made, read, _ in layouts)
    assert model.blocks[1][0].layout == layouts[0][2]
    assert layouts[-1][2].n_rows == 1


def test_weights_move_to_other_samplings():
    model = small().double().eval()
    _, x = signals(3, L=4)
    c, _ = signals(3, L=4)
    sampling = HEALPix(4)
    moved = model.with_sampling(sampling)
    again = ISHT(sampling, 4, dtype=torch.float64)(c)
    # HEALPix determines these degrees to 1e-5 after its iterations.
    torch.testing.assert_close(moved(again), model(x), atol=1e-4, rtol=0)
    assert moved.config == model.config and not moved.training


@pytest.mark.parametrize(
    "local", [None, LocalGrid(2, 4, max_beta=0.5, turns=3, max_turn=1.0)]
)
def test_settings_are_plain_and_rebuild_the_network(local):
    model = small(local=local, normalization="running", oversampling=1.5)
    config = json.loads(json.dumps(model.config))
    again = SO3Classifier.from_config(config, SAMPLING)
    again.load_state_dict(model.state_dict())
    assert again.config == model.config
    _, x = signals(2, dtype=torch.float32)
    for name, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name
    assert_near(again.eval()(x), model.eval()(x), TERMS)


@pytest.mark.slow
def test_double_copies_and_compiled_networks_give_the_same():
    model = small()
    _, x = signals(2, dtype=torch.float32)
    y = model(x)
    assert_near(copy.deepcopy(model)(x), y, TERMS)
    exact = copy.deepcopy(model).double()(x.double())
    bound = round_off(torch.float32, TERMS, exact)
    torch.testing.assert_close(y.double(), exact, atol=bound, rtol=0)
    torch.compiler.reset()
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    assert_near(compiled(x), y, TERMS)


def test_gradients_are_right():
    model = small(
        channels=(2, 2),
        bandlimits=(3, 2),
        sampling=GaussLegendre(3),
        scheme="mcewen-wiaux",
    ).double()
    _, x = signals(1, sampling=GaussLegendre(3), L=3)
    assert torch.autograd.gradcheck(model, x.requires_grad_(), fast_mode=True)


def test_learns_to_tell_degrees_apart_however_turned():
    model = small(channels=(6, 8))
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(32) % 3
    # Signals of degree 1, 2 or 3 alone.
    degrees = torch.arange(36).sqrt().floor()
    mask = (degrees == labels[:, None] + 1).float()[..., None]
    to_signal = ISHT(SAMPLING, 6)
    for _ in range(60):
        c = mask * torch.randn(32, 36, 2, generator=generator)
        loss = nn.functional.cross_entropy(model(to_signal(c)), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.3


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"channels": ()}, ValueError, "one number for each level, got 2 and 2 and 0"),
        (
            {"channels": (3,)},
            ValueError,
            "one number for each level, got 2 and 2 and 1",
        ),
        ({"azimuthal_bandlimits": (1,)}, ValueError, "got 2 and 1 and 2"),
        ({"bandlimits": (3, 4)}, ValueError, "must not rise, got 4 after 3"),
        ({"bandlimits": (7, 4)}, ValueError, r"is exact up to L = 6, got L = 7"),
        ({"azimuthal_bandlimits": (5, 3)}, ValueError, "N must be at most .* 4, got 5"),
        ({"azimuthal_bandlimits": (4, 4)}, ValueError, "N_out must be at .* 3, got 4"),
        ({"normalization": "batch"}, ValueError, "normalization must be 'none' or 'ru"),
        ({"local": 3}, TypeError, "local must be a LocalGrid or None, got int"),
        ({"oversampling": 0}, ValueError, "oversampling must be positive and finite"),
        ({"sampling": 6}, TypeError, "sampling must be a sampling, .*got int"),
    ],
)
def test_bad_arguments_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        small(**options)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (torch.ones(71, 2), ValueError, "x has 71 vertices, this operator takes 72"),
        (torch.ones(72, 3), ValueError, "expected 2 input channels, got 3; x must"),
        (torch.ones(72, 2).double(), TypeError, "must be torch.float32 like "),
        (torch.ones(72, 2).half(), TypeError, "x must be torch.float32"),
    ],
)
def test_bad_signals_are_refused(x, error, message):
    with pytest.raises(error, match=message):
        small()(x)


def test_half_precision_is_refused():
    with pytest.raises(TypeError, match=r"got torch\.float16: its 8 to 11 bits"):
        small().half()
