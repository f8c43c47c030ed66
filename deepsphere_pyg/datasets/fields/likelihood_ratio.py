"""The least error with which Gaussian fields of two spectra can be told apart."""

from __future__ import annotations

from typing import SupportsFloat, SupportsIndex

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.datasets.fields.power_spectra import checked_spectra
from samplings.arguments import (
    integer_argument,
    nonnegative_argument,
    positive_argument,
)

FloatArray = npt.NDArray[np.float64]

# The characteristic function is integrated to where its modulus is below this.
_TAIL = 1e-12
# Frequencies of the integral. Its integrand has a width of one standard deviation of
# the ratio and a phase of some tens of radians over it.
_STEPS = 20000


def white_noise_power(sigma: SupportsFloat, nside: SupportsIndex) -> float:
    r"""Power of white noise in the pixels of HEALPix, :math:`4\pi\sigma^2 / 12 n^2`.

    Parameters
    ----------
    sigma
        Standard deviation of the noise in a pixel, in the maps' unit.
    nside
        n, at least 1.

    Returns
    -------
    float
        :math:`N_l`, the same at all degrees l.

    Examples
    --------
    >>> round(white_noise_power(1.0, 512), 9)
    3.995e-06
    """
    deviation = nonnegative_argument("sigma", sigma, "pass 0 for no noise")
    n = integer_argument("nside", nside, 1)
    return float(np.pi * deviation**2 / (3 * n * n))


def likelihood_ratio_error(
    spectra: npt.ArrayLike,
    *,
    noise_power: SupportsFloat = 0.0,
    sky_fraction: SupportsFloat = 1.0,
    lowest: SupportsIndex = 2,
) -> FloatArray:
    r"""Error of the likelihood ratio of two Gaussian fields, the least there can be.

    .. math:: \ln\frac{p_0}{p_1} = \sum_l \frac{\nu_l}{2} \left[
        \ln\frac{C_l^1 + N}{C_l^0 + N}
        + \hat C_l \left(\frac{1}{C_l^1 + N} - \frac{1}{C_l^0 + N}\right) \right],
        \quad \nu_l = f (2l + 1)

    Under each class it is a sum of chi-squared variables, whose probability to have the
    wrong sign is found by inverting their characteristic function. No classifier errs
    less on average, if both classes are as frequent.

    Parameters
    ----------
    spectra
        :math:`C_l` of the two classes, shape ``(2, lmax + 1)``, in the square of the
        maps' unit.
    noise_power
        Power N of white noise, such as of :func:`white_noise_power`.
    sky_fraction
        Share f of the sphere that is seen, above 0 and at most 1.
    lowest
        Lowest degree that counts; monopole and dipole are left out by default.

    Returns
    -------
    ndarray
        Share of maps of each class that is taken for the other, shape ``(2,)``.

    Raises
    ------
    TypeError, ValueError
        If there are not two spectra, a number is out of its range, a degree has power
        in one class alone and there is no noise, or the spectra are equal.

    Notes
    -----
    On a part of the sphere modes are not independent: f (2l + 1) is the number of those
    that are, for patches much larger than the scales at which the spectra differ. On
    the whole sphere the result is exact.

    Source: Imhof 1961, Biometrika 48, 419, for the inversion.

    Examples
    --------
    >>> spectra = np.array([[0, 0] + [1.0] * 30, [0, 0] + [1.1] * 30])
    >>> likelihood_ratio_error(spectra).round(3)
    array([0.138, 0.144])
    """
    two = checked_spectra(spectra, np.iinfo(np.int64).max - 1)
    if len(two) != 2:
        raise ValueError(
            f"spectra must be those of two classes, got {len(two)}; pass two of them"
        )
    remedy = "pass the share of the sphere, above 0 and at most 1"
    fraction = positive_argument("sky_fraction", sky_fraction, remedy)
    if fraction > 1:
        raise ValueError(f"sky_fraction must be at most 1, got {fraction}; {remedy}")
    noise = nonnegative_argument("noise_power", noise_power, "pass 0 for no noise")
    first = integer_argument("lowest", lowest, 0)
    power: FloatArray = two[:, first:] + noise
    degrees = np.arange(first, two.shape[1], dtype=np.float64)
    modes = fraction * (2 * degrees + 1)
    seen = power.any(axis=0)
    power, modes = power[:, seen], modes[seen]
    if not power.all():
        raise ValueError(
            "without noise, a degree at which one class alone has power tells the "
            "classes apart without error; add noise, or leave out such degrees"
        )
    if np.array_equal(power[0], power[1]):
        raise ValueError("the two spectra are equal: no classifier tells them apart")
    constant = float(modes @ np.log(power[1] / power[0])) / 2
    # Chi-squared variables have these factors under each class.
    factors: FloatArray = power * (1 / power[1] - 1 / power[0]) / 2
    below = [_below_zero(constant, row, modes) for row in factors]
    return np.array([below[0], 1 - below[1]])


def _below_zero(constant: float, factors: FloatArray, modes: FloatArray) -> float:
    r"""Probability that :math:`c + \sum_l w_l \chi^2_{\nu_l}` is negative."""
    spread = float(np.sqrt(2 * modes @ factors**2))
    end = 1 / spread
    while _log_modulus(end, factors, modes) > np.log(_TAIL):
        end *= 2
    # Midpoints, since the integrand has a limit at zero and no value.
    step = end / _STEPS
    frequencies = step * (np.arange(_STEPS) + 0.5)
    phase = frequencies * constant
    log_modulus = np.zeros(_STEPS)
    for factor, count in zip(factors, modes, strict=True):
        angle = 2 * frequencies * factor
        phase += count / 2 * np.arctan(angle)
        log_modulus -= count / 4 * np.log1p(angle**2)
    integral = float(np.sum(np.exp(log_modulus) * np.sin(phase) / frequencies)) * step
    return 0.5 - integral / np.pi


def _log_modulus(frequency: float, factors: FloatArray, modes: FloatArray) -> float:
    return float(-modes @ np.log1p((2 * frequency * factors) ** 2) / 4)
