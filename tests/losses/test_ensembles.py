"""Scores of ensembles: sums over all pairs, closed forms, known gradients."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.losses import CRPSLoss, L1Loss
from deepsphere_pyg.losses.ensembles import ensemble_crps
from tests.round_off import assert_near, round_off

few = settings(max_examples=50, deadline=None, derandomize=True)
numbers = st.floats(-10, 10, allow_nan=False, width=32)


def by_pairs(members, truth, alpha):
    """The almost fair score, pair by pair, as it is published."""
    m = len(members)
    epsilon = (1 - alpha) / m
    total = sum(
        abs(members[j] - truth)
        + abs(members[k] - truth)
        - (1 - epsilon) * abs(members[j] - members[k])
        for j in range(m)
        for k in range(m)
        if j != k
    )
    return total / (2 * m * (m - 1))


@given(
    members=st.lists(numbers, min_size=2, max_size=9),
    truth=numbers,
    alpha=st.floats(0, 1),
)
@few
def test_sorting_equals_the_sum_over_pairs(members, truth, alpha):
    x = torch.tensor([members], dtype=torch.float64)
    found = CRPSLoss(len(members), alpha=alpha)(x, torch.tensor([[truth]]).double())
    wanted = by_pairs(members, truth, alpha)
    assert abs(float(found) - wanted) <= round_off(np.float64, 324, scale=20)


@given(
    members=st.lists(numbers, min_size=2, max_size=9),
    truth=numbers,
    seed=st.integers(0, 2**32 - 1),
)
@few
def test_order_of_members_does_not_matter(members, truth, seed):
    x = torch.tensor(members, dtype=torch.float64) - truth
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    for alpha in (0.0, 0.95, 1.0):
        score = ensemble_crps(x, alpha)
        assert torch.equal(score, ensemble_crps(x[order], alpha))
        assert_near(ensemble_crps(-x, alpha), score, 9, scale=20)
        assert score >= 0


def test_an_ensemble_that_equals_the_truth_scores_zero_and_one_member_its_error():
    zero = torch.zeros(3, 5)
    assert torch.equal(ensemble_crps(zero, 0.95), torch.zeros(3))
    one = torch.tensor([[-2.0], [3.0]])
    assert ensemble_crps(one, 1.0).tolist() == [2, 3]
    # The fair score does not see one member that is far off; the almost fair one does.
    far = torch.tensor([0.0, 0.0, 0.0, 8.0])
    assert ensemble_crps(far, 1.0) == 0
    assert ensemble_crps(far, 0.95) > 0


@pytest.mark.parametrize("members", [2, 3, 10])
def test_expected_fair_score_is_that_of_the_distribution_for_all_sizes(members):
    """For the truth y and members of N(0, 1): E|X - y| - E|X - X'| / 2, in closed form.

    Gneiting and Raftery 2007, equation 21 and its comment.
    """
    draw = torch.Generator().manual_seed(members)
    n, truth = 200_000, 0.7
    x = torch.randn(n, members, generator=draw, dtype=torch.float64)
    scores = ensemble_crps(x - truth, 1.0)
    cdf = 0.5 * (1 + math.erf(truth / math.sqrt(2)))
    density = math.exp(-(truth**2) / 2) / math.sqrt(2 * math.pi)
    wanted = truth * (2 * cdf - 1) + 2 * density - 1 / math.sqrt(math.pi)
    # Five standard errors of the mean.
    assert abs(float(scores.mean()) - wanted) < 5 * float(scores.std()) / math.sqrt(n)
    # The plain score is larger by E|X - X'| / 2M.
    plain = ensemble_crps(x - truth, 0.0)
    more = 1 / (members * math.sqrt(math.pi))
    error = 5 * float(plain.std()) / math.sqrt(n)
    assert abs(float(plain.mean()) - wanted - more) < error


def test_gradients_are_signs_less_ranks_also_in_float32_far_from_zero():
    truth = torch.tensor([[1e5]])
    x = torch.tensor([[1e5 + 2.0, 1e5 - 1.0, 1e5 + 1.0]], requires_grad=True)
    (found,) = torch.autograd.grad(CRPSLoss(3, alpha=1.0)(x, truth), x)
    # Ascending: -1, 1, 2, with ranks -1, 0, 1 and signs -1, 1, 1.
    assert_near(found, torch.tensor([[0.0, 0.0, 1 / 3]]), 3)


def test_two_members_of_equal_value_are_set_apart():
    x = torch.full((1, 2), 3.0, requires_grad=True)
    (found,) = torch.autograd.grad(CRPSLoss(2)(x, torch.zeros(1, 1)), x)
    assert found.isfinite().all()
    assert found.sum() == 1
    assert found[0, 0] != found[0, 1]


def test_channels_are_weighted():
    x = torch.tensor([[1.0, 1.0, 4.0, 4.0]])
    truth = torch.zeros(1, 2)
    loss = CRPSLoss(2, channel_weights=(3, 1))
    assert_near(loss(x, truth), torch.tensor((3 * 1 + 4) / 4), 4)
    first = torch.tensor([[True, False]])
    assert_near(loss(x, truth, mask=first), torch.tensor(1.0), 4)
    assert loss(x, truth, mask=~first & first) == 0


def test_equal_members_have_the_mean_absolute_error():
    draw = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, 2, 7, 3, generator=draw, dtype=torch.float64)
    areas = torch.rand(7, generator=draw, dtype=torch.float64)
    alike = torch.stack([x] * 5, -1).flatten(-2)
    wanted = L1Loss()(x, y, areas)
    assert_near(CRPSLoss(5)(alike, y, areas), wanted, 2 * 7 * 3 * 5, scale=10)


@pytest.mark.oracle
@pytest.mark.parametrize(("alpha", "estimator"), [(0.0, "nrg"), (1.0, "fair")])
def test_scores_are_those_of_scoringrules(alpha, estimator):
    scoringrules = pytest.importorskip("scoringrules")
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(50, 8)), draw.normal(size=50)
    wanted = scoringrules.crps_ensemble(y, x, estimator=estimator)
    found = ensemble_crps(torch.from_numpy(x - y[:, None]), alpha)
    assert_near(found.numpy(), wanted, 64, scale=10)
