"""Variance, invariance and covariance of pairs: value, symmetries, bad input."""

import numpy as np
import pytest
import torch

from deepsphere_pyg.inference import VICRegLoss
from tests.helpers import random
from tests.round_off import assert_near

N, S = 7, 3
WEIGHTS = dict(invariance=2.0, variance=3.0, covariance=5.0, eps=0.01)


def pairs(dtype=torch.float64):
    """Summaries of two copies of some maps; the first has little variance."""
    spread = torch.tensor([0.3, 1.0, 2.0], dtype=torch.float64)
    return (spread * random(N, 2, S, seed=1)).to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_loss_is_the_sum_of_its_three_terms(dtype):
    x = pairs(dtype)
    found = VICRegLoss(S, **WEIGHTS)(x)
    first, second = x.double().unbind(1)
    wanted = 2 * ((first - second) ** 2).sum(1).mean()
    for copy in (first.numpy(), second.numpy()):
        std = np.sqrt(copy.var(axis=0, ddof=1) + 0.01)
        wanted += 3 * np.maximum(0, 1 - std).mean()
        covariance = np.cov(copy.T)
        off = covariance - np.diag(np.diag(covariance))
        wanted += 5 * (off**2).sum() / S
    assert_near(found, wanted, N * S, scale=100)


def test_order_of_maps_copies_and_summaries_does_not_matter():
    loss, x = VICRegLoss(S, **WEIGHTS), pairs()
    for axis in range(3):
        assert_near(loss(x.flip(axis)), loss(x), N * S, scale=100)


def test_equal_copies_of_independent_summaries_have_no_loss():
    # Columns of a Hadamard matrix: of variance above one, and not correlated.
    signs = torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    assert VICRegLoss(2)(signs[:, None].expand(4, 2, 2)) == 0


def test_sums_over_parts_add_up():
    loss, x = VICRegLoss(S), pairs()
    sums = []
    loss.of_sums, of_sums = lambda s: sums.append(s) or s.sum(), loss.of_sums
    for part in (x, x[:3], x[3:]):
        loss(part)
    assert_near(of_sums(sums[1] + sums[2]), of_sums(sums[0]), N * S, scale=1e3)


def test_gradients_are_those_of_differences():
    assert torch.autograd.gradcheck(VICRegLoss(S, **WEIGHTS), pairs().requires_grad_())


def test_values_are_not_read_on_accelerators():
    assert VICRegLoss(S)(pairs().to("meta")).shape == ()


def test_one_map_has_no_variance():
    loss = VICRegLoss(S)
    with pytest.raises(ValueError, match=r"at least two maps, .* got 1; use a larger"):
        loss(pairs()[:1])
    assert loss.eval()(pairs()[:1]).isnan()


@pytest.mark.parametrize("shape", [(N, S), (N, 3, S), (N, 2, S + 1)])
def test_shapes_are_checked(shape):
    with pytest.raises(
        ValueError, match=r"shape \(batch, 2, 3\).*; build .*channels=3"
    ):
        VICRegLoss(S)(torch.zeros(shape))
    with pytest.raises(TypeError, match="int64; convert it with"):
        VICRegLoss(S)(torch.zeros(N, 2, S, dtype=torch.int64))


@pytest.mark.parametrize("name", ["invariance", "variance", "covariance", "eps"])
def test_options_are_checked(name):
    with pytest.raises(ValueError, match=f"{name} must be .*, got -1"):
        VICRegLoss(S, **{name: -1.0})
