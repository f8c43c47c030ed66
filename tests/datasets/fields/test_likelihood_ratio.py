"""The least error of telling two Gaussian fields apart, and spectra of lensing."""

from pathlib import Path

import numpy as np
import pytest
from scipy.special import eval_legendre
from scipy.stats import chi2, norm

from deepsphere_pyg.datasets import (
    convergence_spectra,
    cosmology_spectra,
    likelihood_ratio_error,
    white_noise_power,
)
from samplings import HEALPix


def test_proportional_spectra_compare_one_chi_squared() -> None:
    """Of C and aC, the ratio is a function of one chi-squared of all modes."""
    lmax, a = 20, 1.2
    shape = np.r_[0, 0, 1 / np.arange(2, lmax + 1)]
    modes = (lmax + 1) ** 2 - 4
    threshold = modes * np.log(a) / (1 - 1 / a)
    expected = [chi2.sf(threshold, modes), chi2.cdf(threshold / a, modes)]
    found = likelihood_ratio_error([shape, a * shape])
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_simulated_coefficients_err_as_often() -> None:
    spectra = convergence_spectra(300) * np.array([[1.0], [1.03]])
    noise, fraction = 2e-10, 0.25
    expected = likelihood_ratio_error(spectra, noise_power=noise, sky_fraction=fraction)
    random, trials = np.random.default_rng(0), 5000
    power = spectra[:, 2:] + noise
    modes = fraction * (2 * np.arange(2, 301) + 1)
    for wrong, (own, sign) in enumerate(zip(power, (1, -1), strict=True)):
        drawn = 2 * random.standard_gamma(modes / 2, (trials, len(modes))) * own
        ratio = modes @ np.log(power[1] / power[0]) / 2
        ratio = ratio + drawn @ (1 / power[1] - 1 / power[0]) / 2
        found = np.mean(sign * ratio < 0)
        # Five standard deviations of the share.
        spread = np.sqrt(expected[wrong] / trials)
        assert found == pytest.approx(expected[wrong], abs=5 * spread)


def test_a_patch_errs_as_its_exact_likelihood() -> None:
    """The ratio of multivariate normal densities of all pixels of a base pixel."""
    nside = 8
    patch = HEALPix(nside, nest=True)[np.arange(nside * nside)]
    degrees = np.arange(3 * nside)
    spectra = np.array([np.exp(-degrees / 40), np.exp(-degrees / 40)])
    spectra[1, nside:] *= 1.6
    spectra[:, :2] = 0
    power = 0.02
    cosine = np.clip(patch.xyz @ patch.xyz.T, -1, 1)
    legendre = eval_legendre(degrees[:, None, None], cosine)
    share = (2 * degrees + 1) / (4 * np.pi)
    noise = power * len(patch) * 12 / (4 * np.pi)
    first, second = (
        np.tensordot(share * row, legendre, 1) + noise * np.eye(len(patch))
        for row in spectra
    )
    random, errors = np.random.default_rng(1), []
    inverse = np.linalg.inv(second) - np.linalg.inv(first)
    constant = np.linalg.slogdet(second)[1] - np.linalg.slogdet(first)[1]
    for covariance, sign in ((first, 1), (second, -1)):
        maps = random.multivariate_normal(np.zeros(len(patch)), covariance, 4000)
        ratio = constant + np.einsum("ni,ij,nj->n", maps, inverse, maps)
        errors.append(np.mean(sign * ratio < 0))
    found = likelihood_ratio_error(spectra, noise_power=power, sky_fraction=1 / 12)
    # Modes of a patch of so few pixels are not quite those of a share of the sphere.
    distances = [-2 * norm.ppf(np.mean(e)) for e in (errors, found)]
    assert distances[0] == pytest.approx(distances[1], rel=0.15)


def test_noise_power_is_that_of_independent_pixels() -> None:
    nside, sigma = 16, 0.3
    pixels = 12 * nside**2
    # A coefficient is a sum over pixels of area 4 pi / n with |Y|^2 = 1 / 4 pi.
    expected = sigma**2 * pixels * (4 * np.pi / pixels) ** 2 / (4 * np.pi)
    assert white_noise_power(sigma, nside) == pytest.approx(expected, rel=1e-12)


def test_closed_form_is_near_the_published_spectra(shared_data: Path) -> None:
    path = shared_data / "cosmology" / "spectrum_cosmo.npz"
    published, own = cosmology_spectra(path), convergence_spectra(3071)
    for low, high in ((100, 200), (200, 400), (400, 800), (800, 1600), (1600, 3071)):
        part = slice(low, high)
        means = own[:, part].mean(0) / published[:, part].mean(0)
        ratios = own[1, part] / own[0, part] * published[0, part] / published[1, part]
        assert np.mean(means) == pytest.approx(1, abs=0.06)
        assert np.mean(ratios) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(
    ("spectra", "options", "message"),
    [
        ([[0, 0, 1.0]] * 3, {}, "two classes, got 3"),
        ([[0, 0, 1.0]] * 2, {}, "spectra are equal"),
        ([[0, 0, 1.0], [0, 0, 2.0]], {"sky_fraction": 1.5}, "at most 1, got 1.5"),
        ([[0, 0, 1.0], [0, 0, 2.0]], {"noise_power": -1}, "noise_power"),
        ([[0, 0, 1.0, 0], [0, 0, 2.0, 1]], {}, "one class alone"),
    ],
)
def test_bad_input_is_refused(spectra: object, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        likelihood_ratio_error(spectra, **options)  # type: ignore[arg-type]
