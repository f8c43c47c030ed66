"""Kriging against scikit-learn, least squares and the definition."""

import numpy as np
import pytest

from deepsphere_pyg.commands.stations.interpolators import (
    Interpolators,
    Places,
)
from deepsphere_pyg.commands.stations.kriging import Covariance, Kriging, fit_covariance
from deepsphere_pyg.datasets import generated_temperatures, station_positions

RANDOM = np.random.default_rng(3)
COVARIANCE = Covariance(sill=4.0, length=0.3, nugget=0.5)
SERIES = generated_temperatures(*station_positions(60, 1), 3)
XYZ = SERIES.xyz
KNOWN, OTHERS = XYZ[:45], XYZ[45:]
VALUES = RANDOM.normal(size=45) + 10
COVARIATES = RANDOM.normal(size=(60, 2))


def by_definition(known, values, others, F, f):
    """Solve the system of universal kriging, with a multiplier for each covariate."""
    n, p = F.shape
    K = COVARIANCE.among(known)
    system = np.block([[K, F], [F.T, np.zeros((p, p))]])
    right = np.concatenate([COVARIANCE.between(known, others), f.T])
    return np.linalg.solve(system, right)[:n].T @ values


def columns(rows):
    return np.hstack([np.ones((len(rows), 1)), rows])


@pytest.mark.parametrize("with_covariates", [False, True])
def test_estimates_solve_the_system_of_kriging(with_covariates):
    table = COVARIATES if with_covariates else np.empty((60, 0))
    kriging = Kriging(COVARIANCE, KNOWN, OTHERS, table[:45], table[45:])
    found = kriging(VALUES)
    F, f = columns(table[:45]), columns(table[45:])
    expected = by_definition(KNOWN, VALUES, OTHERS, F, f)
    # Solutions of systems of some 1e3 condition, of values near ten.
    np.testing.assert_allclose(found.at_others, expected, rtol=0, atol=1e-10)
    for i in (0, 20, 44):
        left = np.arange(45) != i
        alone = by_definition(
            KNOWN[left], VALUES[left], KNOWN[i : i + 1], F[left], F[i : i + 1]
        )
        np.testing.assert_allclose(found.at_known[i], alone[0], rtol=0, atol=1e-10)


@pytest.mark.oracle
def test_with_a_known_mean_it_is_a_gaussian_process():
    process = pytest.importorskip("sklearn.gaussian_process")
    kernels = process.kernels
    kernel = kernels.ConstantKernel(4.0) * kernels.Matern(0.3, nu=0.5)
    kernel += kernels.WhiteKernel(0.5)
    regressor = process.GaussianProcessRegressor(kernel, optimizer=None)
    # Ordinary kriging is the process about its own estimate of the mean.
    inverse = np.linalg.inv(COVARIANCE.among(KNOWN))
    mean = inverse.sum(axis=0) @ VALUES / inverse.sum()
    expected = mean + regressor.fit(KNOWN, VALUES - mean).predict(OTHERS)
    found = Kriging(COVARIANCE, KNOWN, OTHERS)(VALUES).at_others
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8)


def test_the_likelihood_finds_the_covariance_of_samples():
    pytest.importorskip("sklearn")
    points = RANDOM.normal(size=(300, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    root = np.linalg.cholesky(COVARIANCE.among(points))
    found = fit_covariance(points, root @ RANDOM.normal(size=300))
    # One sample of 300 stations, whose cells are a third of the length apart.
    assert 1.5 < found.sill < 10 and 0.1 < found.length < 0.9
    assert 0.1 < found.nugget < 1.5


def test_hidden_reports_have_no_influence():
    places = Places.of(SERIES)
    methods = Interpolators(places, COVARIANCE, COVARIANCE)
    known = np.ones(60, dtype=bool)
    known[50:] = False
    values = RANDOM.normal(size=60)
    hidden = RANDOM.uniform(size=60) < 0.3
    found = methods.at(known)(values, hidden)
    changed = np.where(hidden | ~known, 1e3, values)
    again = methods.at(known)(changed, hidden)
    less = methods.at(known & ~hidden)(values)
    for name, estimates in found.items():
        # Changes of 1e3 are eliminated, to round-off of the elimination.
        np.testing.assert_allclose(again[name], estimates, rtol=0, atol=1e-8)
        np.testing.assert_allclose(less[name], estimates, rtol=0, atol=1e-10)


def test_no_estimate_at_a_visible_station_knows_its_own_report():
    methods = Interpolators(Places.of(SERIES), COVARIANCE, COVARIANCE)
    known = np.ones(60, dtype=bool)
    values = RANDOM.normal(size=60)
    found = methods.at(known)(values)
    changed = values.copy()
    changed[11] += 50
    again = methods.at(known)(changed)
    for name, estimates in found.items():
        assert again[name][11] == pytest.approx(estimates[11], abs=1e-10)
        assert np.abs(again[name] - estimates).max() > 1e-3


def test_linear_functions_of_covariates_are_found_exactly():
    places = Places.of(SERIES)
    values = 3 + places.covariates @ [2.0, -1.0]
    found = Interpolators(places, COVARIANCE, COVARIANCE).at(np.ones(60, dtype=bool))
    estimates = found(values)
    for name in ("regression", "kriging-covariates"):
        np.testing.assert_allclose(estimates[name], values, rtol=0, atol=1e-9)
