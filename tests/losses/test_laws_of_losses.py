"""What all losses have in common: areas, masks, batches, transforms and precision."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.func import grad, vmap

from tests.losses.cases import CLASSES, CONTINUOUS, LOSSES, maps
from tests.round_off import assert_near, round_off

TERMS = 2 * 7 * 9
all_losses = pytest.mark.parametrize("name", LOSSES)
seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=25, deadline=None, derandomize=True)


def loss_and_gradient(name, case, **changed):
    prediction = case.prediction.clone().requires_grad_()
    loss = case._replace(prediction=prediction)(LOSSES[name], **changed)
    return loss.detach(), torch.autograd.grad(loss, prediction)[0]


@all_losses
@given(seed=seeds, exponent=st.integers(-30, 30))
@few
def test_scale_of_areas_does_not_matter(name, seed, exponent):
    case = maps(name, torch.float32, seed)
    scaled = case(LOSSES[name], weights=case.weights * 10.0**exponent)
    assert_near(scaled, case(LOSSES[name]), TERMS, scale=10)


@all_losses
def test_areas_that_are_not_given_are_equal(name):
    case = maps(name)
    equal = case(LOSSES[name], weights=torch.full((7,), 3.0))
    assert_near(case(LOSSES[name], weights=None), equal, TERMS, scale=10)


@all_losses
@given(seed=seeds)
@few
def test_order_of_vertices_does_not_matter(name, seed):
    case = maps(name, seed=seed)
    order = torch.randperm(7, generator=torch.Generator().manual_seed(seed))
    turned = case._replace(
        prediction=case.prediction[:, order],
        target=case.target[:, order],
        weights=case.weights[order],
        mask=case.mask[:, order],
    )
    assert_near(turned(LOSSES[name]), case(LOSSES[name]), TERMS, scale=10)


@pytest.mark.parametrize("by_channel", [False, True])
@pytest.mark.parametrize("name", CONTINUOUS)
@given(seed=seeds, filling=st.sampled_from([torch.nan, torch.inf, -1e30]))
@few
def test_masked_numbers_have_no_influence(name, by_channel, seed, filling):
    case = maps(name, seed=seed, by_channel=by_channel)
    valid = case.mask if by_channel else case.mask[..., None]
    changed = torch.where(valid, case.target, filling)
    loss, gradient = loss_and_gradient(name, case)
    found, found_gradient = loss_and_gradient(name, case, target=changed)
    assert torch.equal(found, loss)
    assert torch.equal(found_gradient, gradient)
    outputs = gradient.unflatten(-1, (3, -1))
    assert not outputs[(~valid).expand(case.target.shape)].any()


@pytest.mark.parametrize("name", CLASSES)
@given(seed=seeds, filling=st.integers(-(2**62), 2**62))
@few
def test_masked_classes_have_no_influence(name, seed, filling):
    case = maps(name, seed=seed)
    changed = torch.where(case.mask, case.target, filling)
    loss, gradient = loss_and_gradient(name, case)
    found, found_gradient = loss_and_gradient(name, case, target=changed)
    assert torch.equal(found, loss)
    assert torch.equal(found_gradient, gradient)
    assert not gradient[~case.mask].any()


@all_losses
def test_masked_predictions_may_be_nan(name):
    case = maps(name)
    prediction = torch.where(case.mask[..., None], case.prediction, torch.nan)
    loss, gradient = loss_and_gradient(name, case._replace(prediction=prediction))
    assert_near(loss, case(LOSSES[name]), TERMS, scale=10)
    assert gradient.isfinite().all()


@all_losses
def test_predictions_that_diverged_give_nan(name):
    case = maps(name)
    prediction = case.prediction.clone()
    prediction[0, 0, 0] = torch.nan
    assert case(LOSSES[name], prediction=prediction).isnan()


@all_losses
def test_batch_without_valid_vertices_has_loss_zero(name):
    case = maps(name)
    loss, gradient = loss_and_gradient(name, case, mask=torch.zeros(2, 7) > 0)
    assert loss == 0
    assert torch.equal(gradient, torch.zeros_like(gradient))
    empty = case._replace(
        prediction=case.prediction[:0], target=case.target[:0], mask=case.mask[:0]
    )
    assert loss_and_gradient(name, empty)[0] == 0


@all_losses
def test_masking_is_the_same_as_leaving_out(name):
    case = maps(name)
    mask = case.mask[:1].expand(2, 7)
    part = case._replace(
        prediction=case.prediction[:, mask[0]],
        target=case.target[:, mask[0]],
        weights=case.weights[mask[0]],
        mask=None,
    )
    found = case(LOSSES[name], mask=mask)
    assert_near(found, part(LOSSES[name]), TERMS, scale=10)


@all_losses
def test_axes_of_the_batch_may_be_many_or_absent(name):
    case = maps(name)
    loss = LOSSES[name]
    more = case._replace(
        prediction=case.prediction[None, :, None],
        target=case.target[None, :, None],
        mask=case.mask[None, :, None],
    )
    assert_near(more(loss), case(loss), TERMS, scale=10)
    first = case._replace(
        prediction=case.prediction[0], target=case.target[0], mask=case.mask[0]
    )
    kept = case(loss, mask=case.mask & torch.tensor([[True], [False]]))
    assert_near(first(loss), kept, TERMS, scale=10)


@all_losses
def test_global_targets_are_maps_without_vertices(name):
    case = maps(name)
    found = LOSSES[name](case.prediction[:, 0], case.target[:, 0])
    one = LOSSES[name](case.prediction[:, :1], case.target[:, :1], torch.ones(1))
    assert_near(found, one, TERMS, scale=10)
    # A single target, without any batch.
    alone = LOSSES[name](case.prediction[0, 0], case.target[0, 0])
    wanted = LOSSES[name](case.prediction[:1, 0], case.target[:1, 0])
    assert_near(alone, wanted, TERMS, scale=10)


@all_losses
def test_gradients_are_those_of_differences(name):
    case = maps(name)
    loss = copy.deepcopy(LOSSES[name]).double()
    x = case.prediction.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda p: case(loss, prediction=p), x)
    assert torch.autograd.gradgradcheck(lambda p: case(loss, prediction=p), x)


@all_losses
def test_gradients_per_map_are_those_of_single_maps(name):
    case = maps(name)
    loss = LOSSES[name]

    def of_map(prediction, target, mask):
        return loss(prediction, target, case.weights, mask)

    found = vmap(grad(of_map))(case.prediction, case.target, case.mask)
    wanted = [
        torch.func.grad(of_map)(*one)
        for one in zip(case.prediction, case.target, case.mask, strict=True)
    ]
    assert_near(found, torch.stack(wanted), TERMS, scale=10)


@all_losses
def test_compiles_without_graph_breaks(name):
    case = maps(name)
    # The number of programs of one function is limited, and losses share some.
    torch.compiler.reset()
    compiled = torch.compile(LOSSES[name], fullgraph=True, backend="aot_eager")
    assert_near(case(compiled), case(LOSSES[name]), TERMS, scale=10)
    without = dict(weights=None, mask=None)
    assert_near(case(compiled, **without), case(LOSSES[name], **without), TERMS, 10)


@all_losses
def test_values_are_not_read_on_accelerators(name):
    case = maps(name)
    elsewhere = case._replace(**{k: v.to("meta") for k, v in case._asdict().items()})
    loss = copy.deepcopy(LOSSES[name]).to("meta")
    assert elsewhere(loss).shape == ()


@all_losses
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_loss_has_the_precision_of_the_prediction(name, dtype):
    case = maps(name, dtype)
    loss = case(copy.deepcopy(LOSSES[name]).to(dtype))
    wanted = maps(name)(copy.deepcopy(LOSSES[name]).double())
    assert loss.dtype == dtype
    assert abs(loss.double() - wanted) <= round_off(dtype, TERMS, scale=10)


@all_losses
def test_half_precision_is_summed_in_float32(name):
    case = maps(name, torch.float32)
    rounded = case.prediction.bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        loss = case(LOSSES[name], prediction=rounded)
    assert loss.dtype == torch.float32
    wanted = case(LOSSES[name], prediction=rounded.float())
    assert_near(loss, wanted, TERMS, scale=10)


@all_losses
def test_options_survive_copies_and_are_no_state(name):
    loss = copy.deepcopy(LOSSES[name])
    assert repr(loss) == repr(LOSSES[name])
    assert not loss.state_dict()
    assert maps(name)(loss) == maps(name)(LOSSES[name])


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("Huber", "delta"),
        ("quantile", "quantiles"),
        ("CRPS", "alpha"),
        ("CRPS", "channel_weights"),
        ("cross-entropy", "label_smoothing"),
        ("focal", "gamma"),
    ],
)
def test_options_cannot_be_changed(name, option):
    with pytest.raises(AttributeError, match=option):
        setattr(LOSSES[name], option, 0.3)


def test_class_weights_cannot_be_changed():
    loss = copy.deepcopy(LOSSES["focal"])
    loss.class_weights.mul_(2)
    with pytest.raises(
        ValueError, match=r"class_weights .* must stay .* build another"
    ):
        maps("focal")(loss)
