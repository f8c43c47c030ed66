"""Harmonics, transforms and rotations behind the equivariance error."""

import gc
import weakref

import numpy as np
import pytest
import scipy.special
from scipy.spatial.transform import Rotation

from deepsphere_pyg.metrics import harmonic_transforms, legendre
from deepsphere_pyg.metrics.harmonic_coefficients import (
    coefficient_count,
    random_coefficients,
    rotate_coefficients,
    uniform_rotation,
)
from deepsphere_pyg.metrics.harmonic_transforms import (
    LeastSquaresTransform,
    exact_transform,
    resolved_bandlimit,
)
from deepsphere_pyg.metrics.legendre import LegendreTable
from samplings import Equiangular, HEALPix, Icosahedral, Irregular
from tests.round_off import assert_near


def scattered(n=400):
    xyz = np.random.default_rng(3).normal(size=(n, 3))
    return Irregular(xyz / np.linalg.norm(xyz, axis=1, keepdims=True))


SAMPLINGS = [
    HEALPix(8),
    HEALPix(6, nest=False),
    Equiangular(12),
    Icosahedral(2),
    scattered(),
]


def random_signals(rng, lmax, n):
    drawn = [random_coefficients(rng, d, lmax, n) for d in range(lmax + 1)]
    return sum(drawn)


@pytest.mark.oracle
@pytest.mark.skipif(
    not hasattr(scipy.special, "sph_harm_y"), reason="needs sph_harm_y of SciPy 1.15"
)
def test_legendre_functions_match_scipy():
    # Poles, equator, and between.
    theta = np.array([0.0, 1e-3, 0.4, np.pi / 2, 2.5, np.pi])
    for m, values in LegendreTable(theta, 40).orders(40):
        for row, value in enumerate(values):
            expected = scipy.special.sph_harm_y(m + row, m, theta, 0.0).real
            np.testing.assert_allclose(value, expected, atol=1e-12)


@pytest.mark.parametrize("sampling", SAMPLINGS, ids=lambda s: s.name)
def test_analysis_inverts_synthesis_at_the_resolved_bandlimit(sampling):
    bandlimit = resolved_bandlimit(sampling)
    transform = exact_transform(sampling, bandlimit)
    a = random_signals(np.random.default_rng(0), bandlimit - 1, 3)
    back = transform.analyze(transform.synthesize(a, bandlimit - 1))
    # Iterations stop some decades above round-off of coefficients of order one.
    np.testing.assert_allclose(back, a, atol=1e-10)


@pytest.mark.parametrize("sampling", SAMPLINGS, ids=lambda s: s.name)
def test_rotation_moves_signals_with_the_points(sampling):
    # (R f)(x) = f(R^-1 x), evaluated at the points turned back.
    rng = np.random.default_rng(1)
    a = random_signals(rng, 5, 2)
    angles = uniform_rotation(rng)
    rotated = exact_transform(sampling, 6).synthesize(rotate_coefficients(a, angles), 5)
    back = Rotation.from_euler("ZYZ", angles).inv().apply(sampling.xyz.copy())
    turned = Irregular(back, weights=sampling.weights)
    expected = LeastSquaresTransform(turned, 5).synthesize(a, 5)
    np.testing.assert_allclose(rotated, expected, atol=1e-11)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_signals_rotate_alike_in_any_number(n):
    rng = np.random.default_rng(2)
    a = random_signals(rng, 6, n)
    one_by_one = [rotate_coefficients(row[None], [0.3, 1.1, 2.0])[0] for row in a]
    together = rotate_coefficients(a, [0.3, 1.1, 2.0])
    assert_near(together, one_by_one, 100)


