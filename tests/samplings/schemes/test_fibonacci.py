"""The spherical Fibonacci lattice against its definition and scipy."""

from fractions import Fraction
from math import isqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import SphericalVoronoi, cKDTree

from samplings import Fibonacci
from tests.round_off import assert_near

law = settings(max_examples=40, derandomize=True, deadline=None)
# The golden angle as a fraction of a turn, to 60 digits.
SCALE = 10**60
TURN = Fraction(3 * SCALE - isqrt(5 * SCALE**2), 2 * SCALE)


@law
@given(st.integers(4, 400))
def test_points_are_those_of_the_definition(n):
    sampling = Fibonacci(n)
    i = np.arange(n)
    assert_near(sampling.xyz[:, 2], 1 - (2 * i + 1) / n, 3)
    phi = np.array([float(k * TURN % 1) for k in range(n)]) * 2 * np.pi
    expected = np.stack([np.cos(phi), np.sin(phi)], axis=1)
    flat = sampling.xyz[:, :2] / np.linalg.norm(sampling.xyz[:, :2], axis=1)[:, None]
    # Longitudes are rounded as angles up to 2 pi.
    assert_near(flat, expected, 3, 2 * np.pi)


def test_longitudes_keep_their_digits_far_along_the_spiral():
    n = 100_000
    last = Fibonacci(n).phi[-1]
    expected = float((n - 1) * TURN % 1) * 2 * np.pi
    # The radius of the last ring is 0.0045: some digits go there, not to the angle.
    assert last == pytest.approx(expected, abs=1e-12)


@law
@given(st.integers(4, 400))
def test_a_half_turn_reverses_the_spiral(n):
    sampling = Fibonacci(n)
    (turn,) = sampling.symmetries
    assert_near(turn @ turn, np.eye(3), 3)
    assert np.linalg.det(turn) == pytest.approx(1)
    assert_near(sampling.xyz @ turn.T, sampling.xyz[::-1], 3, 2 * np.pi)
    np.testing.assert_allclose(sampling.weights, sampling.weights[::-1], rtol=1e-10)


@pytest.mark.parametrize("n", [4, 10, 101, 1000])
def test_areas_are_those_of_scipy_voronoi_cells(n):
    sampling = Fibonacci(n)
    voronoi = SphericalVoronoi(sampling.xyz, threshold=1e-12)
    voronoi.sort_vertices_of_regions()
    np.testing.assert_allclose(sampling.weights, voronoi.calculate_areas(), rtol=1e-9)


def test_areas_are_nearly_equal_away_from_the_poles():
    sampling = Fibonacci(5000)
    middle = np.abs(sampling.lat) < 80
    mean = 4 * np.pi / 5000
    assert np.abs(sampling.weights[middle] / mean - 1).max() < 0.02
    assert np.abs(sampling.weights / mean - 1).max() < 0.15


def test_points_are_well_separated():
    distance = cKDTree(Fibonacci(2000).xyz).query(Fibonacci(2000).xyz, k=2)[0][:, 1]
    # A square lattice of this density has a spacing of sqrt(4 pi / n).
    assert distance.min() > 0.8 * np.sqrt(4 * np.pi / 2000)


@law
@given(st.integers(16, 300))
def test_coarsening_is_conservative_to_a_quarter_of_the_points(n):
    coarsening = Fibonacci(n).coarsen()
    assert coarsening.coarse.n == n // 4
    z = coarsening.fine.xyz[:, 2]
    assert coarsening.assign @ (z * coarsening.fine.weights) == pytest.approx(
        coarsening.coarse.xyz[:, 2] * coarsening.coarse.weights,
        abs=0.3 * coarsening.coarse.weights.max(),
    )


def test_errors():
    with pytest.raises(ValueError, match="n must be at least 4, got 3"):
        Fibonacci(3)
    with pytest.raises(TypeError, match=r"n must be an integer, got 10\.0"):
        Fibonacci(10.0)
    with pytest.raises(ValueError, match="n must be at least 16 to leave 4 points"):
        Fibonacci(15).coarsen()
