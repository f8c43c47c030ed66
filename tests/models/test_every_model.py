"""What holds for every model: no state but what is learned, none of what is beside."""

import copy

import healpy
import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_avg_fn, get_ema_multi_avg_fn

from deepsphere_pyg import load_model, models, save_model
from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors, tensors_of
from deepsphere_pyg.models import (
    SMALL,
    GeneralizedClassifier,
    GeneralizedSphericalCNN,
    HarmonicClassifier,
    HybridClassifier,
    MoleculeNetwork,
    PixelNetwork,
    PlanarClassifier,
    PlanarPatchClassifier,
    ResNetConfiguration,
    SO3Classifier,
    SphericalClassifier,
    SphericalResNet,
    SphericalUNet,
    VertexNetwork,
    ZonalClassifier,
)
from deepsphere_pyg.models.base import SavedModel
from samplings import Equiangular, GaussLegendre, HEALPix, build_pyramid

LIFT = {"lift_bandlimits": (4,), "lift_channels": (2,), "N": 2}
BLOCKS = {"bandlimits": (3, 1), "channels": (3, 3)}


def pyramid(depth):
    return build_pyramid(HEALPix(4), depth, 8, weighting="heat")


# Each with the vertices or rows, and channels, that it is given.
MODELS = {
    "SphericalUNet": (
        lambda: SphericalUNet(
            2,
            3,
            build_pyramid(HEALPix(8), SMALL.levels, 8, weighting="heat"),
            configuration=SMALL,
        ),
        (768, 2),
    ),
    "SphericalClassifier": (
        lambda: SphericalClassifier(2, 3, pyramid(3), widths=(4, 6)),
        (192, 2),
    ),
    "SphericalResNet": (
        lambda: SphericalResNet(
            2,
            3,
            pyramid(3),
            configuration=ResNetConfiguration(
                "tiny", 4, poolings=1, convolutions=1, blocks=2, K=3
            ),
        ),
        (192, 2),
    ),
    "VertexNetwork": (
        lambda: VertexNetwork(2, 3, pyramid(1), widths=(4, 4), K=3),
        (192, 2),
    ),
    "PixelNetwork": (lambda: PixelNetwork(2, 3, pyramid(1), widths=(4,)), (192, 2)),
    "HybridClassifier": (
        lambda: HybridClassifier(2, 3, pyramid(2), widths=(4,), **BLOCKS),
        (192, 2),
    ),
    "PlanarClassifier": (
        lambda: PlanarClassifier(2, 3, Equiangular(8), channels=(4,)),
        (128, 2),
    ),
    "PlanarPatchClassifier": (
        lambda: PlanarPatchClassifier(
            2, 3, HEALPix(8, nest=True)[range(64)], channels=(4,)
        ),
        (64, 2),
    ),
    "ZonalClassifier": (
        lambda: ZonalClassifier(
            2, 3, GaussLegendre(6), bandlimits=(4, 2), channels=(4, 4)
        ),
        (72, 2),
    ),
    "GeneralizedClassifier": (
        lambda: GeneralizedClassifier(2, 3, GaussLegendre(6), **LIFT, **BLOCKS),
        (72, 2),
    ),
    "SO3Classifier": (
        lambda: SO3Classifier(
            2,
            3,
            GaussLegendre(6),
            channels=(4, 4),
            bandlimits=(4, 2),
            normalization="running",
        ),
        (72, 2),
    ),
    "GeneralizedSphericalCNN": (
        lambda: GeneralizedSphericalCNN(
            2, 3, bandlimits=(4, 2), channels=(3, 3), dropout=0.5
        ),
        (16, 2),
    ),
    "MoleculeNetwork": (
        lambda: OneMolecule(
            GeneralizedSphericalCNN(2, None, bandlimits=(4, 2), channels=(3, 3))
        ),
        (16, 2),
    ),
}


