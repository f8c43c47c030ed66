"""The parts of a fit: quadratic function, bounded solver, borders and recipes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import lsq_linear

from samplings import HEALPix
from samplings.fitting.bounded_quadratic import minimise
from samplings.fitting.objective import FitObjective
from samplings.fitting.pattern import fit_pattern, on_border
from samplings.fitting.recipe import balanced, relative
from samplings.fitting.rounds import start_weights
from samplings.points.neighbours import nearest_neighbours
from tests.helpers import scattered


def test_the_quadratic_function_is_the_objective():
    # J = sum p (B / mu^2 - 2 A / mu) for any weights, and masses as they are.
    sampling = HEALPix(4)
    pattern = fit_pattern(sampling, nearest_neighbours(sampling.xyz, 8))
    objective = FitObjective(sampling, pattern, sampling.weights, 12)
    rng = np.random.default_rng(0)
    start = start_weights(sampling, objective)
    mass = rng.uniform(0.8, 1.2, len(pattern.vertices))
    emphasis, symbol = rng.uniform(1, 2, 11), rng.uniform(1, 2, 11)
    function = objective.quadratic(emphasis, symbol, start, mass)
    scale = (emphasis / symbol).sum()
    for _ in range(3):
        weights = rng.uniform(size=len(start))
        own, power = objective.moments(weights, mass)
        expected = emphasis @ (power / symbol**2 - 2 * own / symbol) / scale
        x = np.concatenate([weights, np.zeros(len(mass))])
        found = x @ (function @ x) - 2 * function.target @ x
        assert found == pytest.approx(expected, rel=1e-9)
    # Scaling all weights at hand by 1 + d is scaling all rows by it.
    rows = np.concatenate([np.zeros(len(start)), np.ones(len(mass))])
    edges = np.concatenate([start, np.zeros(len(mass))])
    np.testing.assert_allclose(function @ rows, function @ edges, rtol=1e-9)
    basis = np.eye(len(x))[:40]
    np.testing.assert_allclose(
        [e @ (function @ e) for e in basis], function.diagonal[:40], rtol=1e-9
    )


@settings(derandomize=True, deadline=None, max_examples=40)
@given(
    st.integers(0, 10_000), st.integers(1, 12), st.integers(0, 12), st.integers(0, 3)
)
def test_bounded_solver_finds_the_least_value(seed, n, extra, free):
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal((n + extra, n))
    aim = rng.standard_normal(n + extra)
    bounded = np.arange(n) >= free
    matrix, target = factor.T @ factor, factor.T @ aim
    start = np.abs(rng.standard_normal(n)) * rng.integers(0, 2, n)
    found = minimise(matrix.__matmul__, target, start, bounded, 3000, 1e-12)
    assert (found[bounded] >= 0).all()
    lower = np.where(bounded, 0, -np.inf)
    best = lsq_linear(factor, aim, (lower, np.inf), tol=1e-14, method="bvls")
    cost = 0.5 * np.sum((factor @ found - aim) ** 2)
    assert cost <= best.cost + 1e-6 * (1 + abs(best.cost))


def test_bounded_solver_without_bounds_met_is_conjugate_gradients():
    rng = np.random.default_rng(0)
    factor = rng.standard_normal((9, 9))
    matrix = factor @ factor.T + np.eye(9)
    aim = rng.uniform(1, 2, 9)
    none = np.zeros(9, dtype=bool)
    found = minimise(matrix.__matmul__, matrix @ aim, np.zeros(9), none, 20, 1e-14)
    np.testing.assert_allclose(found, aim, rtol=1e-9)


def test_borders_are_where_second_neighbours_leave_a_gap_too():
    sampling = scattered(2000)
    cap = sampling[sampling.lat > 0]
    for part in (sampling, cap):
        pattern = fit_pattern(part, nearest_neighbours(part.xyz, 8))
        border = on_border(part.xyz, pattern)
        if part is sampling:
            assert border.mean() < 0.02
        else:
            inner = part.lat > 8
            assert border[inner].mean() < 0.02
            assert border[part.lat < 1].mean() > 0.5


def test_recipes_count_relative_gains_and_the_balanced_one_defends_heat():
    residual, heat = np.array([1e-4, 1e-2]), np.array([1e-2, 1e-2])
    np.testing.assert_allclose(relative(residual, heat) * residual, 1, rtol=1e-5)
    low, high = balanced(residual, heat) * residual
    assert high > 10 * low
    assert np.isfinite(balanced(np.zeros(2), np.zeros(2))).all()
