"""Normalised associated Legendre functions: oracles, laws, bad input."""

import mpmath
import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.harmonics import associated_legendre
from deepsphere_pyg.harmonics.functions import legendre
from samplings.schemes.quadrature import gauss_legendre
from tests.round_off import assert_near

ANGLES = st.floats(0, np.pi, allow_nan=False)


def exact(theta, m, bandlimit):
    """Degrees m to bandlimit - 1 by the plain recurrence, with 60 digits.

    Returns an array of shape (degrees, angles).
    """
    with mpmath.workdps(60):
        angles = [mpmath.mpf(angle) for angle in theta]
        x = np.array([mpmath.cos(angle) for angle in angles])
        sine = np.array([mpmath.sin(angle) for angle in angles])
        now = mpmath.sqrt(1 / (4 * mpmath.pi))
        for k in range(1, m + 1):
            now = mpmath.sqrt(mpmath.mpf(2 * k + 1) / (2 * k)) * sine * now
        now = now + 0 * x
        before, factor, values = 0 * x, mpmath.mpf(1), [now]
        for degree in range(m + 1, bandlimit):
            previous = factor
            factor = mpmath.sqrt(mpmath.mpf(4 * degree**2 - 1) / (degree**2 - m**2))
            now, before = factor * (x * now - before / previous), now
            values.append(now)
        return np.array(values).astype(float)


@pytest.mark.oracle
@pytest.mark.skipif(
    not hasattr(scipy.special, "sph_harm_y"), reason="needs sph_harm_y of SciPy 1.15"
)
def test_functions_match_scipy():
    theta = np.array([0.0, 1e-3, 0.4, np.pi / 2, 2.5, np.pi])
    for m, values in associated_legendre(theta, 40):
        expected = scipy.special.sph_harm_y(
            np.arange(m, 40)[:, None], m, theta, 0.0
        ).real
        np.testing.assert_allclose(values, (-1) ** m * expected, atol=1e-12)


@pytest.mark.oracle
def test_functions_of_high_degree_are_exact_to_round_off_near_poles_and_equator():
    # Near the poles the plain recurrence in float64 is off by 1e-10 here.
    theta = np.array([1e-6, 1e-3, 0.02, 0.5, np.pi / 2, 2.0, np.pi - 1e-3])
    for m, values in associated_legendre(theta, 1024):
        if m in (0, 17, 1000):
            expected = exact(theta, m, 1024)
            # A rounding of cos(theta) moves them by their degree times that.
            assert_near(values, expected, 1, 1024 * np.abs(expected).max(), c=4)


@pytest.mark.oracle
@pytest.mark.slow
def test_functions_that_start_below_the_smallest_number_are_not_lost():
    # sin(theta)**800 is 1e-327, yet the function of degree 2100 is of order one.
    theta, m, bandlimit = np.array([0.39, np.pi - 0.39]), 800, 2200
    functions = associated_legendre(theta, bandlimit)
    values = next(v for k, v in functions if k == m)
    expected = exact(theta[:1], m, bandlimit)[:, 0]
    assert values[0, 0] == 0
    assert np.abs(values[:, 0]).max() > 0.5
    np.testing.assert_allclose(values[:, 0], expected, rtol=0, atol=1e-12)
    parity = (-1.0) ** np.arange(bandlimit - m)
    np.testing.assert_allclose(values[:, 1], parity * expected, rtol=0, atol=1e-12)


def test_functions_carried_with_an_exponent_are_the_same(monkeypatch):
    theta = np.array([0.0, 0.01, 0.1, 0.4, 1.5, 2.8, 3.1, np.pi])
    plain = list(associated_legendre(theta, 80))
    monkeypatch.setattr(legendre, "SMALLEST", -30)
    monkeypatch.setattr(legendre, "LARGEST", -20)
    monkeypatch.setattr(legendre, "STEP", 7)
    monkeypatch.setattr(legendre, "BLOCK", 3)
    monkeypatch.setattr(legendre, "CHUNK", 3)
    for (_, expected), (_, values) in zip(
        plain, associated_legendre(theta, 80), strict=True
    ):
        assert_near(values, expected, 80)
        # What is lost of an exponent is no matter of digits.
        np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize("bandlimit", [1, 2, 33, 128])
