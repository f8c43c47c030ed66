"""Streams of forecasts: batches, masks, merging and errors."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.metrics.forecast import Verification
from deepsphere_pyg.metrics.forecast.scores import SCORES
from samplings import Irregular
from tests.metrics.forecast.fields import GRID, C, M, S, T, V, forecasts
from tests.round_off import assert_near

TERMS = 4 * T * V * M
OPTIONS = {"members": M, "energy_score": True, "regions": ["global", "tropics"]}
seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=8, deadline=None, derandomize=True)


def tables(verification):
    scores = verification.compute()
    return {name: getattr(scores, name) for name in (*SCORES, "rank_histogram")}


@given(seed=seeds, cuts=st.lists(st.integers(0, T), max_size=3))
@pytest.mark.parametrize("definition", ["weatherbench1", "weatherbench2", "pooled"])
@few
def test_sizes_of_batches_do_not_matter(definition, seed, cuts):
    data = forecasts(seed, M)
    # Ties, which are drawn.
    data.forecast[:, :, 1] = data.truth
    whole, parts = (
        Verification(GRID, C, S, definition=definition, **OPTIONS) for _ in range(2)
    )
    whole.update(*data)
    edges = [0, *sorted(cuts), T]
    for start, stop in pairwise(edges):
        parts.update(*data.part(start, stop))
    for name, values in tables(whole).items():
        assert_near(tables(parts)[name], values, TERMS, scale=10)


@given(seed=seeds)
@few
def test_order_of_vertices_and_members_does_not_matter(seed):
    data = forecasts(seed, M)
    draw = torch.Generator().manual_seed(seed)
    order, places = (torch.randperm(n, generator=draw) for n in (V, M))
    turned = Irregular(GRID.xyz[order.numpy()], GRID.weights[order.numpy()])
    one, other = (Verification(s, C, S, **OPTIONS) for s in (GRID, turned))
    one.update(*data)
    other.update(
        data.forecast[:, :, places][..., order, :],
        *(given[:, :, order] for given in data[1:]),
    )
    for name, values in tables(one).items():
        assert_near(tables(other)[name], values, TERMS, scale=10)


def test_parts_of_processes_are_merged():
    data = forecasts(0, M)
    whole, first, second = (Verification(GRID, C, S, **OPTIONS) for _ in range(3))
    whole.update(*data)
    first.update(*data.part(0, 2))
    second.update(*data.part(2, T))
    empty = Verification(GRID, C, S, **OPTIONS)
    empty.merge(pickle.loads(pickle.dumps(first)))
    empty.merge(second)
    for name, values in tables(whole).items():
        assert_near(tables(empty)[name], values, TERMS, scale=10)
    with pytest.raises(ValueError, match=r"members 4, got 3; build it with equal"):
        whole.merge(Verification(GRID, C, S, members=3))
    with pytest.raises(TypeError, match="other must be a Verification, got int"):
        whole.merge(3)
    without = Verification(GRID, C, S, members=M, regions=["global", "tropics"])
    without.update(data.forecast, data.truth)
    with pytest.raises(ValueError, match="other must have a climatology if"):
        whole.merge(without)


def test_missing_truth_is_refused_or_masked_as_told():
    data = forecasts()
    truth = torch.where(data.mask, data.truth, torch.nan)
    refusing = Verification(GRID, C, S)
    with pytest.raises(ValueError, match=r"the truth must be finite .* pass a mask"):
        refusing.update(data.forecast, truth)
    masking = Verification(GRID, C, S, missing="mask")
    masking.update(data.forecast, truth, data.climatology)
    told = Verification(GRID, C, S)
    told.update(data.forecast, data.truth, data.climatology, data.mask)
    for name, values in tables(told).items():
        if values is not None:
            assert torch.equal(tables(masking)[name], values)
    truth[0, 0, 0, 0] = torch.inf
    with pytest.raises(ValueError, match="the truth must be finite"):
        masking.update(data.forecast, truth)


def test_masks_of_all_shapes_mean_the_same():
    data = forecasts()
    keep = torch.arange(V) % 3 > 0
    found = []
    for mask in (
        keep,
        keep[:, None].expand(V, C),
        keep.expand(T, S, V),
        keep[:, None].expand(T, S, V, C),
    ):
        one = Verification(GRID, C, S)
        one.update(data.forecast, data.truth, mask=mask)
        found.append(one.compute().rmse)
    assert all(torch.equal(found[0], one) for one in found)


def test_times_without_truth_are_left_out_of_means_over_times():
    data = forecasts()
    mask = torch.ones(T, S, V, C) > 0
    mask[1:3] = False
    found, some = Verification(GRID, C, S), Verification(GRID, C, S)
    found.update(*data[:3], mask)
    keep = torch.tensor([0, 3, 4])
    some.update(*(one[keep] for one in data[:3]))
    for name, values in tables(some).items():
        if values is not None:
            assert_near(tables(found)[name], values, TERMS, scale=10)
    nothing = Verification(GRID, C, S)
    nothing.update(*data[:3], mask & ~mask)
    assert nothing.compute().rmse.isnan().all()
    assert nothing.compute().acc.isnan().all()


@pytest.mark.parametrize("definition", ["weatherbench2", "pooled"])
def test_forecasts_that_diverged_have_no_score(definition):
    data = forecasts()
    data.forecast[2, 1, 7, 0] = torch.nan
    found = Verification(GRID, C, S, definition=definition)
    found.update(data.forecast, data.truth, data.climatology)
    for name in ("rmse", "mae", "bias", "acc", "forecast_activity"):
        values = getattr(found.compute(), name)[0]
        assert values[1, 0].isnan() and values.isnan().sum() == 1
    # Where the truth does not count, nothing is asked of a forecast.
    mask = torch.ones(V) > 0
    mask[7] = False
    found = Verification(GRID, C, S, definition=definition)
    found.update(data.forecast, data.truth, data.climatology, mask)
    assert found.compute().acc.isfinite().all()


def test_maps_without_anomalies_have_no_correlation():
    data = forecasts()
    data.forecast[0] = data.climatology[0]
    found, later = Verification(GRID, C, S), Verification(GRID, C, S)
    found.update(*data[:3])
    later.update(*data.part(1, T)[:3])
    assert_near(found.compute().acc, later.compute().acc, TERMS, scale=10)


def test_float32_is_summed_in_float64():
    data = forecasts()
    far = data._replace(forecast=data.forecast + 1e4, truth=data.truth + 1e4)
    found = Verification(GRID, C, S)
    found.update(far.forecast.float(), far.truth.float())
    exact = Verification(GRID, C, S)
    exact.update(far.forecast.float().double(), far.truth.float().double())
    assert torch.equal(found.compute().rmse, exact.compute().rmse)


def test_scores_are_rows_of_a_table():
    data = forecasts()
    found = Verification(GRID, C, S, regions=["global", "arctic"])
    found.update(data.forecast, data.truth)
    scores = found.compute()
    rows = scores.rows(["z", "t"])
    assert len(rows) == 2 * C * S
    assert list(rows[0]) == ["region", "variable", "lead", "rmse", "mae", "bias"]
    assert rows[S + 1]["variable"] == "t" and rows[S + 1]["lead"] == 2
    assert rows[S + 1]["rmse"] == float(scores.rmse[0, 1, 1])
    with pytest.raises(ValueError, match="must be 2, one per channel, got 1"):
        scores.rows(["z"])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"channels": 0}, ValueError, "channels must be at least 1"),
        ({"leads": 1.5}, TypeError, "leads must be an integer"),
        ({"members": 0}, ValueError, "members must be at least 1"),
        ({"missing": "drop"}, ValueError, "'refuse' or 'mask', got 'drop'"),
        ({"energy_score": True}, ValueError, "needs an ensemble, got members=None"),
        ({"sampling": 3}, TypeError, "sampling must be a sampling"),
        ({"seed": -1}, ValueError, "seed must be at least 0"),
    ],
)
def test_options_are_checked(options, error, message):
    given = {"sampling": GRID, "channels": 1, "leads": 1} | options
    with pytest.raises(error, match=message):
        Verification(**given)


def test_batches_are_checked():
    data = forecasts()
    found = Verification(GRID, C, S)
    with pytest.raises(ValueError, match="no forecasts to score; call update"):
        found.compute()
    for change, error, message in (
        ({"truth": data.truth[:, 0]}, ValueError, r"\(time, 3, 48, 2\).*\[:, None\]"),
        ({"truth": np.zeros(3)}, TypeError, "convert it with torch.as_tensor"),
        ({"forecast": data.forecast[:2]}, ValueError, "forecast must have shape"),
        (
            {"forecast": data.forecast[:, :, None]},
            ValueError,
            "pass members= if it is an ensemble",
        ),
        ({"forecast": data.forecast.long()}, TypeError, "int64; convert it"),
        ({"climatology": torch.zeros(3)}, ValueError, r"\(48, 2\) or \(5, 3, 48, 2\)"),
        (
            {"climatology": torch.full((V, C), torch.nan)},
            ValueError,
            "the climatology must be finite where",
        ),
        ({"mask": torch.ones(V)}, TypeError, "mask must be boolean"),
        ({"mask": torch.ones(3) > 0}, ValueError, "mask must have shape"),
    ):
        given = {"forecast": data.forecast, "truth": data.truth} | change
        with pytest.raises(error, match=message):
            found.update(**given)
    found.update(data.forecast, data.truth)
    with pytest.raises(ValueError, match="in all calls of update or in no call"):
        found.update(*data[:3])
