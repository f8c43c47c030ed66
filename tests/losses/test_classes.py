"""Losses of classes against PyTorch, scikit-learn and known values."""

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score, log_loss
from torch.nn import functional as F

from deepsphere_pyg.losses import CrossEntropyLoss, DiceLoss, FocalLoss
from tests.losses.cases import maps
from tests.round_off import assert_near

TERMS = 2 * 7 * 3
WEIGHTS = [0.5, 2.0, 1.0]


@pytest.mark.parametrize("class_weights", [None, WEIGHTS])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.2, 1.0])
def test_equal_areas_give_the_cross_entropy_of_pytorch(class_weights, label_smoothing):
    case = maps("cross-entropy")
    weight = None if class_weights is None else torch.tensor(class_weights).double()
    wanted = F.cross_entropy(
        case.prediction.flatten(0, 1),
        case.target.flatten(),
        weight,
        label_smoothing=label_smoothing,
    )
    loss = CrossEntropyLoss(class_weights, label_smoothing)
    found = case(loss, weights=None, mask=None)
    assert_near(found, wanted, TERMS, scale=10)


def test_areas_and_class_weights_are_sample_weights_of_scikit_learn():
    case = maps("cross-entropy")
    importance = case.weights * case.mask * torch.tensor(WEIGHTS)[case.target]
    wanted = log_loss(
        case.target.flatten().numpy(),
        case.prediction.softmax(-1).flatten(0, 1).numpy(),
        sample_weight=importance.flatten().numpy(),
        labels=range(3),
    )
    assert_near(case(CrossEntropyLoss(WEIGHTS)).numpy(), wanted, TERMS, scale=10)


def test_focal_loss_without_exponent_is_the_cross_entropy():
    case = maps("focal")
    focal = FocalLoss(0.0, WEIGHTS)
    assert_near(case(focal), case(CrossEntropyLoss(WEIGHTS)), TERMS, scale=10)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_focal_loss_weighs_by_the_probability_of_other_classes(gamma):
    case = maps("focal")
    p = np.take_along_axis(
        case.prediction.softmax(-1).numpy(), case.target.numpy()[..., None], -1
    )[..., 0]
    importance = case.weights.numpy() * case.mask.numpy()
    importance = importance * np.array(WEIGHTS)[case.target]
    losses = -((1 - p) ** gamma) * np.log(p)
    wanted = (importance * losses).sum() / importance.sum()
    assert_near(case(FocalLoss(gamma, WEIGHTS)).numpy(), wanted, TERMS, scale=10)


@pytest.mark.parametrize("gamma", [0.0, 0.25, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_focal_loss_has_a_gradient_where_the_prediction_is_certain(gamma, dtype):
    logits = torch.tensor([[1e3, 0.0], [0.0, 1e3]], dtype=dtype, requires_grad=True)
    loss = FocalLoss(gamma)(logits, torch.zeros(2, dtype=torch.int64))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert gradient.isfinite().all()
    assert not gradient[0].any()
    assert_near(gradient[1], torch.tensor([-0.5, 0.5], dtype=dtype))


def test_dice_loss_of_certain_predictions_is_one_minus_the_f1_score():
    case = maps("Dice")
    certain = 1e4 * F.one_hot(case.prediction.argmax(-1), 3).double()
    wanted = 1 - f1_score(
        case.target.flatten().numpy(),
        certain.argmax(-1).flatten().numpy(),
        sample_weight=(case.weights * case.mask).flatten().numpy(),
        labels=case.target[case.mask].unique().numpy(),
        average="macro",
    )
    assert_near(case(DiceLoss(), prediction=certain).numpy(), wanted, TERMS, scale=1)


def test_dice_loss_leaves_out_classes_that_do_not_occur():
    case = maps("Dice")
    target = case.target.clamp_max(1)
    p = case.prediction.softmax(-1).numpy()
    area = (case.weights * case.mask).numpy()
    dice = []
    for k in range(2):
        true = target.numpy() == k
        size = (area * (p[..., k] + true)).sum()
        dice.append(2 * (area * p[..., k] * true).sum() / size)
    found = case(DiceLoss(), target=target)
    assert_near(found.numpy(), 1 - np.mean(dice), TERMS, scale=1)


def test_class_weights_may_be_a_tensor_and_follow_conversions():
    loss = CrossEntropyLoss(torch.tensor([0.1, 0.2, 0.7], dtype=torch.float64))
    assert loss.class_weights.dtype == torch.float32
    assert loss.double().class_weights.tolist() == [0.1, 0.2, 0.7]


def test_classes_of_weight_zero_do_not_count():
    case = maps("cross-entropy")
    loss = CrossEntropyLoss([1.0, 0.0, 1.0])
    wanted = case(loss, mask=case.mask & (case.target != 1))
    assert_near(case(loss), wanted, TERMS, scale=10)
    assert case(loss, target=torch.ones_like(case.target)) == 0
