"""Forecasts without a network, from the training times: what a network should beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.commands.forecast.options import ForecastOptions
from deepsphere_pyg.commands.forecast.parts import Part
from deepsphere_pyg.commands.forecast.series import Series
from deepsphere_pyg.harmonics import SHT, exact_bandlimit
from deepsphere_pyg.metrics.forecast import Climatology, DampedPersistence
from samplings import HEALPix, Sampling
from samplings.arrays import IntArray
from samplings.missing_values import without_missing

# Largest bandlimit of transforms by a dense matrix, and of others.
_DENSE, _MOST = 32, 128
# Training windows of the regression, spread over all, and those at once.
_WINDOWS, _BLOCK = 1000, 16
# Share of the sphere by which samplings of the whole of it may differ.
_WHOLE = 1e-3


@dataclass(eq=False)
class References:
    """Normal states, and the regression of anomalies on the present ones.

    Attributes
    ----------
    mean
        Mean state of the training times, shape ``(V, C)``.
    valid
        True where the field exists, same shape.
    seasons
        Normal states by season; None if the mean stands for all.
    regression
        Damped persistence; None without training times.
    """

    mean: Tensor
    valid: Tensor
    seasons: Climatology | None = None
    regression: DampedPersistence | None = None

    def normal(self, times: Any) -> Tensor:
        """Return the normal states at some times, ``(*times, V, C)``.

        They are NaN where a season has no state of a vertex.
        """
        if self.seasons is None:
            shape = (*np.shape(times), *self.mean.shape)
            return self.mean.expand(shape)
        found = torch.from_numpy(self.seasons.at(times))
        # Where the field does not exist, nothing is scored.
        return torch.where(self.valid, found, 0.0)

    def forecast(self, present: Tensor, now: Any, ahead: Any) -> Tensor | None:
        """Return the regression's forecasts ``(N, lead, V, C)``, if there is one.

        Parameters
        ----------
        present
            Shape ``(N, V, C)``.
        now, ahead
            Times of the present states and of those that are forecast, ``(N,)`` and
            ``(N, lead)``.
        """
        if self.regression is None:
            return None
        anomaly = present - self.normal(now)
        return self.normal(ahead) + self.regression.forecast(anomaly)


def window_times(
    series: Series, part: Part, indices: IntArray, leads: int
) -> tuple[Any, Any]:
    """Return present and later times of windows, ``(N,)`` and ``(N, lead)``."""
    present = part.windows.present[indices]
    after = present[:, None] + 1 + np.arange(leads)
    return series.times[part.samples[present]], series.times[part.samples[after]]


def fit_references(
    options: ForecastOptions, series: Series, parts: dict[str, Part], task: Any
) -> References:
    """Fit normal states and the regression to the training times.

    Parameters
    ----------
    options, series
        Options of the command, and the series.
    parts
        Parts; without training times there is the mean of the task alone.
    task
        The trained task.

    Raises
    ------
    ValueError
        If the climatology lacks seasons.
    """
    found = References(task.climatology.double().cpu(), task.valid.cpu())
    if "train" not in parts:
        return found
    train, test = parts["train"], parts["test"]
    if options.climatology != "all":
        found.seasons = Climatology(options.climatology)
        for i in np.flatnonzero(train.chosen):
            state = without_missing(train.windows.fields[i])[None]
            found.seasons.update(state, series.times[train.samples[[i]]])
    # Windows of the length of those of the test, in the training times.
    windows = np.array(test.windows.inside(train.chosen), dtype=np.int64)
    if not len(windows):
        print(
            f"regression left out, since the training times have no {options.leads + 1}"
            " consecutive states"
        )
        return found
    few = np.linspace(0, len(windows) - 1, min(_WINDOWS, len(windows)))
    windows = windows[np.unique(few.round().astype(np.int64))]
    bandlimit = bandlimit_of(series.maps.sampling) if _complete(train, task) else None
    by = {"by": "vertex"} if bandlimit is None else {"by": "degree", "L": bandlimit}
    valid = task.valid.cpu()
    sizes = (series.maps.sampling, series.n_states, options.leads)
    damped = DampedPersistence(*sizes, **by)
    for first in range(0, len(windows), _BLOCK):
        some = windows[first : first + _BLOCK]
        now, ahead = window_times(series, test, some, options.leads)
        samples = [test.windows[int(i)] for i in some]
        present = torch.stack([one.x[-1] for one in samples])
        later = torch.stack(
            [torch.where(one.mask & valid, one.y, torch.nan) for one in samples]
        )
        damped.update(present - found.normal(now), later - found.normal(ahead))
    found.regression = damped
    return found


def bandlimit_of(sampling: Sampling) -> int | None:
    """Return a bandlimit that a sampling of the whole sphere resolves, or None."""
    if abs(float(sampling.weights.sum()) / (4 * np.pi) - 1) > _WHOLE:
        return None
    exact = exact_bandlimit(sampling)
    if exact is not None:
        limit = min(exact, _MOST)
    elif isinstance(sampling, HEALPix):
        limit = min(2 * sampling.nside, _MOST)
    else:
        # A quarter as many coefficients as vertices.
        limit = min(int(np.sqrt(len(sampling)) / 2), _DENSE)
    try:
        SHT(sampling, max(limit, 1))
    except ValueError:
        # Least squares that are ill-conditioned.
        return None
    return max(limit, 1)


def _complete(train: Part, task: Any) -> bool:
    """Whether all states that windows may have are known everywhere."""
    if not bool(task.valid.all()):
        return False
    used = train.windows.fields
    return all(np.isfinite(without_missing(one)).all() for one in used)
