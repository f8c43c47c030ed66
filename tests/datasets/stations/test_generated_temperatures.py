"""Generated reports: their covariance, and the best prediction of them."""

import numpy as np
import pytest
from scipy.special import eval_legendre

from deepsphere_pyg.datasets import (
    TravellingAnomalies,
    generated_temperatures,
    seasonal_temperature,
    station_positions,
)

WEATHER = TravellingAnomalies(spread=2.0, persistence=0.7, speed=11, noise=0.5, L=6)
RANDOM = np.random.default_rng(5)
POINTS = RANDOM.normal(size=(7, 3))
POINTS /= np.linalg.norm(POINTS, axis=1, keepdims=True)


def turned(xyz, degrees):
    """Points turned to the east, by their longitudes."""
    lon = np.arctan2(xyz[:, 1], xyz[:, 0]) + np.deg2rad(degrees)
    across = np.hypot(xyz[:, 0], xyz[:, 1])
    return np.stack([across * np.cos(lon), across * np.sin(lon), xyz[:, 2]], axis=1)


def test_covariance_is_the_legendre_series_along_the_path():
    degrees = np.arange(6)
    factors = (2 * degrees + 1) / (4 * np.pi) * WEATHER.spectrum
    cosine = turned(POINTS, 22) @ POINTS.T
    series = sum(
        f * eval_legendre(n, cosine) for n, f in zip(degrees, factors, strict=True)
    )
    found = WEATHER.covariance(POINTS, POINTS, 2)
    # Sums of six terms of at most the variance, 4, and cosines rounded to eps.
    tolerance = 100 * np.finfo(float).eps * 4
    np.testing.assert_allclose(found, 0.7**2 * series, rtol=0, atol=tolerance)
    np.testing.assert_allclose(factors.sum(), 4, rtol=1e-14)


def test_samples_have_the_covariance():
    n = 20_000
    values = WEATHER.sample(POINTS, n, seed=1)
    for lag in (0, 1, 3):
        found = values[: n - lag].T @ values[lag:] / (n - lag)
        expected = WEATHER.covariance(POINTS, POINTS, lag)
        expected += 0.25 * np.eye(7) * (lag == 0)
        # Products of values of variance 4.25, correlated over some (1 + r²) / (1 - r²)
        # = 3 times; five standard deviations.
        tolerance = 5 * 4.25 * np.sqrt(2 * 3 / n)
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


def test_the_predictor_is_the_conditional_mean_of_a_simulation():
    past, n = 3, 20_000
    weights, error = WEATHER.predictor(POINTS, past)
    values = WEATHER.sample(POINTS, n, seed=2)
    windows = np.stack([values[k : n - past + k] for k in range(past)], axis=1)
    left = values[past:] - np.einsum("vsu,tsu->tv", weights, windows)
    # The error of a best linear prediction is orthogonal to all that it knows.
    correlation = np.einsum("tv,tsu->vsu", left, windows) / len(left)
    scale = np.sqrt(error * 4.25 / len(left))
    assert np.abs(correlation).max() < 5 * scale
    assert np.mean(left**2) == pytest.approx(error, rel=5 * np.sqrt(2 / len(left)))


def test_more_days_predict_better_down_to_the_filter():
    errors = [WEATHER.predictor(POINTS, past)[1] for past in (1, 2, 4, 12)]
    limit = WEATHER.filter_error(POINTS)
    assert errors == sorted(errors, reverse=True)
    # 0.7^24 of the variance is what twelve days leave unknown, and the filter stops
    # when a step changes its error by less than 1e-7 of it.
    assert errors[-1] == pytest.approx(limit, rel=1e-3)
    assert errors[-1] >= limit * (1 - 1e-6)


def test_seasons_are_opposite_and_peak_in_summer():
    days = np.datetime64("2010-01-01") + np.arange(365)
    north, south, equator = seasonal_temperature([60, -60, 0], days).T
    assert days[north.argmax()] == np.datetime64("2010-07-20")
    np.testing.assert_allclose(north + south, 2 * north.mean(), atol=0.1)
    np.testing.assert_allclose(equator, 27)


def test_series_are_seasons_and_weather_of_a_seed():
    lon, lat = station_positions(30, seed=3)
    series = generated_temperatures(lon, lat, 10, anomalies=WEATHER, seed=4)
    weather = series.values[..., 0] - seasonal_temperature(lat, series.times)
    # Differences of temperatures of tens of degrees.
    np.testing.assert_allclose(weather, WEATHER.sample(series.xyz, 10, 4), atol=1e-12)
    again = generated_temperatures(lon, lat, 10, anomalies=WEATHER, seed=5)
    assert not np.allclose(series.values, again.values)
    assert len(series.merged().names) == 30


def test_positions_stand_in_clusters():
    lon, lat = station_positions(500, seed=1)
    other = station_positions(500, seed=2)
    assert not np.allclose(lon, other[0])
    assert np.abs(lat).max() <= 90 and np.abs(lon).max() <= 180
    series = generated_temperatures(lon, lat, 1)
    cosine = np.sort(series.xyz @ series.xyz.T, axis=1)[:, -2]
    # Half of 500 stations spread at random have their nearest one beyond 4.3 degrees.
    assert np.rad2deg(np.arccos(np.median(cosine))) < 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"spread": -1}, "spread must be positive and finite, got -1"),
        ({"noise": 0}, "noise must be positive"),
        ({"persistence": 1.0}, "persistence must be at least 0 and below 1, got 1.0"),
        ({"speed": np.inf}, "speed must be finite, got inf; pass degrees a step"),
        ({"L": 0}, "L must be at least 1, got 0"),
    ],
)
def test_weather_without_sense_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        TravellingAnomalies(**arguments)
