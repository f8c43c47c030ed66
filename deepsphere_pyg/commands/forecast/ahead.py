"""Forecasts beyond the last known state."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from deepsphere_pyg.commands.forecast.ensembles import Starts, forecast_blocks
from deepsphere_pyg.commands.forecast.film import Frames, write_film
from deepsphere_pyg.commands.forecast.options import ForecastOptions
from deepsphere_pyg.commands.forecast.output import (
    ahead_layout,
    rollout_layout,
    rollout_order,
    write_rollouts,
)
from deepsphere_pyg.commands.forecast.series import Series
from deepsphere_pyg.commands.forecast.starting import (
    counts_of,
    forcing_ahead,
    initial_states,
    refuse_unknown_forcing,
)
from deepsphere_pyg.commands.forecast.time_step import time_text
from deepsphere_pyg.commands.options.training import print_files, write_figures
from deepsphere_pyg.plot.maps import (
    draw_map,
    named,
    new_figure,
    quantity_of,
    shared_limits,
)
from deepsphere_pyg.training.forecasts import ForecastEnsemble
from samplings.arrays import IntArray

LAST = "last"


def forecast_ahead(
    options: ForecastOptions, series: Series, ensemble: ForecastEnsemble
) -> int:
    """Forecast from one time or several; write the predicted states and pictures.

    States are written as they are computed, and forcing is read when it is needed, so
    that the memory does not grow with the length of the forecasts.

    Parameters
    ----------
    options
        Options of the command.
    series
        The series.
    ensemble
        The trained network, or several forecasts by it or by others.

    Raises
    ------
    ValueError
        If there is no such time, states before it are missing, or the forcing after it
        is not known.
    """
    leads = options.leads if options.lead is None else options.lead
    task, several = ensemble.tasks[0], "/" in (options.start or LAST)
    counts = None if options.start == LAST else counts_of(series, options.start or "")
    samples, states = initial_states(series, counts, task.history)
    starts = samples[:, -1]
    if task.n_forcing:
        refuse_unknown_forcing(series, starts, leads)
    valid = _valid_times(series, starts, leads)
    _tell(series, starts, valid, ensemble)
    order = rollout_order(len(starts), leads, ensemble.size, options.batch_size)
    if several or options.format == "zarr":
        layout = rollout_layout(series, starts, valid, order)
    else:
        layout = ahead_layout(series, starts, valid[0], order)
    frames = Frames(leads, options.animation is not None)
    blocks = forecast_blocks(
        ensemble,
        Starts(
            len(starts),
            lambda part: states[part],
            (lambda part: forcing_ahead(series, starts[part], leads))
            if task.n_forcing
            else None,
        ),
        leads,
        options.batch_size,
        frames.add,
    )
    path = write_rollouts(options.folder, options, series, layout, blocks)
    present = states[0, -1]
    figure = _picture(
        options, series, present, frames.last, series.times[starts[0]], valid[0, -1]
    )
    files = write_figures(options.folder, {"forecast.png": figure})
    if options.animation is not None:
        truth = _truth(series, int(starts[0]), frames)
        files.append(write_film(options, series, frames, present[:, 0], truth))
    print_files(*files, path)
    return 0


def _tell(
    series: Series, starts: IntArray, valid: npt.NDArray[Any], ensemble: Any
) -> None:
    """Print what is forecast."""
    times = np.unique(series.counts[starts], return_index=True)[1]
    first, last = series.times[starts[times[0]]], series.times[starts[times[-1]]]
    of = len(starts) // len(times)
    members = "" if of == 1 else f" of {of} members"
    if ensemble.size > 1:
        members += f", an ensemble of {ensemble.size}"
    begin = time_text(first)
    if len(times) > 1:
        begin = f"{len(times)} times, {begin} to {time_text(last)},"
    print(
        f"forecast   {valid.shape[1]} steps of {series.step.text()}{members} from "
        f"{begin} to {time_text(valid[times[-1], -1])}"
    )


def _valid_times(series: Series, starts: IntArray, leads: int) -> npt.NDArray[Any]:
    """Return the times of the predicted states, ``(N, lead)``."""
    _, first, place = np.unique(
        series.counts[starts], return_index=True, return_inverse=True
    )
    rows = [
        [series.step.after(series.times[start], k + 1) for k in range(leads)]
        for start in starts[first]
    ]
    return np.array(rows)[place]


def _truth(series: Series, start: int, frames: Frames) -> npt.NDArray[Any] | None:
    """Return the first variable at the times of a film, NaN where it is not known.

    Its shape is ``(frame, V)``; it is None if no state is known.
    """
    member, now = int(series.member[start]), float(series.counts[start])
    found = [series.at(member, now + 1 + lead) for lead in frames.leads]
    truth = np.full((len(found), len(series.maps.sampling)), np.nan)
    for i, sample in enumerate(found):
        if sample is not None:
            truth[i] = series.read(np.array([sample]), quiet=True)[0][0, :, 0]
    return truth if np.isfinite(truth).any() else None


def _picture(
    options: ForecastOptions,
    series: Series,
    state: npt.NDArray[Any],
    forecast: npt.NDArray[Any],
    initial: Any,
    valid: Any,
) -> Figure:
    """Draw the last known and the last predicted state of the first variable."""
    name, unit = series.names[0], series.units[0]
    quantity = quantity_of(unit)
    both = np.concatenate([state[:, 0], forecast[:, 0]])
    limits = shared_limits(both, quantity)
    figure, axes = new_figure(1, 3, (15, 3.6))
    coast = not options.without_coastlines
    for panel, values, title in (
        (axes[0][0], state, f"last known state, {time_text(initial)}"),
        (axes[0][1], forecast, f"forecast, {time_text(valid)}"),
    ):
        draw_map(
            panel,
            series.maps.sampling,
            values[:, 0],
            title=title,
            label=named(name, unit),
            quantity=quantity,
            limits=limits,
            coastlines=coast,
        )
    change = forecast[:, 0] - state[:, 0]
    draw_map(
        axes[0][2],
        series.maps.sampling,
        change,
        title="change",
        label=named("forecast - last known state", unit),
        quantity="difference",
        limits=None if np.isfinite(change).any() else (-1.0, 1.0),
        coastlines=coast,
    )
    return figure
