"""Bases of filters on the disc: definitions, orthogonality, means over azimuth."""

import math

import numpy as np
import pytest
from scipy.special import j0

from deepsphere_pyg import MorletBasis, PiecewiseLinearBasis, ZernikeBasis
from tests.round_off import assert_near


def places(n=200, seed=0):
    rng = np.random.default_rng(seed)
    return np.sqrt(rng.random(n)), rng.uniform(-np.pi, np.pi, n)


def test_odd_piecewise_linear_functions_interpolate_on_a_polar_grid():
    radial, n = 5, 4
    radius, azimuth = places()
    values = PiecewiseLinearBasis(radial, n).values(radius, azimuth)
    nodes = np.arange(4) / 3
    # The first node of a ring is north, from where they go counterclockwise: west.
    around = np.array([np.pi, -np.pi / 2, 0.0, np.pi / 2])
    wanted = [np.interp(radius, nodes, [1, 0, 0, 0])]
    for ring in np.eye(4)[1:3]:
        for turn in np.eye(n):
            sector = np.interp(azimuth, around, turn, period=2 * np.pi)
            wanted.append(np.interp(radius, nodes, ring) * sector)
    assert_near(values, np.stack(wanted), 10)


@pytest.mark.parametrize("radial", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("azimuthal", [2, 3, 6])
def test_piecewise_linear_functions_add_up_to_one_within_the_last_node(
    radial, azimuthal
):
    basis = PiecewiseLinearBasis(radial, azimuthal)
    radius, azimuth = places()
    last = 1 - 2 / (radial + 1)
    total = basis.values(radius, azimuth).sum(axis=0)
    # Beyond the last node nothing but its hat is left, which falls to zero.
    assert_near(total, np.minimum(1, (1 - radius) / (1 - last)), basis.n_basis, 1.0)


def test_even_piecewise_linear_functions_are_continuous_across_the_centre():
    basis = PiecewiseLinearBasis(4, 3)
    azimuth = np.linspace(0, 6, 20)
    here = basis.values(np.full(20, 1e-12), azimuth)
    there = basis.values(np.full(20, 1e-12), azimuth + np.pi)
    assert_near(here, there, scale=1e4)


def test_zernike_polynomials_are_those_of_the_textbook():
    radius, azimuth = places()
    x, y = radius * np.cos(azimuth), radius * np.sin(azimuth)
    wanted = [
        np.ones_like(x),
        # sin(m a) of a negative m is minus that of |m|.
        *(-2 * y, 2 * x),
        *(-math.sqrt(6) * 2 * x * y, math.sqrt(3) * (2 * radius**2 - 1)),
        math.sqrt(6) * (x**2 - y**2),
    ]
    values = ZernikeBasis(3).values(radius, azimuth)
    assert_near(values * math.sqrt(np.pi), np.stack(wanted), 10)


def test_zernike_polynomials_are_orthonormal():
    basis = ZernikeBasis(6)
    nodes, weights = np.polynomial.legendre.leggauss(12)
    radius, azimuth = np.meshgrid((nodes + 1) / 2, 2 * np.pi * np.arange(24) / 24)
    area = weights / 2 * radius * (2 * np.pi / 24)
    values = basis.values(radius.ravel(), azimuth.ravel())
    assert_near((values * area.ravel()) @ values.T, np.eye(21), 288)


def test_morlet_functions_are_waves_under_a_window():
    radius, azimuth = places()
    south, east = radius * np.cos(azimuth), radius * np.sin(azimuth)
    window = np.cos(np.pi / 2 * radius) ** 2
    waves_south = [1, np.sin(np.pi * south), np.cos(np.pi * south)]
    waves_east = [1, np.sin(np.pi * east)]
    wanted = np.stack([window * s * e for s in waves_south for e in waves_east])
    assert_near(MorletBasis(3, 2).values(radius, azimuth), wanted, 10)
    square = MorletBasis(3, 3).values(radius, azimuth)
    assert np.array_equal(MorletBasis(3).values(radius, azimuth), square)


def test_means_over_azimuth_are_known():
    radius = np.linspace(0, 1, 7)
    rings = PiecewiseLinearBasis(5).values(radius, 0 * radius)
    means = PiecewiseLinearBasis(5, 3).azimuthal_means(radius)
    assert_near(means, np.repeat(rings / 3, [1, 3, 3], axis=0)[:7] * [[3], *[[1]] * 6])
    zernike = ZernikeBasis(5)
    expected = np.where(
        zernike.isotropic[:, None], zernike.values(radius, 0 * radius), 0.0
    )
    assert_near(zernike.azimuthal_means(radius), expected, 100)
    window = np.cos(np.pi / 2 * radius) ** 2
    wave = MorletBasis(5, 1).azimuthal_means(radius)[4]
    # Bessel's integral.
    assert_near(wave, window * j0(2 * np.pi * radius), 100, 1.0)


@pytest.mark.parametrize(
    "basis",
    [
        PiecewiseLinearBasis(3),
        PiecewiseLinearBasis(4),
        PiecewiseLinearBasis(3, 5),
        PiecewiseLinearBasis(2, 3),
        ZernikeBasis(4),
        MorletBasis(3),
    ],
    ids=repr,
)
def test_bases_know_which_functions_are_isotropic(basis):
    azimuth = np.linspace(-3, 3, 31)
    for radius in (0.35, 0.8):
        values = basis.values(np.full(31, radius), azimuth)
        assert values.shape == (basis.n_basis, 31)
        constant = np.ptp(values, axis=1) < 1e-12
        vanishing = np.abs(values).max(axis=1) < 1e-12
        assert np.array_equal(constant | vanishing, basis.isotropic | vanishing)


def test_numbers_of_functions_are_checked():
    with pytest.raises(ValueError, match="radial must be at least 1, got 0"):
        PiecewiseLinearBasis(0)
    with pytest.raises(TypeError, match=r"azimuthal must be an integer, got 2\.5"):
        PiecewiseLinearBasis(3, 2.5)
    with pytest.raises(ValueError, match="order must be at least 1, got -1"):
        ZernikeBasis(-1)
    with pytest.raises(ValueError, match="zonal must be at least 1, got 0"):
        MorletBasis(2, 0)
