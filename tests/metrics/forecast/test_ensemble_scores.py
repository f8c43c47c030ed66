"""Ensembles: closed forms, exchangeable members, and other libraries."""

import math

import numpy as np
import pytest
import torch

from deepsphere_pyg.metrics.forecast import Verification, crps
from samplings import HEALPix
from tests.metrics.forecast.fields import GRID, C, M, S, T, V, forecasts
from tests.round_off import assert_near

SKY = HEALPix(8)


def exchangeable(members, times=20, seed=0, spread=1.0):
    """A truth and members drawn from one distribution, about a common signal."""
    draw = torch.Generator().manual_seed(seed)
    n = len(SKY)
    signal = torch.randn(times, 1, 1, n, 1, generator=draw, dtype=torch.float64)
    noise = torch.randn(
        times, 1, members + 1, n, 1, generator=draw, dtype=torch.float64
    )
    found = Verification(SKY, 1, 1, members=members, definition="pooled")
    truth = (signal + noise[:, :, :1])[:, :, 0]
    found.update(signal + spread * noise[:, :, 1:], truth)
    return found.compute(), times * n


@pytest.mark.parametrize("members", [2, 5])
def test_exchangeable_members_have_flat_ranks_and_a_spread_of_their_errors(members):
    scores, n = exchangeable(members)
    histogram = scores.rank_histogram[0, 0, :, 0]
    assert_near(histogram.sum(), torch.ones(()).double(), n)
    share = 1 / (members + 1)
    # Five standard deviations of a binomial share; areas are all equal.
    error = 5 * math.sqrt(share * (1 - share) / n)
    assert ((histogram - share).abs() < error).all()
    # Relative errors of a variance of n numbers are sqrt(2 / n), of its root half.
    assert abs(float(scores.spread_skill) - 1) < 5 * math.sqrt(2 / n)
    assert float(scores.spread) == pytest.approx(1, abs=5 / math.sqrt(n))
    # E|X - y| - E|X - X'| / 2 of N(0, 1) in both: 1 / sqrt(pi).
    wanted = 1 / math.sqrt(math.pi)
    assert float(scores.crps_fair) == pytest.approx(wanted, abs=5 / math.sqrt(n))
    plain = wanted * (1 + 1 / members)
    assert float(scores.crps) == pytest.approx(plain, abs=5 / math.sqrt(n))


def test_too_little_spread_shows_in_ratio_and_ranks():
    scores, _ = exchangeable(5, spread=0.5)
    assert float(scores.spread_skill) < 0.7
    histogram = scores.rank_histogram[0, 0, :, 0]
    assert histogram[0] > 0.25 and histogram[-1] > 0.25


def test_ties_are_broken_at_random_by_seed():
    truth = torch.zeros(20, 1, len(SKY), 1)
    found = []
    for seed in (0, 0, 1):
        one = Verification(SKY, 1, 1, members=3, seed=seed)
        one.update(truth.unsqueeze(2).expand(-1, -1, 3, -1, -1), truth)
        found.append(one.compute().rank_histogram[0, 0, :, 0])
    assert torch.equal(found[0], found[1]) and not torch.equal(found[0], found[2])
    error = 5 * math.sqrt(0.25 * 0.75 / (20 * len(SKY)))
    assert ((found[0] - 0.25).abs() < error).all()


def test_scores_of_an_ensemble_are_means_of_those_of_vertices():
    data = forecasts(0, M)
    found = Verification(GRID, C, S, members=M, definition="pooled")
    found.update(*data)
    scores = found.compute()
    share = torch.tensor(GRID.weights)[:, None] * data.mask
    share = share / share.sum((0, 2), keepdim=True)
    for name, fair in (("crps", False), ("crps_fair", True)):
        wanted = (share * crps(data.forecast, data.truth, fair=fair)).sum((0, 2))
        assert_near(getattr(scores, name)[0], wanted, T * V * M, scale=10)
    variance = (share * data.forecast.var(2)).sum((0, 2))
    assert_near(scores.spread[0], variance.sqrt(), T * V * M, scale=10)
    alone = Verification(GRID, C, S, definition="pooled")
    alone.update(data.forecast.mean(2), *data[1:])
    for name in ("rmse", "mae", "bias", "acc", "forecast_activity"):
        one, other = (getattr(v.compute(), name) for v in (found, alone))
        assert_near(one, other, T * V * M, scale=10)


