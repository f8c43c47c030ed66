"""Scores by definition: the formulas of WeatherBench, written down in NumPy."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.metrics import RMSE, AnomalyCorrelation
from deepsphere_pyg.metrics.forecast import (
    DEFINITIONS,
    ScoreDefinition,
    Verification,
)
from samplings import Equiangular, HEALPix
from tests.metrics.forecast.fields import GRID, C, S, T, V, forecasts
from tests.round_off import assert_near

TERMS = 4 * T * V


def scores(data, definition, **options):
    found = Verification(GRID, C, S, definition=definition, **options)
    found.update(data.forecast, data.truth, data.climatology)
    return found.compute()


def test_weatherbench_1_takes_space_and_time_at_once():
    """As its code: cos(latitude) over its mean, anomalies less their plain mean."""
    data = forecasts()
    # The climatology of WeatherBench 1 is the time mean of the truth.
    normal = data.truth.mean((0, 1))
    data = data._replace(climatology=normal)
    found = scores(data, "weatherbench1")
    w = np.cos(np.deg2rad(GRID.lat))
    w = (w / w.mean())[:, None]
    for lead in range(S):
        f, y = data.forecast[:, lead].numpy(), data.truth[:, lead].numpy()
        rmse = np.sqrt(((f - y) ** 2 * w).mean((0, 1)))
        assert_near(found.rmse[0, lead].numpy(), rmse, TERMS, scale=10)
        fa, a = f - normal.numpy(), y - normal.numpy()
        fa, a = fa - fa.mean((0, 1)), a - a.mean((0, 1))
        acc = (w * fa * a).sum((0, 1)) / np.sqrt(
            (w * fa**2).sum((0, 1)) * (w * a**2).sum((0, 1))
        )
        assert_near(found.acc[0, lead].numpy(), acc, TERMS, scale=10)


def test_weatherbench_2_takes_roots_and_correlations_at_each_time():
    """With sin of the bounds of the cells as weights."""
    data = forecasts()
    found = scores(data, "weatherbench2")
    bounds = np.deg2rad(np.linspace(90, -90, 7))
    w = np.repeat(np.sin(bounds[:-1]) - np.sin(bounds[1:]), 8)
    w = w / w.sum()
    f, y, c = (one.numpy() for one in (data.forecast, data.truth, data.climatology))

    def area_mean(x):
        return np.einsum("v,tsvc->tsc", w, x)

    rmse = np.sqrt(area_mean((f - y) ** 2)).mean(0)
    covariance = area_mean((f - c) * (y - c))
    size = np.sqrt(area_mean((f - c) ** 2) * area_mean((y - c) ** 2))
    wanted = {
        "rmse": rmse,
        "acc": (covariance / size).mean(0),
        "bias": area_mean(f - y).mean(0),
        "mae": area_mean(abs(f - y)).mean(0),
        "forecast_activity": np.sqrt(
            area_mean((f - c) ** 2) - area_mean(f - c) ** 2
        ).mean(0),
        "truth_activity": np.sqrt(area_mean((y - c) ** 2) - area_mean(y - c) ** 2).mean(
            0
        ),
    }
    for name, right in wanted.items():
        assert_near(getattr(found, name)[0].numpy(), right, TERMS, scale=10)


def test_pooled_scores_are_those_of_the_other_metrics():
    data = forecasts()
    fixed = data.climatology[0, 0]
    found = Verification(GRID, C, S, definition="pooled")
    found.update(data.forecast, data.truth, fixed, data.mask)
    weights = torch.tensor(GRID.weights)
    for lead in range(S):
        given = (data.forecast[:, lead], data.truth[:, lead], weights)
        rmse, acc = RMSE(C), AnomalyCorrelation(fixed)
        rmse.update(*given, data.mask[:, lead])
        acc.update(*given, data.mask[:, lead])
        assert_near(found.compute().rmse[0, lead], rmse.compute(), TERMS, scale=10)
        assert_near(found.compute().acc[0, lead], acc.compute(), TERMS, scale=10)


@pytest.mark.parametrize("definition", DEFINITIONS)
@given(factor=st.floats(1e-3, 1e3), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=8, deadline=None, derandomize=True)
def test_a_scaled_anomaly_has_correlation_one(definition, factor, seed):
    data = forecasts(seed)
    forecast = data.climatology + factor * (data.truth - data.climatology)
    found = scores(data._replace(forecast=forecast), definition)
    # Anomalies are differences of numbers of size one: digits are lost if small.
    scale = 20 * (1 + 1 / factor)
    assert_near(found.acc, torch.ones(1, S, C).double(), TERMS, scale=scale)
    ratio = found.forecast_activity / found.truth_activity
    assert_near(
        ratio,
        torch.full((1, S, C), factor, dtype=torch.float64),
        TERMS,
        20 * (1 + factor),
    )
    opposite = data.climatology - factor * (data.truth - data.climatology)
    found = scores(data._replace(forecast=opposite), definition)
    assert_near(found.acc, -torch.ones(1, S, C).double(), TERMS, scale=scale)


def test_weights_of_latitude_are_for_grids_of_equal_steps_alone():
    with pytest.raises(ValueError, match=r"areas of healpix-2 .* weights='area'"):
        Verification(HEALPix(2), 1, 1, definition="weatherbench1")
    by_area = replace(DEFINITIONS["weatherbench1"], weights="area")
    Verification(HEALPix(2), 1, 1, definition=by_area)
    # A part of a grid, and a grid with poles, have the weights of their vertices.
    part = GRID[GRID.lat > 10]
    poles = Equiangular(5, 8, "clenshaw-curtis")
    for sampling in (part, poles):
        found = DEFINITIONS["weatherbench1"].vertex_weights(sampling)
        right = np.cos(np.deg2rad(sampling.lat))
        np.testing.assert_allclose(found, right, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: ScoreDefinition(weights="cos"), ValueError, "'area' or 'cos-lat"),
        (lambda: ScoreDefinition(root="mean"), ValueError, "'pooled' or 'each-time'"),
        (lambda: ScoreDefinition(centred=1), TypeError, "centred must be True or"),
        (
            lambda: Verification(GRID, 1, 1, definition="wb2"),
            ValueError,
            "'weatherbench2', got 'wb2'; choose",
        ),
        (
            lambda: Verification(GRID, 1, 1, definition=2),
            TypeError,
            "definition must be a ScoreDefinition, got int; pass the name",
        ),
    ],
)
def test_definitions_are_checked(make, error, message):
    with pytest.raises(error, match=message):
        make()
