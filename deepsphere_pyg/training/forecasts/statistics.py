"""Statistics of a series of states, with which forecasts are standardized."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.datasets.fill_values import FillValues
from deepsphere_pyg.training.forecasts.windows import ForecastWindows
from samplings.arrays import FloatArray
from samplings.missing_values import without_missing


class SeriesStatistics(NamedTuple):
    """Statistics by area over the known values of the training times.

    Attributes
    ----------
    mean, std
        Of the states, shape ``(C,)``.
    increment_mean, increment_std
        Of the increments of a step, shape ``(C,)``.
    forcing_mean, forcing_std
        Of the forcing, shape ``(forcings,)``.
    climatology
        Mean state, shape ``(V, C)``; NaN where it is never known.
    """

    mean: FloatArray
    std: FloatArray
    increment_mean: FloatArray
    increment_std: FloatArray
    forcing_mean: FloatArray
    forcing_std: FloatArray
    climatology: FloatArray


class _Moments:
    """Means and spreads of channels, merged part by part."""

    def __init__(self, channels: int) -> None:
        self.total, self.mean, self.squares = np.zeros((3, channels))

    def add(self, values: FloatArray, weights: FloatArray) -> None:
        """Add values ``(V, C)``, NaN where missing, with weights ``(V, 1)``."""
        known = np.isfinite(values)
        share = np.where(known, weights, 0)
        part = share.sum(axis=0)
        least = np.maximum(part, np.finfo(float).tiny)
        x = np.where(known, values, 0)
        mean = (share * x).sum(axis=0) / least
        # Centred sums (Chan et al.): plain ones would cancel for pressures, whose mean
        # is a hundred times their spread.
        difference = mean - self.mean
        both = np.maximum(self.total + part, np.finfo(float).tiny)
        self.squares += (share * (x - mean) ** 2).sum(axis=0)
        self.squares += difference**2 * (self.total * part / both)
        self.mean += difference * part / both
        self.total += part

    @property
    def std(self) -> FloatArray:
        """Standard deviations, zero where nothing is known."""
        return np.sqrt(self.squares / np.where(self.total > 0, self.total, 1))


def series_statistics(
    windows: ForecastWindows, part: Sequence[int], area: npt.ArrayLike
) -> SeriesStatistics:
    """Compute the statistics of the states that some windows hold.

    Parameters
    ----------
    windows
        Windows of a series.
    part
        Indices of windows, of the training.
    area
        Weight of each vertex, shape ``(V,)``; or ``(V, C)``, zero where a channel does
        not count.
    """
    used = np.zeros(len(windows.fields), dtype=bool)
    for now in windows.present[np.asarray(part, dtype=np.int64)]:
        used[now + 1 - windows.history : now + 1 + windows.steps] = True
    shape = windows.fields.shape[1:]
    weights = np.asarray(area, dtype=np.float64)
    weights = weights[:, None] if weights.ndim == 1 else weights
    states, increments = _Moments(shape[1]), _Moments(shape[1])
    forcing = _Moments(windows.forcing.shape[2])
    found = FillValues()
    sums, counts = np.zeros(shape), np.zeros(shape)
    before: FloatArray | None = None
    for t in range(len(used)):
        if not used[t]:
            before = None
            continue
        now = without_missing(windows.fields[t]).astype(np.float64)
        if t and before is not None and windows.linked[t - 1]:
            increments.add(now - before, weights)
        states.add(now, weights)
        found.add(now, weights.max(axis=1) > 0)
        ahead = without_missing(windows.forcing[t]).astype(np.float64)
        forcing.add(ahead, weights.max(axis=1, keepdims=True))
        known = np.isfinite(now)
        sums += np.where(known, now, 0)
        counts += known
        before = now
    found.warn("fields", None, "set them to NaN", stacklevel=4)
    missing = np.where(counts > 0, counts, np.nan)
    return SeriesStatistics(
        *(states.mean, states.std, increments.mean, increments.std),
        *(forcing.mean, forcing.std, sums / missing),
    )
