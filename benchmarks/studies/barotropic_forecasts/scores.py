"""Errors and energy of forecasts at each degree, from which all scores follow."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from benchmarks.studies.barotropic_forecasts.truth import Array
from deepsphere_pyg.datasets.flows.standard_cases import EARTH_RADIUS
from deepsphere_pyg.harmonics import HarmonicLayout

Spectra = npt.NDArray[np.float64]
#: Share of the energy below which a degree has none to compare.
NOTHING = 1e-6


def spectrum(c: Array) -> Spectra:
    """Return the mean square at each degree, ``(..., row) -> (..., L)``.

    By Parseval's theorem their sum is that of the field, so that no error of areas is
    added on any sampling.
    """
    L = round(c.shape[-1] ** 0.5)
    firsts = np.arange(L) ** 2
    # Forecasts that diverge have errors that are not finite.
    with np.errstate(over="ignore", invalid="ignore"):
        squares = np.square(c, dtype=np.float64)
    return np.add.reduceat(squares, firsts, axis=-1) / (4 * np.pi)


def error_spectra(forecast: Array, later: Array) -> Spectra:
    """Return mean squared errors by lead and degree, ``(lead, L)``."""
    return spectrum(forecast - later).mean(axis=0)


def vorticity_rmse(errors: Spectra, spread: float) -> Spectra:
    """Return root mean squared errors of the vorticity by lead, in 1/s.

    Parameters
    ----------
    errors
        Those of :func:`error_spectra`.
    spread
        Vorticity of one unit, in 1/s.
    """
    return spread * np.sqrt(errors.sum(axis=-1))


def wind_rmse(errors: Spectra, spread: float) -> Spectra:
    """Return root mean squared lengths of the error of the wind by lead, in m/s."""
    degrees = np.arange(errors.shape[-1], dtype=np.float64)
    inverse = np.zeros_like(degrees)
    inverse[1:] = EARTH_RADIUS**2 / (degrees[1:] * (degrees[1:] + 1))
    return spread * np.sqrt(errors @ inverse)


def spectrum_ratio(forecast: Array, later: Array) -> Spectra:
    """Return the energy of forecasts over that of the truth at each degree but 0.

    Energies are means over all starts and leads. Degrees at which the truth has nearly
    nothing, such as 1, which the equation keeps as it is, have a ratio of NaN.
    """
    found, true = (spectrum(c).mean(axis=(0, 1))[1:] for c in (forecast, later))
    ratio = np.full(found.shape, np.nan)
    counts = true > NOTHING * true.sum()
    ratio[counts] = found[counts] / true[counts]
    return ratio


def relative(one: Array, other: Array) -> float:
    """Return the root mean square of a difference over that of the second."""
    rows = HarmonicLayout(round(one.shape[-1] ** 0.5)).degrees > 0
    change = np.square((one - other)[..., rows], dtype=np.float64).mean()
    size = np.square(other[..., rows], dtype=np.float64).mean()
    return float(np.sqrt(change / size))
