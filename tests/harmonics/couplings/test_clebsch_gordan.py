"""Clebsch-Gordan coefficients of real harmonics against laws and other libraries."""

# ruff: noqa: E741 (the degree's own letter)

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp
from scipy.spatial.transform import Rotation
from scipy.special import sph_harm_y
from sympy.physics.wigner import clebsch_gordan as sympy_clebsch_gordan

from deepsphere_pyg.harmonics.couplings.clebsch_gordan import (
    clebsch_gordan,
    clebsch_gordan_set,
)
from deepsphere_pyg.harmonics.couplings.recursion import coupling_chains
from tests.round_off import assert_near


def all_triples(L):
    l1, l2, l = np.indices((L, L, L)).reshape(3, -1)
    coupled = (abs(l1 - l2) <= l) & (l <= l1 + l2)
    return np.stack([l1, l2, l], axis=1)[coupled]


@st.composite
def triples(draw, largest):
    l1, l2 = draw(st.integers(0, largest)), draw(st.integers(0, largest))
    return l1, l2, draw(st.integers(abs(l1 - l2), l1 + l2))


def real_harmonics(xyz, degree):
    """Real harmonics of one degree by scipy, shape (points, 2 l + 1)."""
    theta = np.arccos(np.clip(xyz[:, 2], -1, 1))
    phi = np.arctan2(xyz[:, 1], xyz[:, 0])
    m = np.arange(degree + 1)
    complex_ones = sph_harm_y(degree, m, theta[:, None], phi[:, None])
    complex_ones *= np.sqrt(2) * (-1.0) ** m
    zero = complex_ones[:, :1].real / np.sqrt(2)
    negative = complex_ones[:, :0:-1].imag
    return np.concatenate([negative, zero, complex_ones[:, 1:].real], axis=1)


def wigner_d(rotation, degree):
    """D^l(R) from harmonics at points and at the points turned back."""
    xyz = np.random.default_rng(3).normal(size=(8 * degree + 8, 3))
    xyz /= np.linalg.norm(xyz, axis=1, keepdims=True)
    here = real_harmonics(xyz, degree)
    turned = real_harmonics(rotation.inv().apply(xyz), degree)
    return np.linalg.lstsq(here, turned, rcond=None)[0]


def from_complex(degree):
    """Unitary matrix from complex to real harmonics, rows are real ones."""
    matrix = np.zeros((2 * degree + 1, 2 * degree + 1), dtype=complex)
    matrix[degree, degree] = 1
    for m in range(1, degree + 1):
        sign, root = (-1) ** m, np.sqrt(0.5)
        matrix[degree + m, [degree + m, degree - m]] = sign * root, root
        matrix[degree - m, [degree + m, degree - m]] = -1j * sign * root, 1j * root
    return matrix


def three_j_of_sympy(l1, l2, l):
    """Return the definition of the documentation, by sympy's 3j symbols."""
    symbols = np.zeros([2 * degree + 1 for degree in (l1, l2, l)])
    for m1 in range(-l1, l1 + 1):
        for m2 in range(max(-l2, -l - m1), min(l2, l - m1) + 1):
            value = sympy.physics.wigner.wigner_3j(l1, l2, l, m1, m2, -m1 - m2)
            symbols[m1 + l1, m2 + l2, l - m1 - m2] = float(value)
    matrices = [from_complex(degree) for degree in (l1, l2, l)]
    turned = np.einsum("ai,bj,ck,ijk->cab", *matrices, symbols)
    return np.sqrt(2 * l + 1) * (-1j) ** (l1 + l2 + l) * turned


def test_products_of_vectors_are_the_known_ones():
    x_last = [2, 0, 1]
    f, g = np.random.default_rng(0).normal(size=(2, 3))

    def coupled(l):
        return np.einsum("kij,i,j", clebsch_gordan(1, 1, l).dense(), f, g)

    size = np.linalg.norm(f) * np.linalg.norm(g)
    assert_near(coupled(0), [f @ g / np.sqrt(3)], 3, size)
    cross = np.cross(f[x_last], g[x_last]) / np.sqrt(2)
    assert_near(coupled(1)[x_last], cross, 3, size)
    # m = 0: (2 z z' - x x' - y y') / sqrt 6, as a symmetric tensor without trace.
    expected = (2 * f[1] * g[1] - f[0] * g[0] - f[2] * g[2]) / np.sqrt(6)
    assert_near(coupled(2)[2], expected, 3, size)


