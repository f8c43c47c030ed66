"""Rules over colatitude against analytic integrals, ducc0 and each other."""

import ducc0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import eval_legendre, roots_legendre

from samplings.schemes.quadrature import (
    clenshaw_curtis,
    driscoll_healy,
    fejer,
    gauss_legendre,
    mcewen_wiaux,
)
from tests.round_off import assert_near, round_off

LEAST = {
    gauss_legendre: 1,
    clenshaw_curtis: 2,
    fejer: 1,
    driscoll_healy: 2,
    mcewen_wiaux: 1,
}
NAMES_IN_DUCC = {clenshaw_curtis: "CC", fejer: "F1", driscoll_healy: "DH"}


def legendre_integrals(rule, degree):
    """Errors of the integrals of P_0 ... P_degree."""
    degrees = np.arange(degree + 1)
    found = eval_legendre(degrees[:, None], np.cos(rule.theta)) @ rule.weights
    return found - 2 * (degrees == 0)


@pytest.mark.parametrize("make", LEAST)
@settings(max_examples=40, derandomize=True, deadline=None)
@given(n=st.integers(0, 150))
def test_rules_are_exact_to_their_degree_and_not_beyond(make, n):
    rule = make(n + LEAST[make])
    error = np.abs(legendre_integrals(rule, rule.degree + 1))
    assert error[:-1].max() < round_off(float, 100)
    # The least error of the next degree is that of Clenshaw and Curtis, ~ 1 / n^3.
    assert error[-1] > 1e-8


@pytest.mark.parametrize("make", LEAST)
@pytest.mark.parametrize("n", [2, 3, 24, 25, 1000])
def test_nodes_descend_and_weights_are_not_negative(make, n):
    theta, weights, _ = make(n)
    assert theta.shape == weights.shape == (n,)
    assert (np.diff(theta) > 0).all() and theta[0] >= 0 and theta[-1] <= np.pi
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(2, rel=round_off(float, 100))
    for array in (theta, weights):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


@pytest.mark.oracle
@pytest.mark.parametrize("make", NAMES_IN_DUCC)
@pytest.mark.parametrize("n", [2, 3, 8, 9, 100, 2048])
def test_weights_match_ducc(make, n):
    theirs = ducc0.sht.get_gridweights(NAMES_IN_DUCC[make], n) / (2 * np.pi)
    # Both are Fourier sums of some n terms of 2 / n.
    assert_near(make(n).weights, theirs, n, 2 / n)


@pytest.mark.oracle
@pytest.mark.parametrize("n", [1, 2, 3, 64, 65, 1024, 2048])
def test_gauss_legendre_matches_ducc_in_relative_accuracy(n):
    # ducc0's are from Bogaert's expansions (2014), which do not iterate.
    theta, weights, _ = gauss_legendre(n)
    few = round_off(float, 9)
    np.testing.assert_allclose(theta, ducc0.misc.GL_thetas(n), rtol=few)
    theirs = ducc0.misc.GL_weights(n, 1) / (2 * np.pi)
    # A rounding of a node moves its weight by its degree times that.
    np.testing.assert_allclose(weights, theirs, rtol=few + 1e-16 * n)


@pytest.mark.oracle
def test_gauss_legendre_matches_scipy():
    x, weights = roots_legendre(40)
    rule = gauss_legendre(40)
    assert_near(np.cos(rule.theta), x[::-1], 3, 1)
    # SciPy's are of eigenvectors, whose errors are those of numbers near one.
    assert_near(rule.weights, weights, 40, 1)


def test_gauss_legendre_mirrors_exactly():
    for n in (4, 5):
        theta, weights, _ = gauss_legendre(n)
        np.testing.assert_array_equal(weights, weights[::-1])
        assert_near(theta + theta[::-1], np.pi)
    assert theta[2] == np.pi / 2


def test_poles_are_nodes_to_the_last_bit():
    for n in (2, 7, 50, 129):
        assert clenshaw_curtis(n).theta[[0, -1]].tolist() == [0, np.pi]
        assert driscoll_healy(n).theta[0] == 0
        assert driscoll_healy(n).weights[0] == 0
        assert mcewen_wiaux(n).theta[-1] == np.pi


@pytest.mark.oracle
def test_driscoll_healy_is_fejers_second_rule_with_a_pole():
    # Their weights as printed: for bandlimit b and 2b nodes.
    b = 9
    k, j = np.arange(b)[:, None], np.arange(2 * b)
    sums = (np.sin((2 * k + 1) * np.pi * j / (2 * b)) / (2 * k + 1)).sum(axis=0)
    printed = 2 / b * np.sin(np.pi * j / (2 * b)) * sums
    assert_near(driscoll_healy(2 * b).weights, printed, 2 * b)
    theirs = ducc0.sht.get_gridweights("F2", 2 * b - 1) / (2 * np.pi)
    assert_near(driscoll_healy(2 * b).weights[1:], theirs, 2 * b)


def test_mcewen_wiaux_integrates_the_trigonometric_interpolant():
    # By brute force: each cardinal function on the circle, with 200 Gauss points.
    rule = mcewen_wiaux(6)
    k = np.arange(-5, 6)
    around = 2 * np.pi * (np.arange(11) + 0.5) / 11
    x, w = roots_legendre(200)
    theta = (x + 1) * np.pi / 2
    cardinal = np.exp(1j * k * (theta[:, None, None] - around[:, None])).sum(-1).real
    circle = (w * np.pi / 2 * np.sin(theta)) @ cardinal / 11
    folded = circle[:6] + np.concatenate([circle[:5:-1], [0]])
    assert_near(rule.weights, folded, 200)


@pytest.mark.parametrize("make", LEAST)
def test_errors_for_too_few_nodes_and_for_no_integers(make):
    least = LEAST[make]
    with pytest.raises(ValueError, match=f"must be at least {least}, got {least - 1}"):
        make(least - 1)
    with pytest.raises(TypeError, match=r"must be an integer, got 4\.0"):
        make(4.0)