class OneMolecule(nn.Module):
    """Single atoms, each a molecule, so that it takes a batch as others do."""

    def __init__(self, spheres):
        super().__init__()
        self.network = MoleculeNetwork(spheres, (1, 8), width=8)

    def forward(self, x):
        n = len(x)
        return self.network(x, torch.ones(n, dtype=torch.long), torch.arange(n), n)


def signals(count, shape, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, *shape, generator=generator)


@pytest.fixture(params=MODELS)
def case(request):
    torch.manual_seed(0)
    build, shape = MODELS[request.param]
    return build(), shape


@torch.enable_grad()
def trained(model, shape):
    """Some steps, after which running statistics are those of data."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    for seed in range(2):
        model.train()(signals(4, shape, seed)).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()
    return model.eval()


def close(found, expected):
    # Sums of up to a thousand products in float32, through ten layers, whose errors
    # add up like steps of a random walk.
    eps = torch.finfo(torch.float32).eps
    bound = 4 * eps * (10 * 1000) ** 0.5 * max(1.0, float(expected.abs().max()))
    torch.testing.assert_close(found, expected, rtol=0, atol=bound)


def test_every_model_is_in_the_list():
    for name in models.__all__:
        # Models are registered when their modules are loaded.
        getattr(models, name)
    # Of two signals, with tests of its own.
    of_two_kinds = {"ScalarVectorUNet"}
    abstract = {"SphericalModel", "HarmonicClassifier"}
    known = {
        name
        for name, model in SavedModel.registry.items()
        if model.__module__.startswith("deepsphere_pyg.models")
        # These have a list of their own.
        and not model.__module__.startswith("deepsphere_pyg.models.forecast")
    }
    assert known == set(MODELS) | abstract | of_two_kinds


def test_bases_say_which_network_to_make():
    with pytest.raises(TypeError, match=r"define of_coefficients.*ZonalClassifier"):
        HarmonicClassifier(2, 3, GaussLegendre(4), 4)


# -- what is beside a signal -----------------------------------------------------------
@torch.no_grad()
def test_an_answer_does_not_depend_on_what_is_beside(case, tmp_path):
    model, shape = case
    trained(model, shape)
    x = signals(5, shape)
    together = model(x)
    close(torch.cat([model(x[i : i + 1]) for i in range(5)]), together)
    order = torch.tensor([3, 0, 4, 1, 2])
    close(model(x[order]), together[order])
    # Signals of other sizes, and what is no number.
    beside = x.clone()
    beside[1] *= 1e3
    beside[2] = torch.nan
    others = torch.tensor([0, 3, 4])
    close(model(beside)[others], together[others])
    network = getattr(model, "network", model)
    save_model(network, tmp_path / "model.pt")
    again = load_model(tmp_path / "model.pt")
    if network is not model:
        model.network, again = again, model
    close(again.eval()(x[:1]), together[:1])


ON_COEFFICIENTS = {"GeneralizedSphericalCNN", "MoleculeNetwork"}


@torch.no_grad()
@pytest.mark.parametrize("name", sorted(set(MODELS) - ON_COEFFICIENTS))
@pytest.mark.parametrize("code", [healpy.UNSEEN, 9.969209968386869e36])
def test_maps_with_codes_of_missing_values_are_refused(name, code):
    build, shape = MODELS[name]
    x = signals(2, shape)
    x[1, 5] = code
    with pytest.raises(ValueError, match=rf"missing at 1 of {2 * shape[0]} pixels"):
        build().eval()(x)


# -- gradients -------------------------------------------------------------------------
def test_no_gradient_is_copied_for_changes_in_place(case):
    """Changes of views in place would make autograd copy gradients of their bases."""
    model, shape = case
    found, seen = [model(signals(2, shape)).grad_fn], set()
    while found:
        node = found.pop()
        if node is not None and node not in seen:
            seen.add(node)
            found += [following for following, _ in node.next_functions]
    assert seen and not any("CopySlices" in node.name() for node in seen)


# -- what handles a state --------------------------------------------------------------
AVERAGES = {
    "one by one": {"avg_fn": get_ema_avg_fn(0.9)},
    "all at once": {"multi_avg_fn": get_ema_multi_avg_fn(0.9999)},
    "equally": {},
}


@torch.no_grad()
def assert_averages_to_itself(model, x, how):
    mean = AveragedModel(model, use_buffers=True, **AVERAGES[how])
    for _ in range(5):
        mean.update_parameters(model)
    close(mean.eval()(x), model(x))
    fixed(mean.module, model)


def fixed(one, other):
    """Assert that all that is fixed is equal to the last bit."""
    parts = [m for m in one.modules() if isinstance(m, FixedTensors)]
    others = [m for m in other.modules() if isinstance(m, FixedTensors)]
    for mine, theirs in zip(parts, others, strict=True):
        for (_, a), (_, b) in zip(
            mine.named_fixed_tensors(), theirs.named_fixed_tensors(), strict=True
        ):
            assert torch.equal(a, b)


@pytest.mark.parametrize("how", AVERAGES)
def test_a_network_that_does_not_change_is_its_own_average(case, how):
    model, shape = case
    assert_averages_to_itself(trained(model, shape), signals(2, shape), how)


@torch.no_grad()
def test_buffers_may_be_rounded_flattened_and_sent(case):
    model, shape = case
    trained(model, shape)
    x = signals(2, shape)
    before, kept = model(x), copy.deepcopy(model)
    # As those do who send all of a state in one piece, in one dtype.
    flat = torch.cat([b.double().reshape(-1) for b in model.buffers()])
    done = 0
    for buffer in model.buffers():
        part = flat[done : done + buffer.numel()].view_as(buffer)
        # Numbers of batches come back a little less.
        buffer.copy_(part if buffer.is_floating_point() else part - 1e-9 * part.sign())
        done += buffer.numel()
    close(model(x), before)
    fixed(model, kept)


@torch.no_grad()
def test_a_state_may_be_broadcast(case):
    model, shape = case
    trained(model, shape)
    x = signals(2, shape)
    before, kept = model(x), copy.deepcopy(model)
    group = torch.distributed
    group.init_process_group(
        "gloo", store=torch.distributed.HashStore(), rank=0, world_size=1
    )
    try:
        wrapped = nn.parallel.DistributedDataParallel(model)
        wrapped.eval()
        assert torch.equal(wrapped(x), before)
    finally:
        group.destroy_process_group()
    fixed(model, kept)


@torch.no_grad()
def test_conversions_there_and_back_change_nothing(case):
    model, shape = case
    trained(model, shape)
    x = signals(2, shape)
    before, kept = model(x), copy.deepcopy(model)
    model.double()(x.double())
    assert torch.equal(model.float()(x), before)
    fixed(model, kept)


@torch.no_grad()
@pytest.mark.filterwarnings("ignore:.*quantiz:UserWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_linear_layers_may_be_quantized(case):
    model, shape = case
    trained(model, shape)
    smaller = torch.ao.quantization.quantize_dynamic(model, {nn.Linear})
    x = signals(2, shape)
    found, expected = smaller(x), model(x)
    # Eight bits a weight and a signal.
    spread = float(expected.abs().max())
    assert (found - expected).abs().max() <= 0.1 * max(1.0, spread)
    fixed(smaller, model)


def test_what_is_fixed_is_no_buffer(case):
    model, _ = case
    buffers = {id(b) for b in model.buffers()}
    every = [t for t in tensors_of(model) if not isinstance(t, nn.Parameter)]
    structure = [t for t in every if id(t) not in buffers]
    # What else is neither learned nor fixed has been measured, and is saved.
    assert structure or isinstance(model, PixelNetwork)
    state = {t.data_ptr() for t in model.state_dict().values()}
    assert all(b.data_ptr() in state for b in model.buffers())
