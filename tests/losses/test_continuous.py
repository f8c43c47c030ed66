"""Losses of continuous signals against PyTorch, scikit-learn and known values."""

import numpy as np
import pytest
import torch
from sklearn.metrics import (
    mean_absolute_error,
    mean_pinball_loss,
    mean_squared_error,
)
from torch.nn import functional as F

from deepsphere_pyg.losses import HuberLoss, L1Loss, L2Loss, QuantileLoss
from tests.losses.cases import LOSSES, maps
from tests.round_off import assert_near

TERMS = 2 * 7 * 9


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("loss", "oracle"),
    [
        (L1Loss(), F.l1_loss),
        (L2Loss(), F.mse_loss),
        (HuberLoss(0.3), lambda p, t: F.huber_loss(p, t, delta=0.3)),
        (HuberLoss(30), lambda p, t: F.huber_loss(p, t, delta=30)),
    ],
)
def test_equal_areas_give_the_loss_of_pytorch(loss, oracle, dtype):
    case = maps("L1", dtype)
    found = loss(case.prediction, case.target)
    assert_near(found, oracle(case.prediction, case.target), TERMS, scale=10)


def by_sample(case):
    """The maps as scikit-learn has them: rows of samples, and weights of these."""
    areas = (case.weights * case.mask).flatten()
    rows = [x.flatten(0, 1).numpy() for x in (case.target, case.prediction)]
    return *rows, areas.numpy()


@pytest.mark.parametrize(
    ("name", "oracle"), [("L1", mean_absolute_error), ("L2", mean_squared_error)]
)
def test_areas_are_the_sample_weights_of_scikit_learn(name, oracle):
    case = maps(name)
    truth, prediction, areas = by_sample(case)
    wanted = oracle(truth, prediction, sample_weight=areas)
    assert_near(case(LOSSES[name]).numpy(), wanted, TERMS, scale=10)


def test_quantile_loss_is_the_mean_pinball_loss_of_scikit_learn():
    case = maps("quantile")
    loss = LOSSES["quantile"]
    truth, prediction, areas = by_sample(case)
    by_channel = prediction.reshape(len(prediction), 3, -1)
    wanted = [
        mean_pinball_loss(truth, by_channel[..., q], sample_weight=areas, alpha=tau)
        for q, tau in enumerate(loss.quantiles)
    ]
    assert_near(case(loss).numpy(), np.mean(wanted), TERMS, scale=10)


def test_least_quantile_loss_is_at_the_quantile():
    """A tenth of the area lies below the first number, nine tenths below the second."""
    target = torch.arange(100.0, dtype=torch.float64)[:, None]
    prediction = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    loss = QuantileLoss((0.1, 0.9))

    def slope(at):
        prediction.data = torch.tensor(at, dtype=torch.float64)
        value = loss(prediction.expand(100, 2), target)
        return torch.autograd.grad(value, prediction)[0]

    below, above = slope([8.5, 88.5]), slope([10.5, 90.5])
    assert (below < 0).all()
    assert (above > 0).all()


@pytest.mark.parametrize("name", ["L1", "L2", "Huber", "quantile"])
def test_channels_are_averaged_over_their_own_valid_areas(name):
    case = maps(name, by_channel=True)
    outputs = case.prediction.unflatten(-1, (3, -1))
    channels = [
        LOSSES[name](outputs[..., c, :], target, case.weights, case.mask[..., c])
        for c, target in enumerate(case.target.split(1, -1))
    ]
    assert_near(case(LOSSES[name]), torch.stack(channels).mean(), TERMS, scale=10)


def test_channels_without_valid_vertices_are_left_out():
    case = maps("L2", by_channel=True)
    mask = case.mask & torch.tensor([True, False, True])
    rest = [0, 2]
    wanted = L2Loss()(
        case.prediction[..., rest],
        case.target[..., rest],
        case.weights,
        mask[..., rest],
    )
    assert_near(case(L2Loss(), mask=mask), wanted, TERMS, scale=10)


def test_targets_of_double_precision_are_not_rounded():
    target = torch.tensor([[1 + 2.0**-40]], dtype=torch.float64)
    assert L1Loss()(torch.ones(1, 1), target) == 2.0**-40
