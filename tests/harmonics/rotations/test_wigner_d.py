"""Wigner's small d: known values, oracles, laws, bad input."""

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy.physics.quantum.spin import Rotation as SymPyRotation

from deepsphere_pyg.harmonics import real_wigner_d, wigner_d
from tests.round_off import assert_near

ANGLES = st.floats(-7, 7)


def test_degree_one_is_known():
    beta = 0.7
    c, s = np.cos(beta), np.sin(beta) / np.sqrt(2)
    near, far = (1 + c) / 2, (1 - c) / 2
    *_, (_, d) = wigner_d(beta, 2)
    expected = [[near, s, far], [-s, c, s], [far, -s, near]]
    assert_near(d, expected, 3)


@pytest.mark.oracle
def test_small_degrees_match_sympy():
    beta = sympy.Rational(7, 5)
    for degree, d in wigner_d(1.4, 3):
        orders = range(-degree, degree + 1)
        expected = [
            [float(SymPyRotation.d(degree, m, n, beta).doit()) for n in orders]
            for m in orders
        ]
        assert_near(d, expected, 2 * degree + 1, 1)


@given(ANGLES, ANGLES)
@settings(deadline=None, derandomize=True, max_examples=30)
def test_turns_by_two_angles_add_up(first, second):
    for function in (wigner_d, real_wigner_d):
        for _, (a, b, both) in function([first, second, first + second], 12):
            # Round-off of the angle, times the largest order.
            assert_near(a @ b, both, len(both), 11)


@pytest.mark.parametrize("real", [False, True])
def test_matrices_are_orthogonal_to_high_degree(real):
    function = real_wigner_d if real else wigner_d
    beta = [1e-9, 1e-3, 0.4, np.pi / 2, 2.5, np.pi - 1e-3, np.pi]
    for degree, d in function(beta, 101):
        if degree % 25 == 0:
            unit = np.eye(2 * degree + 1)
            # Sums over orders, of what as many steps as degrees have made.
            wanted = np.broadcast_to(unit, d.shape)
            assert_near(d @ d.swapaxes(1, 2), wanted, (2 * degree + 1) * (degree + 1))


@pytest.mark.slow
def test_matrices_are_orthogonal_at_degree_255():
    for beta in (1e-3, 0.3, np.pi / 2, np.pi - 1e-3):
        *_, (_, d) = wigner_d(beta, 256)
        assert_near(d @ d.T, np.eye(511), 511 * 256)


def test_no_turn_is_the_identity_and_half_a_turn_a_mirror():
    for degree, (none, half) in wigner_d([0, np.pi], 20):
        assert_near(none, np.eye(2 * degree + 1), 2 * degree + 1)
        m = np.arange(-degree, degree + 1)
        mirror = np.diag((-1.0) ** (degree - m))[:, ::-1]
        assert_near(half, mirror, 2 * degree + 1)


def test_fewer_columns_are_those_of_all():
    for function in (wigner_d, real_wigner_d):
        beta = np.array([[0.3, 2.0, -1.0], [0.0, 4.0, np.pi]])
        for (degree, some), (_, whole) in zip(
            function(beta, 7, 3), function(beta, 7), strict=True
        ):
            k = min(degree, 2)
            assert some.shape == (2, 3, 2 * degree + 1, 2 * k + 1)
            np.testing.assert_array_equal(some, whole[..., degree - k : degree + k + 1])


def test_cosines_do_not_mix_with_sines():
    for degree, d in real_wigner_d(0.9, 6):
        assert not d[:degree, degree:].any() and not d[degree:, :degree].any()


def test_errors_for_small_d():
    with pytest.raises(ValueError, match="L must be at least 1, got 0"):
        wigner_d(0.0, 0)
    with pytest.raises(TypeError, match="L must be an integer, got 2"):
        wigner_d(0.0, 2.0)
    with pytest.raises(ValueError, match="N must be at most L = 4, got 5"):
        real_wigner_d(0.0, 4, 5)
    with pytest.raises(ValueError, match="N must be at least 1, got 0"):
        real_wigner_d(0.0, 4, 0)
    with pytest.raises(ValueError, match="beta must be finite, got nan"):
        wigner_d([0.0, np.nan], 4)
    with pytest.raises(ValueError, match="L must be at most 900, got 901"):
        wigner_d(0.0, 901)
