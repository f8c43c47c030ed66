"""The classifiers on coefficients and on pictures: invariance, settings, bad input."""

import copy
import json

import pytest
import torch

from deepsphere_pyg.harmonics import ISHT, Rotation, rotate
from deepsphere_pyg.models import (
    GeneralizedClassifier,
    HybridClassifier,
    PlanarClassifier,
    PlanarPatchClassifier,
    SavedModel,
    ZonalClassifier,
    load_model,
    save_model,
)
from samplings import Equiangular, GaussLegendre, HEALPix, build_pyramid
from tests.round_off import assert_near, round_off

GRID = GaussLegendre(8)
L = 6
# Of the sums on the way to logits: in each block some tens of pairs of fragments, whose
# errors the later blocks multiply.
TERMS = 1000


def generalized(sampling=GRID, **options):
    sizes = {"lift_bandlimits": (6, 5), "lift_channels": (3, 4), "N": 3}
    sizes |= {"bandlimits": (4, 3, 1), "channels": (4, 5, 6), "hidden": (7,)}
    return GeneralizedClassifier(2, 5, sampling, **{**sizes, **options})


def zonal(sampling=GRID, **options):
    sizes = {"bandlimits": (6, 4), "channels": (4, 8), "anchors": 4}
    return ZonalClassifier(2, 5, sampling, **{**sizes, **options})


def planar(sampling=GRID, **options):
    return PlanarClassifier(2, 5, sampling, **{"channels": (4, 6), **options})


def patch(sampling=None, **options):
    place = sampling or HEALPix(8, nest=True)[range(64)]
    return PlanarPatchClassifier(2, 5, place, **{"channels": (4, 6), **options})


def hybrid(sampling=None, **options):
    pyramid = build_pyramid(sampling or HEALPix(8), depth=2, k=8)
    sizes = {"widths": (4,), "bandlimits": (4, 2), "channels": (4, 4), "hidden": (7,)}
    return HybridClassifier(2, 5, pyramid, **{**sizes, **options})


BUILDERS = {
    "generalized": generalized,
    "zonal": zonal,
    "planar": planar,
    "patch": patch,
    "hybrid": hybrid,
}


@pytest.fixture(params=BUILDERS)
def model(request):
    return BUILDERS[request.param]()


def coefficients(*batch, dtype=torch.float64):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(*batch, L * L, 2, generator=generator, dtype=dtype)


def signals(model, *batch):
    generator = torch.Generator().manual_seed(2)
    return torch.randn(*batch, len(model.sampling), 2, generator=generator)


def turn():
    return Rotation.random((), torch.Generator().manual_seed(3))


def seen(model, dtype=torch.float64):
    """Statistics of a few batches, as after training."""
    model = model.to(dtype)
    with torch.no_grad():
        for _ in range(30):
            model.of_coefficients(coefficients(20, dtype=dtype))
    return model.eval()


