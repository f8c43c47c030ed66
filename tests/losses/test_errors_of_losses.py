"""Errors of losses state the rule, the value and the remedy."""

import pytest
import torch

from deepsphere_pyg.losses import (
    CrossEntropyLoss,
    CRPSLoss,
    FocalLoss,
    HuberLoss,
    L1Loss,
    QuantileLoss,
)
from tests.losses.cases import CLASSES, LOSSES, maps

all_losses = pytest.mark.parametrize("name", LOSSES)


@all_losses
@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        ([1.0] * 7, TypeError, "list; convert it with torch.as_tensor"),
        (torch.ones(7, dtype=torch.int64), TypeError, r"int64; convert .* \.float"),
        (torch.ones(6), ValueError, r"\(7,\), got \(6,\); pass those"),
        (torch.ones(7, 1), ValueError, r"\(7,\), got \(7, 1\); pass those"),
        (torch.arange(7.0) - 2, ValueError, "got -2 at vertex 0; mask"),
        (1 / torch.arange(-3.0, 4), ValueError, "at vertex 0; mask"),
        (torch.arange(7.0) / 0, ValueError, "got nan at vertex 0; mask"),
        (torch.zeros(7), ValueError, "zeros only; pass the areas"),
    ],
)
def test_areas_are_checked(name, weights, error, message):
    with pytest.raises(error, match=message):
        maps(name)(LOSSES[name], weights=weights)


@all_losses
@pytest.mark.parametrize(
    ("mask", "error", "message"),
    [
        ([True], TypeError, "list; convert it with torch.as_tensor"),
        (torch.ones(2, 7), TypeError, "float32; compare it"),
        (torch.ones(7) > 0, ValueError, r"\(2, 7\).*, got \(7,\); expand"),
    ],
)
def test_masks_are_checked(name, mask, error, message):
    with pytest.raises(error, match=message):
        maps(name)(LOSSES[name], mask=mask)


@all_losses
@pytest.mark.parametrize(
    ("prediction", "message"),
    [
        (torch.ones(2, 7, 3, dtype=torch.int64), r"int64; convert it with \.float"),
        ([[1.0]], "list; convert it with torch.as_tensor"),
    ],
)
def test_types_of_predictions_are_checked(name, prediction, message):
    with pytest.raises(TypeError, match=message):
        maps(name)(LOSSES[name], prediction=prediction)


@all_losses
def test_weights_are_refused_without_an_axis_of_vertices(name):
    case = maps(name)
    with pytest.raises(ValueError, match="omit the weights if it is global"):
        LOSSES[name](case.prediction[0, 0], case.target[0, 0], torch.ones(2))
    with pytest.raises(ValueError, match="omit them if the target is global"):
        LOSSES[name](case.prediction[:, 0], case.target[:, 0], torch.ones(7))


@pytest.mark.parametrize(
    ("loss", "prediction", "target", "message"),
    [
        (
            L1Loss(),
            (2, 7, 1),
            (2, 7),
            r"\(2, 7\), .*got \(2, 7, 1\); .* \[\.\.\., None",
        ),
        (
            L1Loss(),
            (2, 7),
            (2, 7, 1),
            r"\(2, 7, 1\), .*got \(2, 7\); .* \[\.\.\., None",
        ),
        (L1Loss(), (), (), r"\(\); add a channel"),
        (
            QuantileLoss((0.5, 0.9)),
            (7, 2),
            (7, 2),
            r"\(7, 4\), .* 2 outputs .*\(7, 2\)",
        ),
    ],
)
def test_shapes_of_signals_are_checked(loss, prediction, target, message):
    with pytest.raises(ValueError, match=message):
        loss(torch.zeros(prediction), torch.zeros(target))