def test_functions_of_one_order_are_orthonormal_under_gauss_legendre(bandlimit):
    rule = gauss_legendre(bandlimit)
    for m, values in associated_legendre(rule.theta, bandlimit):
        gram = 2 * np.pi * (values * rule.weights) @ values.T
        # The sum, and the recurrences of both functions.
        assert_near(gram, np.eye(bandlimit - m), 3 * bandlimit)


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.lists(ANGLES, min_size=1, max_size=5), st.integers(1, 40))
def test_squares_of_one_degree_sum_to_a_constant(theta, bandlimit):
    # The addition theorem at one point.
    sums = np.zeros((bandlimit, len(theta)))
    for m, values in associated_legendre(theta, bandlimit):
        sums[m:] += (2 if m else 1) * values**2
    expected = (2 * np.arange(bandlimit) + 1) / (4 * np.pi)
    np.testing.assert_allclose(sums, np.tile(expected[:, None], len(theta)), rtol=1e-12)


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.lists(st.floats(0.1, np.pi - 0.1), min_size=1, max_size=5))
def test_hemispheres_mirror_each_other(theta):
    north = np.array(theta)
    both = zip(
        associated_legendre(north, 30),
        associated_legendre(np.pi - north, 30),
        strict=True,
    )
    for (m, up), (_, down) in both:
        parity = (-1.0) ** np.arange(30 - m)[:, None]
        # pi - theta is rounded, and functions vary by their degree times that.
        np.testing.assert_allclose(down, parity * up, atol=1e-13)


def test_only_order_zero_is_other_than_zero_at_the_poles():
    expected = np.sqrt((2 * np.arange(300) + 1) / (4 * np.pi))
    for m, values in associated_legendre([0.0, np.pi], 300):
        if m:
            assert not values.any()
        else:
            assert_near(values[:, 0], expected, 300)
            south = (-1.0) ** np.arange(300) * expected
            assert_near(values[:, 1], south, 300)


@pytest.mark.parametrize(
    ("theta", "bandlimit", "error", "message"),
    [
        ([0.5], 0, ValueError, "L must be at least 1, got 0"),
        ([0.5], 2.5, TypeError, r"L must be an integer, got 2\.5"),
        ([0.5, -0.1], 3, ValueError, r"\[0, pi\] radian, got -0\.1 at index 1; from"),
        ([90.0], 3, ValueError, r"got 90\.0 at index 0; .*deg2rad\(90 - lat\)"),
        ([np.nan], 3, ValueError, "got nan at index 0"),
        ([[0.5]], 3, ValueError, r"shape \(T,\) with T >= 1, got shape \(1, 1\); flat"),
        ([], 3, ValueError, r"got shape \(0,\)"),
        (0.5, 3, ValueError, r"got shape \(\)"),
    ],
)
def test_wrong_arguments_are_refused_at_the_call(theta, bandlimit, error, message):
    with pytest.raises(error, match=message):
        associated_legendre(theta, bandlimit)


def test_some_orders_are_those_of_all():
    theta = np.array([0.3, 1.0, 2.5])
    every = dict(associated_legendre(theta, 9))
    for orders in ([0, 5, 8], (7, 2), []):
        some = dict(associated_legendre(theta, 9, orders))
        assert list(some) == sorted(orders)
        for m, values in some.items():
            np.testing.assert_array_equal(values, every[m])


def test_orders_that_no_degree_has_are_refused():
    with pytest.raises(ValueError, match="orders must be below L = 3, got 3"):
        associated_legendre([0.1], 3, [0, 3])
    with pytest.raises(ValueError, match=r"orders\[1\] must be at least 0, got -1"):
        associated_legendre([0.1], 3, [0, -1])
