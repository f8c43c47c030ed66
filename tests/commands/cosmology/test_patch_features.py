"""Features of patches of the sky, against NumPy, healpy and spectra known by hand."""

import healpy
import numpy as np
import pytest

from deepsphere_pyg.commands.cosmology.patch_features import (
    PixelHistogram,
    PseudoSpectrum,
)
from samplings import Equiangular, HEALPix

NSIDE = 8
AREA = 4 * np.pi / (12 * NSIDE**2)
PATCH = HEALPix(NSIDE, nest=True)[range(16)]
# Errors of healpy's transforms: some hundred sums and recurrences in double precision.
PRECISION = 1e-12


def maps(n, pixels, seed=0):
    return np.random.default_rng(seed).normal(size=(n, pixels))


def degrees(lmax=3 * NSIDE - 1):
    return np.arange(lmax + 1)


# -- histograms ------------------------------------------------------------------------
def test_histograms_are_those_of_numpy():
    clean = maps(5, 300)
    features = PixelHistogram.of(clean)
    edges = np.linspace(clean.min(), clean.max(), 101)
    other = 2 * maps(4, 300, seed=1)
    expected = [np.histogram(one, edges)[0] for one in other]
    np.testing.assert_array_equal(features(other), expected)
    assert (features(other).sum(axis=1) < 300).all()
    np.testing.assert_array_equal(features(clean).sum(axis=1), 300)


def test_each_repeat_has_noise_of_its_own():
    x, features = maps(3, 200), PixelHistogram(-5, 5)
    found = features(x, noise=0.5, repeats=2, seed=7)
    expected = [
        np.histogram(
            one + 0.5 * np.random.default_rng([7, repeat, i]).standard_normal(200),
            100,
            (-5, 5),
        )[0]
        for repeat in range(2)
        for i, one in enumerate(x)
    ]
    np.testing.assert_array_equal(found, expected)
    # Noise of a map does not depend on what is beside, or on how often.
    np.testing.assert_array_equal(features(x[:1], noise=0.5, seed=7), found[:1])
    assert (features(x, noise=0.5, seed=8) != found[:3]).any()


def test_repeats_without_noise_are_equal():
    x, features = maps(3, 50), PixelHistogram(-5, 5, bins=4)
    clean = features(x)
    np.testing.assert_array_equal(features(x, repeats=2), np.concatenate([clean] * 2))


# -- spectra ---------------------------------------------------------------------------
@pytest.mark.parametrize("nest", [True, False])
@pytest.mark.parametrize("iterations", [0, 3])
def test_spectra_of_whole_skies_are_those_of_healpy(nest, iterations):
    sphere = HEALPix(NSIDE, nest=nest)
    x = maps(2, len(sphere))
    found = PseudoSpectrum(sphere, iterations=iterations)(x)
    for one, spectrum in zip(x, found, strict=True):
        ring = healpy.reorder(one, n2r=True) if nest else one
        power = healpy.anafast(ring, iter=iterations)
        expected = degrees() * (degrees() + 1) * power
        np.testing.assert_allclose(spectrum, expected, rtol=PRECISION)


@pytest.mark.parametrize("outside", [0.0, healpy.UNSEEN])
@pytest.mark.parametrize("part", [range(16), range(64), [70, 3, 5]])
def test_the_sky_is_empty_outside_the_patch(outside, part):
    sphere = HEALPix(NSIDE, nest=True)
    x = maps(1, len(part))
    sky = np.full(len(sphere), outside)
    sky[np.asarray(part)] = x[0]
    power = healpy.anafast(healpy.reorder(sky, n2r=True), iter=0, lmax=12)
    (found,) = PseudoSpectrum(sphere[part], lmax=12)(x)
    factor = degrees(12) * (degrees(12) + 1)
    np.testing.assert_allclose(found, factor * power, rtol=PRECISION)


def test_a_single_pixel_has_equal_power_at_all_degrees():
    """Its coefficients are its area times harmonics, of mean square 1 / 4 pi."""
    x = np.zeros((1, 16))
    x[0, 9] = 3
    (found,) = PseudoSpectrum(PATCH)(x)
    expected = degrees() * (degrees() + 1) * (3 * AREA) ** 2 / (4 * np.pi)
    np.testing.assert_allclose(found, expected, rtol=PRECISION)


def test_power_of_white_noise_is_that_of_its_pixels():
    n, sigma = 400, 2.0
    found = PseudoSpectrum(PATCH)(np.zeros((n, 16)), noise=sigma)[:, 1:]
    factor = degrees()[1:] * (degrees()[1:] + 1)
    mean = (found / factor).mean()
    # The sum over the pixels of the above; the sum of squares of n * 16 normal numbers
    # has a relative spread of (2 / 16 n)^0.5, and degrees are no more independent.
    expected = 16 * (sigma * AREA) ** 2 / (4 * np.pi)
    assert abs(mean / expected - 1) < 5 * (2 / (16 * n)) ** 0.5


def test_maps_may_be_in_single_precision():
    x = maps(2, 16).astype(np.float32)
    for features in (PseudoSpectrum(PATCH), PixelHistogram(-5, 5)):
        found = features(x)
        assert found.dtype == np.float64
        np.testing.assert_array_equal(found, features(x.astype(np.float64)))


# -- bad input -------------------------------------------------------------------------
def test_missing_values_are_refused():
    for code in (healpy.UNSEEN, np.float32(healpy.UNSEEN), np.nan):
        x = maps(2, 16)
        x[1, 3] = code
        with pytest.raises(ValueError, match="missing values, got 1 of 16 in map 1"):
            PixelHistogram(-5, 5)(x)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: PixelHistogram(1, 1), ValueError, "low must be below high"),
        (lambda: PixelHistogram(0, np.inf), ValueError, "both finite, got 0.0 and inf"),
        (lambda: PixelHistogram(0, 1, 0), ValueError, "bins must be at least 1"),
        (lambda: PixelHistogram.of(np.zeros(0)), ValueError, "must have pixels"),
        (lambda: PixelHistogram.of(np.ones(3)), ValueError, "got 1.0 and 1.0"),
        (lambda: PixelHistogram("a", 1), TypeError, "low must be a number"),
        (lambda: PseudoSpectrum(Equiangular(4)), TypeError, "HEALPix or a part of it"),
        (lambda: PseudoSpectrum(PATCH, lmax=24), ValueError, "at most .* 23, got 24"),
        (lambda: PseudoSpectrum(PATCH, iterations=-1), ValueError, "at least 0"),
        (
            lambda: PseudoSpectrum(PATCH)(maps(1, 15)),
            ValueError,
            "16 pixels, .* got 15",
        ),
        (lambda: PixelHistogram(0, 1)(np.ones(3)), ValueError, r"\(n, vertex\), got"),
        (lambda: PixelHistogram(0, 1)(["a"]), TypeError, "maps must be real numbers"),
        (lambda: PixelHistogram(0, 1)(maps(1, 4), noise=-1), ValueError, "noise must"),
        (lambda: PixelHistogram(0, 1)(maps(1, 4), repeats=0), ValueError, "repeats"),
    ],
)
def test_wrong_arguments_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