def test_integer_targets_of_signals_are_refused():
    with pytest.raises(TypeError, match=r"target .*int64; convert it with \.float"):
        L1Loss()(torch.zeros(3, 1), torch.zeros(3, 1, dtype=torch.int64))


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("masked", [False, True])
def test_valid_targets_must_be_finite(value, masked):
    target = torch.zeros(2, 4, 1)
    target[1, 2] = value
    target[0, 0] = torch.nan if masked else 0
    mask = torch.ones(2, 4) > 0
    mask[0, 0] = False
    message = rf"got {value} at index \(1, 2, 0\), and 1 .*; pass a mask"
    with pytest.raises(ValueError, match=message):
        L1Loss()(torch.zeros(2, 4, 1), target, mask=mask if masked else None)


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("wrong", [-1, 3])
def test_classes_out_of_range_are_refused(name, wrong):
    case = maps(name)
    target = case.target.clone()
    target[0, 0] = wrong
    with pytest.raises(ValueError, match=rf"0 \.\. 2, .* got {wrong}; .* pass a mask"):
        case(LOSSES[name], target=target)


@pytest.mark.parametrize("name", CLASSES)
def test_targets_of_classes_are_checked(name):
    case = maps(name)
    with pytest.raises(TypeError, match=r"float64; convert it with \.long"):
        case(LOSSES[name], target=case.target.double())
    with pytest.raises(ValueError, match=r"\(2, 7\), got \(2, 7, 1\); the last axis"):
        case(LOSSES[name], target=case.target[..., None])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: HuberLoss(0), ValueError, "delta .* got 0.0; pass 1.0"),
        (lambda: HuberLoss("a"), TypeError, "delta .* got 'a'; pass 1.0"),
        (lambda: QuantileLoss(()), ValueError, "empty sequence; pass levels"),
        (lambda: QuantileLoss((0.5, 1)), ValueError, "got 1.0; pass levels"),
        (lambda: QuantileLoss(0.5), TypeError, "got 0.5; pass a tuple"),
        (lambda: QuantileLoss("0.5"), TypeError, "got '0.5'; pass a tuple"),
        (lambda: CRPSLoss(1), ValueError, "members must be at least 2, got 1"),
        (lambda: CRPSLoss(2.5), TypeError, "members must be an integer, got 2.5"),
        (lambda: CRPSLoss(3, alpha=1.5), ValueError, "got 1.5; pass 1 for the fair"),
        (lambda: CRPSLoss(3, alpha="a"), TypeError, "alpha .* got 'a'; pass 0.95"),
        (lambda: CRPSLoss(3, channel_weights=1), TypeError, "got 1; pass one per"),
        (lambda: CRPSLoss(3, channel_weights=[1, -1]), ValueError, "got -1; give 0"),
        (lambda: CRPSLoss(3, channel_weights=[0]), ValueError, "give 0 to channels"),
        (lambda: FocalLoss(-1), ValueError, "gamma .* got -1.0; pass 2.0"),
        (lambda: CrossEntropyLoss(None, 2), ValueError, "at most 1, got 2; pass 0.1"),
        (lambda: CrossEntropyLoss([[1.0]]), ValueError, r"\(1, 1\); pass a list"),
        (lambda: CrossEntropyLoss([1, -1]), ValueError, "got -1; give 0"),
        (lambda: FocalLoss(2, [0, 0]), ValueError, "got zeros only; give 0"),
        (lambda: FocalLoss(2, "a"), TypeError, "class_weights .* pass an array"),
    ],
)
def test_options_are_checked(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("loss", [CrossEntropyLoss([1, 2]), FocalLoss(2, [1, 2])])
def test_class_weights_must_be_one_per_class(loss):
    with pytest.raises(ValueError, match="got 2 for logits of 3 classes; build"):
        maps("focal")(loss)


def test_weights_of_channels_must_be_one_per_channel():
    loss = CRPSLoss(4, channel_weights=(1, 2))
    with pytest.raises(ValueError, match="got 2 for a target of 3 channels; build"):
        maps("CRPS")(loss)