def test_healpix_orderings_have_the_same_transform():
    nest, ring = HEALPix(4), HEALPix(4, nest=False)
    a = random_signals(np.random.default_rng(0), 6, 1)
    of_nest = exact_transform(nest, 7).synthesize(a, 6)
    of_points = LeastSquaresTransform(nest, 6).synthesize(a, 6)
    np.testing.assert_allclose(of_nest, of_points, atol=1e-12)
    of_ring = exact_transform(ring, 7).synthesize(a, 6)
    of_points = LeastSquaresTransform(ring, 6).synthesize(a, 6)
    np.testing.assert_allclose(of_ring, of_points, atol=1e-12)


def test_tables_too_large_to_keep_give_the_same(monkeypatch):
    sampling = Icosahedral(2)
    signal = np.random.default_rng(0).normal(size=(2, len(sampling)))
    kept = LeastSquaresTransform(sampling, 8).analyze(signal)
    monkeypatch.setattr(legendre, "KEPT_BYTES", 0)
    computed = LeastSquaresTransform(sampling, 8).analyze(signal)
    np.testing.assert_array_equal(computed, kept)


def test_least_squares_leaves_a_residual_orthogonal_to_the_harmonics():
    sampling = scattered()
    transform = LeastSquaresTransform(sampling, 5)
    signal = np.random.default_rng(0).normal(size=(1, len(sampling)))
    left = signal - transform.synthesize(transform.analyze(signal), 5)
    moments = transform._project(left)
    assert np.abs(moments).max() < 1e-11 * np.abs(transform._project(signal)).max()


def test_fit_that_does_not_converge_is_an_error(monkeypatch):
    monkeypatch.setattr(harmonic_transforms, "MAX_ITERATIONS", 1)
    signal = np.random.default_rng(0).normal(size=(1, 400))
    message = r"the vertices do not determine harmonics of degree 0 to 5: .* bandlimit"
    with pytest.raises(ValueError, match=message):
        LeastSquaresTransform(scattered(), 5).analyze(signal)


def test_zero_signals_have_zero_coefficients():
    sampling = Icosahedral(1)
    signals = np.stack([np.zeros(len(sampling)), np.ones(len(sampling))])
    a = LeastSquaresTransform(sampling, 3).analyze(signals)
    assert not a[0].any()
    assert a[1, 0] == pytest.approx(np.sqrt(4 * np.pi), abs=1e-12)


@pytest.mark.parametrize("degree", [0, 1, 7])
def test_random_coefficients_have_one_degree_and_unit_variances(degree):
    a = random_coefficients(np.random.default_rng(0), degree, 9, 4000)
    assert a.shape == (4000, coefficient_count(9))
    orders = np.arange(degree + 1)
    of_degree = orders * (19 - orders) // 2 + degree
    rest = np.delete(a, of_degree, axis=1)
    assert not rest.any()
    assert not a[:, degree].imag.any()
    power = (np.abs(a[:, of_degree]) ** 2).mean(axis=0)
    # Four standard errors: variance of the square is at most 2.
    np.testing.assert_allclose(power, 1, atol=4 * np.sqrt(2 / 4000))


def test_uniform_rotations_carry_the_pole_anywhere_alike():
    rng = np.random.default_rng(0)
    angles = np.array([uniform_rotation(rng) for _ in range(4000)])
    pole = Rotation.from_euler("ZYZ", angles).apply([0.0, 0.0, 1.0])
    # Four standard errors of means with variance 1/3 and of second moments.
    assert np.abs(pole.mean(axis=0)).max() < 4 * np.sqrt(1 / 3 / 4000)
    second = pole.T @ pole / len(pole)
    np.testing.assert_allclose(second, np.eye(3) / 3, atol=4 * np.sqrt(0.1 / 4000))


def test_tables_are_kept_as_long_as_their_sampling():
    sampling = Icosahedral(2)
    first = exact_transform(sampling, 5)
    assert exact_transform(sampling, 5) is first
    assert exact_transform(sampling, 4).lmax == 3
    table = weakref.ref(exact_transform(sampling, 4))
    del sampling, first
    gc.collect()
    assert table() is None
