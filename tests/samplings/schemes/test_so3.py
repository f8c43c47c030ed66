"""Grids of the rotation group: points, quadrature, bad input."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samplings import SO3Grid
from samplings.schemes.so3 import SCHEMES
from tests.round_off import assert_near

BANDLIMITS = st.integers(1, 12).flatmap(
    lambda L: st.tuples(st.just(L), st.integers(1, L))
)


@given(BANDLIMITS, st.sampled_from(SCHEMES))
@settings(deadline=None, derandomize=True, max_examples=60)
def test_weights_are_not_negative_and_sum_to_the_volume(bandlimits, scheme):
    grid = SO3Grid(*bandlimits, scheme)
    assert len(grid) == np.prod(grid.shape) == len(grid.weights) == len(grid.angles)
    assert grid.weights.min() >= 0
    assert_near(grid.weights.sum(), 8 * np.pi**2, len(grid))


@given(BANDLIMITS, st.sampled_from(SCHEMES))
@settings(deadline=None, derandomize=True, max_examples=60)
def test_quadrature_is_exact_as_far_as_said(bandlimits, scheme):
    # The integral of D^l_mn vanishes but for l = 0. Over beta there are Legendre
    # polynomials to check, over alpha and gamma the sums of waves.
    grid = SO3Grid(*bandlimits, scheme)
    for degree in range(grid.exact_degree + 1):
        polynomial = np.polynomial.legendre.Legendre.basis(degree)(np.cos(grid.beta))
        integral = grid.beta_weights @ polynomial
        np.testing.assert_allclose(integral, 2.0 * (degree == 0), atol=1e-13)
    for angle, order in (
        (grid.alpha, grid.exact_degree),
        (grid.gamma, grid.exact_order),
    ):
        m = np.arange(1, order + 1)[:, None]
        np.testing.assert_allclose(np.exp(1j * m * angle).sum(-1), 0, atol=1e-12)


def test_points_are_those_of_the_papers():
    grid = SO3Grid(3, 2)
    np.testing.assert_allclose(grid.beta, np.pi * np.array([1, 3, 5]) / 5)
    np.testing.assert_allclose(grid.alpha, 2 * np.pi * np.arange(5) / 5)
    np.testing.assert_allclose(grid.gamma, 2 * np.pi * np.arange(3) / 3)
    beta = np.pi * (2 * np.arange(6) + 1) / 12
    grid = SO3Grid(3, 3, "kostelec-rockmore")
    np.testing.assert_allclose(grid.beta, beta)
    assert grid.shape == (6, 6, 6)
    np.testing.assert_allclose(SO3Grid(2, 1, "driscoll-healy").beta[1], np.pi / 4)
    np.testing.assert_allclose(np.cos(SO3Grid(2, 1, "gauss-legendre").beta[0]), 3**-0.5)


def test_points_go_by_beta_then_alpha_then_gamma():
    grid = SO3Grid(3, 2, "gauss-legendre")
    angles = grid.angles.reshape(*grid.shape, 3)
    np.testing.assert_array_equal(angles[:, 2, 1, 1], grid.beta)
    np.testing.assert_array_equal(angles[1, :, 2, 0], grid.alpha)
    np.testing.assert_array_equal(angles[0, 3, :, 2], grid.gamma)


def test_bandlimit_one_is_a_constant():
    for scheme in SCHEMES:
        grid = SO3Grid(1, scheme=scheme)
        assert grid.weights.sum() == pytest.approx(8 * np.pi**2)


def test_grids_compare_and_rebuild_by_their_settings():
    grid = SO3Grid(5, 3, "gauss-legendre")
    assert SO3Grid(**grid.config) == grid and hash(SO3Grid(**grid.config)) == hash(grid)
    assert grid != SO3Grid(5, 3) and SO3Grid(5) == SO3Grid(5, 5)
    assert grid.name == "so3-gauss-legendre-5-3"
    assert repr(grid) == "SO3Grid(5, 3, 'gauss-legendre') with 225 points"


def test_arrays_cannot_be_written_to_not_even_in_copies():
    grid = SO3Grid(3)
    assert len(grid.weights) == len(grid.angles)
    for one in (grid, copy.deepcopy(grid), pickle.loads(pickle.dumps(grid))):
        for array in (one.weights, one.angles, one.alpha, one.beta, one.gamma):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 1


def test_errors_for_grids_of_rotations():
    with pytest.raises(ValueError, match="L must be at least 1, got 0"):
        SO3Grid(0)
    with pytest.raises(ValueError, match="N must be at least 1"):
        SO3Grid(4, 0)
    with pytest.raises(ValueError, match="N must be at most L"):
        SO3Grid(4, 5)
    with pytest.raises(TypeError, match="L must be an integer, got 4"):
        SO3Grid(4.0)
    with pytest.raises(ValueError, match="scheme must be 'mcewen-wiaux' or"):
        SO3Grid(4, 2, "healpix")