@pytest.mark.parametrize("degree", [0, 1, 5, 40])
def test_degree_zero_leaves_the_other_factor_as_it_is(degree):
    identity = np.eye(2 * degree + 1)
    left = clebsch_gordan(0, degree, degree).dense()[:, 0]
    right = clebsch_gordan(degree, 0, degree).dense()[:, :, 0]
    assert_near(left, identity)
    assert_near(right, identity)
    power = clebsch_gordan(degree, degree, 0).dense()[0]
    assert_near(power, identity / np.sqrt(2 * degree + 1), 2 * degree + 1, 1)


@pytest.mark.oracle
@pytest.mark.parametrize(
    "triple",
    [(1, 1, 0), (1, 1, 1), (2, 1, 1), (1, 2, 2), (2, 2, 1), (3, 2, 4), (2, 3, 4)],
)
def test_convention_is_that_of_the_documentation(triple):
    expected = three_j_of_sympy(*triple)
    assert_near(expected.imag, 0, 4, 1)
    found = clebsch_gordan(*triple).dense()
    assert_near(found, expected.real, 4)


@pytest.mark.oracle
def test_complex_recursion_matches_exact_values_of_sympy():
    for l1, l2, l in [(2, 2, 3), (4, 3, 2), (1, 5, 6), (5, 5, 5), (0, 4, 4)]:
        chains = coupling_chains(np.array([[l1, l2, l]]))
        for m in range(l + 1):
            for m1 in range(max(-l1, m - l2), min(l1, m + l2) + 1):
                exact = float(sympy_clebsch_gordan(l1, l2, l, m1, m - m1, m))
                found = chains.values[chains.origins[m] + m1]
                assert found == pytest.approx(exact, rel=1e-13, abs=1e-15)


def racah(l1, l2, l, m1, m2):
    """Racah's sum in 120 digits."""
    mp.dps = 120
    f, m = mp.factorial, m1 + m2
    total = mp.mpf(0)
    for k in range(max(0, l2 - l - m1, l1 - l + m2), l1 + l2 - l + 1):
        parts = (l1 + l2 - l - k, l1 - m1 - k, l2 + m2 - k)
        if min(parts) >= 0:
            below = mp.fprod([f(k), *map(f, parts), f(l - l2 + m1 + k)])
            total += (-1) ** k / (below * f(l - l1 - m2 + k))
    sides = f(l1 + l2 - l) * f(l + l1 - l2) * f(l - l1 + l2) / f(l1 + l2 + l + 1)
    orders = mp.fprod(
        f(degree + sign * order)
        for degree, order in ((l1, m1), (l2, m2), (l, m))
        for sign in (1, -1)
    )
    return total * mp.sqrt((2 * l + 1) * sides * orders)