@pytest.mark.parametrize("mixing", ["full", "mst", "rmst"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_generalized_classes_do_not_change_when_the_sphere_is_turned(mixing, dtype):
    model = seen(generalized(mixing=mixing), dtype)
    c = coefficients(9, dtype=dtype)
    with torch.no_grad():
        logits = model.of_coefficients(c)
        turned = model.of_coefficients(rotate(c, turn(), L))
    assert_near(turned, logits, TERMS)


def test_signals_that_the_grid_resolves_are_classified_by_their_coefficients():
    model = seen(generalized())
    c = coefficients(4)
    x = ISHT(GRID, L, dtype=torch.float64)(c)
    with torch.no_grad():
        assert_near(model.coefficients(x), c, len(GRID))
        logits = model.of_coefficients(c)
        assert_near(model(x), logits, TERMS + len(GRID))
        finer = Equiangular(16, 16, "driscoll-healy")
        x = ISHT(finer, L, dtype=torch.float64)(rotate(c, turn(), L))
        assert_near(model.with_sampling(finer)(x), logits, TERMS + len(finer))


def test_training_itself_does_not_see_how_spheres_are_turned():
    model = generalized().double().train()
    c = coefficients(9)
    turned = rotate(c, turn(), L)
    found = copy.deepcopy(model).of_coefficients(turned)
    assert_near(found, model.of_coefficients(c), TERMS)


def test_silu_is_nearly_invariant_where_signals_are_smooth():
    c = coefficients(9)
    degrees = torch.arange(L).repeat_interleave(2 * torch.arange(L) + 1)
    c = c * torch.exp(-degrees)[:, None]
    model = generalized(activation="silu")
    squares = generalized(activation="square")
    assert model.config["activation"] == "silu"
    squares.load_state_dict(model.state_dict())
    errors = []
    for network in (model.double().eval(), squares.double().eval()):
        with torch.no_grad():
            logits = network.of_coefficients(c)
            turned = network.of_coefficients(rotate(c, turn(), L))
        errors.append(float((turned - logits).norm() / logits.norm()))
    assert errors[0] < 1e-3
    assert errors[1] < round_off(torch.float64, TERMS)


def test_zonal_classes_change_the_less_the_more_rings_relu_has():
    torch.manual_seed(4)
    narrow, wide = zonal(oversampling=1), zonal(oversampling=4)
    wide.load_state_dict(narrow.state_dict())
    c = coefficients(9)
    errors = []
    for model in (narrow, wide):
        trained = seen(model)
        with torch.no_grad():
            logits = trained.of_coefficients(c)
            turned = trained.of_coefficients(rotate(c, turn(), L))
        errors.append(
            float((turned - logits).norm() / (logits - logits.mean(0)).norm())
        )
    assert errors[1] < 0.02
    assert errors[1] < errors[0] / 5


def test_planar_classes_do_not_change_under_turns_by_whole_pixels_of_the_last_level():
    model = planar(GaussLegendre(12, 24), channels=(4, 6)).eval()
    x = signals(model, 3)
    turned = x.unflatten(1, (12, 24)).roll(8, dims=2).flatten(1, 2)
    # A third of the way around: fields of the means change places.
    fields = [
        model.fields[0](picture)
        for picture in map(lambda x: _levels(model, x), (x, turned))
    ]
    assert_near(fields[1], fields[0].roll(1, dims=-1), 12 * 24)


def _levels(model, x):
    kept = {}
    handle = model.fields.register_forward_pre_hook(
        lambda module, inputs: kept.update(x=inputs[0])
    )
    model(x)
    handle.remove()
    return kept["x"].detach()


@pytest.mark.parametrize("batch", [(), (1,), (3,), (2, 3), (0,)])
def test_a_class_for_every_sphere(model, batch):
    model.eval()
    y = model(signals(model, *batch))
    assert y.shape == (*batch, 5)


def test_every_weight_is_learned(model):
    model(signals(model, 6)).square().sum().backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name


def test_files_hold_all_that_the_model_is_built_of(model, tmp_path):
    model(signals(model, 6))
    model.eval()
    save_model(model, tmp_path / "model.pt")
    loaded = load_model(tmp_path / "model.pt")
    assert type(loaded) is type(model)
    assert loaded.config == model.config == json.loads(json.dumps(model.config))
    x = signals(model, 2)
    with torch.no_grad():
        for name, value in model.state_dict().items():
            assert torch.equal(loaded.state_dict()[name], value), name
        assert_near(loaded(x), model(x), TERMS)
    assert SavedModel.registry[type(model).__name__] is type(model)


def test_with_sampling_keeps_dtype_mode_and_what_is_frozen():
    model = generalized().double().eval()
    model.blocks.requires_grad_(False)
    moved = model.with_sampling(GaussLegendre(10))
    assert len(moved.sampling) == 200
    assert not moved.training
    for mine, theirs in zip(moved.parameters(), model.parameters(), strict=True):
        assert mine.requires_grad == theirs.requires_grad
        assert torch.equal(mine, theirs)


def test_a_graph_of_the_whole_network_has_its_values_and_gradients():
    model, x = generalized(), signals(generalized(), 4)
    torch.compiler.reset()
    compiled = torch.compile(copy.deepcopy(model), backend="eager", fullgraph=True)
    for network in (model, compiled):
        network(x).square().sum().backward()
    pairs = zip(model.parameters(), compiled.parameters(), strict=True)
    for mine, theirs in pairs:
        assert_near(mine.grad, theirs.grad, TERMS)


@pytest.mark.parametrize(
    "options",
    [
        {"lift_bandlimits": (6,), "lift_channels": (3,)},
        {"N": 1},
        {"N": 6},
        {"bandlimits": (5, 5), "channels": (2, 3)},
        {"bandlimits": (1,), "channels": (3,), "hidden": ()},
    ],
)
def test_sizes_of_all_kinds_stay_invariant(options):
    model = seen(generalized(**options))
    c = coefficients(4)
    with torch.no_grad():
        logits = model.of_coefficients(c)
        turned = model.of_coefficients(rotate(c, turn(), L))
    assert_near(turned, logits, TERMS)


@pytest.mark.parametrize(
    ("build", "options", "error", "message"),
    [
        (generalized, {"lift_bandlimits": (5, 6)}, ValueError, "must not rise, got 6"),
        (generalized, {"bandlimits": (6, 3, 1)}, ValueError, "must not rise, got 6"),
        (generalized, {"channels": (4, 5)}, ValueError, "one number for each level"),
        (generalized, {"lift_channels": ()}, ValueError, "one number for each level"),
        (generalized, {"N": 0}, ValueError, "N must be at least 1"),
        (generalized, {"N": 1.5}, TypeError, "N must be an integer"),
        (generalized, {"hidden": (0,)}, ValueError, r"hidden\[0\] must be at least 1"),
        (generalized, {"mixing": "some"}, ValueError, "mixing"),
        (generalized, {"activation": "relu"}, ValueError, "activation must be"),
        (generalized, {"lift_bandlimits": (12, 5)}, ValueError, "12"),
        (zonal, {"bandlimits": (4, 6)}, ValueError, "must not rise, got 6 after 4"),
        (zonal, {"channels": (4,)}, ValueError, "got 2 and 1"),
        (zonal, {"oversampling": 0.5}, ValueError, "oversampling must be at least 1"),
        (zonal, {"anchors": 0}, ValueError, "anchors must be at least 1"),
        (
            planar,
            {"sampling": HEALPix(4)},
            TypeError,
            "must be a RegularGrid, got HEALPix",
        ),
        (planar, {"channels": (4,) * 4}, ValueError, "8 by 16 is too small"),
        (planar, {"channels": (0,)}, ValueError, r"channels\[0\] must be at least 1"),
        (
            hybrid,
            {"widths": (4, 4)},
            ValueError,
            "2 widths needs a pyramid of 3 levels, got 2",
        ),
        (hybrid, {"bandlimits": (2, 4)}, ValueError, "must not rise, got 4 after 2"),
        (hybrid, {"bandlimits": (40, 4)}, ValueError, "40"),
    ],
)
def test_sizes_that_cannot_be_are_refused(build, options, error, message):
    with pytest.raises(error, match=message):
        build(**options)


def test_signals_that_do_not_fit_are_refused(model):
    x = signals(model, 2)
    with pytest.raises(ValueError, match=r"vertices|shape"):
        model(x[:, 1:])
    with pytest.raises(ValueError, match="channels"):
        model(x[..., :1])
    with pytest.raises(TypeError, match="float32"):
        model(x.double())


@pytest.mark.parametrize("kind", BUILDERS)
def test_networks_from_meta_need_nothing_but_their_state(kind):
    given = BUILDERS[kind]().eval()
    with torch.device("meta"):
        model = BUILDERS[kind]().eval()
    model.to_empty(device="cpu").load_state_dict(given.state_dict())
    x = signals(given, 2)
    # Another transform may be chosen off the CPU, the same but for round-off.
    assert_near(model(x), given(x), TERMS)
