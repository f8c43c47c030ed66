"""Lognormal maps: their spectra, skewness, seeds and errors."""

import healpy
import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from scipy.special import eval_legendre

from deepsphere_pyg.datasets import GaussianFields, LognormalFields
from samplings import HEALPix

NSIDE = 16
DEGREES = np.arange(2 * NSIDE + 1)
SPECTRUM = np.where(DEGREES > 1, 1 / (DEGREES + 5.0) ** 2.5, 0)
SPECTRUM *= 0.0097**2 / ((2 * DEGREES + 1) @ SPECTRUM / (4 * np.pi))
SPECTRA = [SPECTRUM, SPECTRUM]
KAPPA0 = [0.0216, 0.0187]
SPHERE = HEALPix(NSIDE, nest=False)


def maps(n, sampling=SPHERE, **options):
    return LognormalFields(sampling, SPECTRA, KAPPA0, n, **options)


def test_the_spectrum_of_the_maps_is_that_asked_for():
    count = 300
    data = maps(count, seed=2)
    np.testing.assert_allclose(data.expected_spectra[:, 2:], data.spectra[:, 2:])
    measured = np.zeros((2, len(DEGREES)))
    for sample in data:
        signal = sample.x[:, 0].double().numpy()
        measured[sample.y] += healpy.anafast(signal, lmax=DEGREES[-1], iter=3)
    measured /= count / 2
    # The scatter of lognormal maps exceeds that of Gaussian ones by the trispectrum,
    # less than twice here; pixels beyond lmax add less than a percent by aliasing.
    scatter = SPECTRUM * np.sqrt(2 / (2 * DEGREES + 1) / (count / 2))
    part = DEGREES >= 2
    deviation = (measured - SPECTRUM)[:, part] / scatter[part]
    assert np.abs(deviation).max() < 2 * 4.5
    assert np.abs(deviation.mean()) < 0.5


def test_skewness_variance_and_mean_are_those_of_the_formula():
    count = 200
    data = maps(count, seed=3)
    values = np.array([sample.x[:, 0].double().numpy() for sample in data])
    for kind in (0, 1):
        of_class = values[kind::2]
        # Maps are independent: their scatter gives the error of the mean.
        for power, wanted in (
            (1, 0.0),
            (2, data.variance[kind]),
            (3, data.skewness[kind] * data.variance[kind] ** 1.5),
        ):
            moments = (of_class**power).mean(axis=1)
            error = moments.std(ddof=1) / len(moments) ** 0.5
            assert abs(moments.mean() - wanted) < 4.5 * error
    assert data.skewness == pytest.approx([1.44, 1.70], abs=0.03)
    assert (values.min(axis=1) > -np.tile(KAPPA0, count // 2)).all()


def test_correlations_are_the_logarithm_of_those_of_the_maps():
    mu = np.linspace(-1, 1, 7)
    legendre = eval_legendre(DEGREES[:, None], mu)
    share = (2 * DEGREES + 1) / (4 * np.pi)
    # Where power is needed at neither the monopole nor beyond, both are the same.
    smooth = np.exp(-0.8 * DEGREES) * 1e-6
    data = LognormalFields(SPHERE, [smooth, smooth], 0.01, 2)
    xi, xi_g = (
        (share * smooth) @ legendre,
        (share * data.gaussian_spectra[0]) @ legendre,
    )
    np.testing.assert_allclose(xi_g, np.log1p(xi / 0.01**2), rtol=1e-6, atol=1e-9)


def test_large_shifts_give_gaussian_maps():
    lognormal = LognormalFields(SPHERE, SPECTRA, 1e4, 2, seed=1, noise=0.01)
    gaussian = GaussianFields(SPHERE, SPECTRA, 2, seed=1, noise=0.01)
    for one, other in zip(lognormal, gaussian, strict=True):
        np.testing.assert_allclose(one.x, other.x, atol=1e-6)


def test_maps_depend_on_seed_and_index_and_parts_are_parts():
    few, many = maps(2, seed=5), maps(4, seed=5)
    assert (few[1].x == many[1].x).all()
    assert not (few[1].x == maps(2, seed=6)[1].x).all()
    mask = SPHERE.lat > 20
    assert (maps(2, SPHERE[mask], seed=5)[1].x == few[1].x[mask]).all()
    turned = maps(2, seed=5, rotate=Rotation.from_euler("z", 90, degrees=True))[1].x
    # A quarter turn moves pixels onto pixels; float32 of values of .04.
    np.testing.assert_allclose(
        np.sort(turned[:, 0]), np.sort(few[1].x[:, 0]), atol=1e-8
    )


@pytest.mark.parametrize(
    ("kappa0", "spectra", "message"),
    [
        (0.0, SPECTRA, "kappa0 must be positive and finite, got 0.0; pass minus"),
        ([0.1, -1.0], SPECTRA, "kappa0 must be positive and finite, got -1.0"),
        ([0.1] * 3, SPECTRA, r"kappa0 must be a number or 2 numbers, one a class, got"),
        (0.1, [[0, 1.0], [0, 1.0]], r"must be above -kappa0\*\*2 = -0.01 at all angl"),
        (
            0.3,
            [[0, 0, 0, 0.1], [0, 0, 0, 0.1]],
            r"spectra must be those of a lognormal field to 1% of the variance, got",
        ),
    ],
)
def test_errors(kappa0, spectra, message):
    with pytest.raises(ValueError, match=message):
        LognormalFields(SPHERE, spectra, kappa0, 2)