@pytest.mark.oracle
@pytest.mark.parametrize(
    "triple", [(64, 64, 64), (64, 63, 1), (64, 64, 128), (30, 64, 77), (200, 180, 63)]
)
def test_complex_recursion_keeps_its_digits_at_high_degrees(triple):
    l1, l2, l = triple
    chains = coupling_chains(np.array([triple]))
    for m in (0, 1, l // 2, l):
        low, high = max(-l1, m - l2), min(l1, m + l2)
        for m1 in {low, (3 * low + high) // 4, (low + high) // 2, high - 1, high}:
            if m1 >= low:
                exact = racah(l1, l2, l, m1, m - m1)
                found = chains.values[chains.origins[m] + m1]
                # Relative: also in the tails, of 1e-20 and less.
                assert float(abs(found - exact)) <= 1e-12 * float(abs(exact)) + 1e-15


def test_tails_of_very_high_degrees_neither_overflow_nor_lose_the_norm():
    couplings = clebsch_gordan(1500, 1500, 0)
    np.testing.assert_allclose(couplings.values, 1 / np.sqrt(3001), rtol=1e-11)
    l1, l2, l = 1200, 1200, 2399
    chains = coupling_chains(np.array([[l1, l2, l]]))
    assert np.isfinite(chains.values).all()
    # m = 0, where the ends are some 1e-700 of the middle, and antisymmetric.
    row = chains.values[chains.origins[0] - l1 : chains.origins[0] + l1 + 1]
    np.testing.assert_array_equal(row[:l1], -row[:l1:-1])
    assert_near(row @ row, 1, len(row))


def test_couplings_of_all_degrees_up_to_10_are_orthonormal():
    for coupling in clebsch_gordan_set(all_triples(11)):
        matrix = coupling.matrix()
        gram = (matrix @ matrix.T).toarray()
        assert_near(gram, np.eye(len(gram)), 21)


@settings(max_examples=12, derandomize=True, deadline=None)
@given(triple=triples(80))
def test_couplings_of_high_degrees_are_orthonormal(triple):
    matrix = clebsch_gordan(*triple).matrix()
    gram = (matrix @ matrix.T).toarray()
    assert_near(gram, np.eye(len(gram)), 2 * max(triple) + 1)


@pytest.mark.parametrize(("l1", "l2"), [(3, 2), (4, 4), (1, 6)])
def test_all_degrees_together_are_an_orthogonal_matrix(l1, l2):
    blocks = clebsch_gordan_set([(l1, l2, l) for l in range(abs(l1 - l2), l1 + l2 + 1)])
    whole = np.concatenate([block.matrix().toarray() for block in blocks])
    assert_near(whole @ whole.T, np.eye(len(whole)), len(whole))


@settings(max_examples=25, derandomize=True, deadline=None)
@given(triple=triples(9), seed=st.integers(0, 2**32 - 1))
def test_coupled_fragments_rotate_by_their_wigner_matrix(triple, seed):
    rotation = Rotation.random(rng=np.random.default_rng(seed))
    first, second, third = (wigner_d(rotation, degree) for degree in triple)
    coupling = clebsch_gordan(*triple).dense()
    before = np.einsum("kij,ia,jb->kab", coupling, first, second)
    after = np.einsum("kc,cab->kab", third, coupling)
    # Orders of both degrees, and what their Wigner matrices are off by.
    assert_near(before, after, 2 * (2 * max(triple) + 1) ** 2)


@settings(max_examples=25, derandomize=True, deadline=None)
@given(triple=triples(20))
def test_exchanged_degrees_exchange_the_axes(triple):
    l1, l2, l = triple

    def symbol(a, b, c):
        """3j symbol, axes (a, b, c)."""
        dense = clebsch_gordan(a, b, c).dense() / np.sqrt(2 * c + 1)
        return dense.transpose(1, 2, 0)

    here, sign = symbol(l1, l2, l), (-1) ** (l1 + l2 + l)
    terms = 2 * max(triple) + 1
    assert_near(symbol(l2, l, l1).transpose(2, 0, 1), here, terms, 1)
    swapped = symbol(l2, l1, l).transpose(1, 0, 2)
    assert_near(sign * swapped, here, terms, 1)
    turned = symbol(l, l2, l1).transpose(2, 1, 0)
    assert_near(sign * turned, here, terms, 1)


@pytest.mark.parametrize("triple", [(0, 3, 3), (2, 2, 2), (3, 5, 4), (6, 4, 10)])
def test_even_couplings_are_the_products_of_functions(triple):
    l1, l2, l = triple
    # Gauss and Legendre in z, a trapezium in longitude: exact for the triple product.
    count = l1 + l2 + l + 2
    z, weights = np.polynomial.legendre.leggauss(count)
    phi = 2 * np.pi * np.arange(count) / count
    z, phi = (grid.ravel() for grid in np.meshgrid(z, phi, indexing="ij"))
    radius = np.sqrt(1 - z * z)
    xyz = np.stack([radius * np.cos(phi), radius * np.sin(phi), z], axis=1)
    area = np.repeat(weights, count) * 2 * np.pi / count
    first, second, third = (real_harmonics(xyz, degree) for degree in triple)
    gaunt = np.einsum("p,pi,pj,pk->kij", area, first, second, third)
    coupling = clebsch_gordan(*triple).dense()
    scale = (gaunt * coupling).sum() / (2 * l + 1)
    assert scale > 0
    size = np.prod([np.abs(one).max() for one in (first, second, third)])
    # A rounding of a point moves a function by its degree times that.
    assert_near(gaunt, scale * coupling, count**2, sum(triple) * size)


@pytest.mark.oracle
def test_couplings_match_e3nn_with_its_signs():
    o3 = pytest.importorskip("e3nn.o3", reason="e3nn is not installed")
    for l1, l2, l in all_triples(12)[::17].tolist():
        # Its axes (x, y, z) are our (y, z, x): turned, not reflected.
        theirs = o3.wigner_3j(l1, l2, l, dtype=torch.float64).numpy()
        ours = clebsch_gordan(l1, l2, l).dense().transpose(1, 2, 0)
        np.testing.assert_allclose(np.sqrt(2 * l + 1) * theirs, ours, atol=1e-13)