def test_energy_scores_are_sums_over_pairs_of_fields():
    data = forecasts(1, M)
    found = Verification(GRID, C, S, members=M, energy_score=True)
    found.update(*data)
    share = (torch.tensor(GRID.weights)[:, None] * data.mask).numpy()
    x, y = data.forecast.numpy(), data.truth.numpy()

    def norm(d, t, s, c):
        w = share[t, s, :, c]
        return math.sqrt((w * d**2).sum() / w.sum())

    for s in range(S):
        for c in range(C):
            total = 0.0
            for t in range(T):
                one = x[t, s, :, :, c]
                total += sum(norm(m - y[t, s, :, c], t, s, c) for m in one) / M
                pairs = sum(norm(a - b, t, s, c) for a in one for b in one)
                total -= pairs / (2 * M * (M - 1))
            score = found.compute().energy_score[0, s, c].numpy()
            assert_near(score, np.array(total / T), V * M * M, scale=10)


def test_a_single_member_is_a_forecast_without_spread():
    data = forecasts(0, 1)
    found = Verification(GRID, C, S, members=1, energy_score=True)
    found.update(*data)
    scores = found.compute()
    assert_near(scores.crps, scores.mae, T * V, scale=10)
    assert_near(scores.energy_score, scores.rmse, T * V, scale=10)
    assert scores.crps_fair is scores.spread is scores.spread_skill is None


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"forecast": torch.zeros(3, 2)}, ValueError, "forecast must have shape"),
        ({"truth": torch.zeros(4, 1)}, ValueError, "move the axis of members"),
        ({"forecast": torch.zeros(1, 3, 1)}, ValueError, "at least 2 members, got 1"),
        ({"forecast": [1.0]}, TypeError, "convert it with torch.as_tensor"),
        ({"fair": 1}, TypeError, "fair must be True or False"),
    ],
)
def test_arguments_of_the_ranked_probability_score_are_checked(change, error, message):
    given = {"forecast": torch.zeros(2, 3, 1), "truth": torch.zeros(3, 1)} | change
    with pytest.raises(error, match=message):
        crps(**given)


@pytest.mark.oracle
def test_scores_are_those_of_scoringrules():
    scoringrules = pytest.importorskip("scoringrules")
    data = forecasts(2, M)
    x, y = data.forecast.movedim(2, -1).numpy(), data.truth.numpy()
    for fair, estimator in ((False, "nrg"), (True, "fair")):
        wanted = scoringrules.crps_ensemble(y, x, estimator=estimator)
        found = crps(data.forecast, data.truth, fair=fair)
        assert_near(found.numpy(), wanted, M * M, scale=10)
    # Energy scores of vectors, scaled by the roots of their weights.
    share = np.sqrt(GRID.weights / GRID.weights.sum())
    fields = data.forecast[..., 0].numpy() * share
    wanted = scoringrules.es_ensemble(
        data.truth[..., 0].numpy() * share, fields, estimator="fair"
    )
    found = Verification(GRID, C, S, members=M, energy_score=True)
    found.update(data.forecast, data.truth)
    scores = found.compute().energy_score[0, :, 0].numpy()
    assert_near(scores, wanted.mean(0), V * M * M, scale=10)


@pytest.mark.oracle
def test_means_and_ranks_are_those_of_xskillscore():
    xskillscore = pytest.importorskip("xskillscore")
    xarray = pytest.importorskip("xarray")
    data = forecasts(3, M)
    found = Verification(GRID, C, S, members=M, definition="pooled", regions=["global"])
    found.update(data.forecast, data.truth)
    scores = found.compute()
    y = xarray.DataArray(data.truth.numpy(), dims=("t", "s", "v", "c"))
    x = xarray.DataArray(data.forecast.numpy(), dims=("t", "s", "member", "v", "c"))
    weights = xarray.DataArray(GRID.weights, dims=("v",)).expand_dims(t=T)
    wanted = xskillscore.rmse(x.mean("member"), y, dim=["t", "v"], weights=weights)
    assert_near(scores.rmse[0].numpy(), wanted.values, T * V, scale=10)
    crps_mean = xskillscore.crps_ensemble(y, x, dim=["t", "v"], weights=weights)
    assert_near(scores.crps[0].numpy(), crps_mean.values, T * V * M, scale=10)
    # Its counts are without areas, so those of a single ring are compared.
    ring = np.isclose(GRID.lat, GRID.lat[0])
    found = Verification(GRID, C, S, members=M, regions={"ring": ring})
    found.update(data.forecast, data.truth)
    counts = xskillscore.rank_histogram(
        y.isel(v=ring), x.isel(v=ring), dim=["t", "v"], member_dim="member"
    )
    wanted = counts.transpose("s", "rank", "c").values / (T * ring.sum())
    ranks = found.compute().rank_histogram[0].numpy()
    assert_near(ranks, wanted, T * V, scale=1)
