"""Films of the first forecast, of a few of its states."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.commands.forecast.ensembles import mean_of
from deepsphere_pyg.commands.forecast.options import ForecastOptions
from deepsphere_pyg.commands.forecast.series import Series
from deepsphere_pyg.plot.films import forecast_film
from deepsphere_pyg.plot.maps import named, quantity_of

# Most frames of a film, spread over the lead times.
MOST = 60


class Frames:
    """States of a forecast that a film and a picture show; others are not kept.

    Parameters
    ----------
    leads
        Number of lead times.
    film
        Whether there is a film; else the last state alone is kept.

    Attributes
    ----------
    leads
        Lead times of the frames, from 0.
    values
        First variable of the frames, ``(V,)`` each.
    last
        The last state, ``(V, C)``.
    """

    def __init__(self, leads: int, film: bool) -> None:
        few = np.linspace(0, leads - 1, min(MOST, leads) if film else 0)
        self.leads: list[int] = np.unique(few.round().astype(int)).tolist()
        self._wanted, self._end = set(self.leads), leads - 1
        self.values: list[npt.NDArray[Any]] = []
        self.last: npt.NDArray[Any] = np.zeros((0, 0))
        self.members = 1

    def add(self, lead: int, members: npt.NDArray[Any]) -> None:
        """Keep the mean of members ``(M, V, C)`` if it is shown."""
        self.members = len(members)
        if lead in self._wanted:
            self.values.append(mean_of(members)[:, 0])
        if lead == self._end:
            self.last = mean_of(members)


def write_film(
    options: ForecastOptions,
    series: Series,
    frames: Frames,
    present: npt.NDArray[Any],
    truth: npt.NDArray[Any] | None,
) -> Path:
    """Write a film of the first variable, which starts at the present state.

    Parameters
    ----------
    options, series
        Options of the command, and the series.
    frames
        States of the forecast.
    present
        First variable of the present state, shape ``(V,)``.
    truth
        The same of the truth at the times of the frames, ``(frame, V)``; None if it is
        not known.
    """
    name, unit = series.names[0], series.units[0]
    times = [f"{series.step.text(lead + 1)} ahead" for lead in frames.leads]
    path = options.folder / f"forecast.{options.animation}"
    forecast_film(
        path,
        series.maps.sampling,
        np.stack([present, *frames.values]),
        None if truth is None else np.stack([present, *truth]),
        ["present", *times],
        label=named(name, unit),
        quantity=quantity_of(unit),
        name="forecast" if frames.members == 1 else "mean of the ensemble",
        coastlines=not options.without_coastlines,
    )
    return path
