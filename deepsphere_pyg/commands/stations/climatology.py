"""Climatology of stations: the mean of each day of the year."""

from __future__ import annotations

import numpy as np

from deepsphere_pyg.datasets import StationSeries
from samplings.arrays import FloatArray

# Waves in a year that the mean follows, and reports needed to fit them.
_WAVES = 2
_LEAST = 2 * (2 * _WAVES + 1)


def year_fraction(series: StationSeries) -> FloatArray:
    """Return the share of its year that has passed at each time, in [0, 1).

    Years end with 1 whether or not they have a leap day, so that seasons agree.
    """
    date = series.times.astype("datetime64[D]")
    first = date.astype("datetime64[Y]")
    begin = first.astype("datetime64[D]")
    length = ((first + 1).astype("datetime64[D]") - begin).astype(np.float64)
    return np.asarray((date - begin).astype(np.float64) / length)


def climatology(series: StationSeries, n_train: int) -> FloatArray:
    """Return the mean of each day of the year, fitted to the first times.

    A mean and two waves in a year at each station and of each channel, by least squares
    of the reports that are there: means of single days would follow the weather of few
    years, and 29 February has a fraction of its year as other days have.

    Parameters
    ----------
    series
        Daily reports.
    n_train
        Times to fit to.

    Returns
    -------
    ndarray
        Shape ``(T, V, C)``; NaN for stations with fewer than ten reports to fit to.
    """
    phase = 2 * np.pi * year_fraction(series)
    waves = [f(n * phase) for n in range(1, _WAVES + 1) for f in (np.cos, np.sin)]
    table = np.stack([np.ones(len(phase)), *waves], axis=1)
    values = series.values[:n_train].reshape(n_train, -1)
    known = np.isfinite(values)
    found = np.full((len(phase), values.shape[1]), np.nan)
    whole = known.all(axis=0)
    if whole.any():
        fitted = np.linalg.lstsq(table[:n_train], values[:, whole], rcond=None)[0]
        found[:, whole] = table @ fitted
    for column in np.flatnonzero(~whole & (known.sum(axis=0) >= _LEAST)):
        rows = known[:, column]
        fitted = np.linalg.lstsq(
            table[:n_train][rows], values[rows, column], rcond=None
        )[0]
        found[:, column] = table @ fitted
    return found.reshape(series.values.shape)
