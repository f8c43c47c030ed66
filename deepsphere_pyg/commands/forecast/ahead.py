"""Forecasts beyond the last known state."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from deepsphere_pyg.commands.forecast.options import ForecastOptions
from deepsphere_pyg.commands.forecast.output import ahead_layout, write_rollouts
from deepsphere_pyg.commands.forecast.report import PREDICTIONS, time_text
from deepsphere_pyg.commands.forecast.series import Series
from deepsphere_pyg.commands.options.training import print_files, write_figures
from deepsphere_pyg.plot.maps import draw_map, new_figure
from samplings.arrays import IntArray

LAST = "last"


def forecast_ahead(options: ForecastOptions, series: Series, task: Any) -> int:
    """Forecast from one time; write the predicted states and a picture.

    Parameters
    ----------
    options
        Options of the command.
    series
        The series.
    task
        The trained task.

    Raises
    ------
    ValueError
        If there is no such time, states before it are missing, or the forcing after it
        is not known.
    """
    leads = options.leads if options.lead is None else options.lead
    count = None if options.start == LAST else _count_of(series, options.start or LAST)
    samples, states = _initial(series, count, task.history)
    starts = samples[:, -1]
    forcing = _forcing(series, starts, leads) if task.n_forcing else None
    initial = series.times[starts[0]]
    valid = np.array([series.step.after(initial, k + 1) for k in range(leads)])
    members = "" if len(starts) == 1 else f" of {len(starts)} members"
    print(
        f"forecast   {leads} steps of {series.step.text()}{members} from "
        f"{time_text(initial)} to {time_text(valid[-1])}"
    )
    task.to(options.torch_device)
    found = task.rollout(states, leads, forcing, batch_size=options.batch_size)
    folder = options.folder
    layout = ahead_layout(series, starts, valid)
    path = write_rollouts(
        folder / PREDICTIONS, series, layout, iter(_flat(found, options.batch_size))
    )
    figure = _picture(series, states[0, -1], found[0, -1], initial, valid[-1])
    print_files(*write_figures(folder, {"forecast.png": figure}), path)
    return 0


def _flat(found: npt.NDArray[Any], size: int) -> list[npt.NDArray[Any]]:
    """Return blocks of the states of all forecasts, one after another."""
    states = found.reshape(-1, *found.shape[2:])
    return [states[i : i + size] for i in range(0, len(states), size)]


def _count_of(series: Series, text: str) -> float:
    """Return the time that a text names, in steps."""
    maps = series.maps
    matching = maps.matching({series.time: text})
    found = np.unique(series.counts[matching])
    if len(found) > 1:
        times = series.times[matching]
        raise ValueError(
            f"--from {text} stands for {len(found)} times, {time_text(times[0])} to "
            f"{time_text(times[-1])}; name one of them"
        )
    return float(found[0])


def _initial(
    series: Series, count: float | None, history: int
) -> tuple[IntArray, npt.NDArray[np.float32]]:
    """Return samples and values of the states that a forecast of each member starts at.

    Their shapes are ``(members, history)`` and ``(members, history, V, C)``.

    Parameters
    ----------
    series
        The series.
    count
        Time of the last of them in steps; by default the last time whose states are
        known.
    history
        Number of states.
    """
    members = np.unique(series.member).tolist()
    times = np.unique(series.counts)[::-1].tolist() if count is None else [count]
    for now in times:
        found = [
            series.at(member, now - back)
            for member in members
            for back in reversed(range(history))
        ]
        known = [sample for sample in found if sample is not None]
        if len(known) < len(found):
            continue
        samples = np.array(known, dtype=np.int64)
        states, _ = series.read(samples)
        if np.isfinite(states).any(axis=(1, 2)).all():
            shape = (len(members), history)
            return samples.reshape(shape), states.reshape(*shape, *states.shape[1:])
    when = "at any time" if count is None else "up to this time"
    raise ValueError(
        f"a forecast needs {history} consecutive states of each member, and they are "
        f"not known {when} in {series.maps.source.name}; "
        + ("fill the gaps" if count is None else "pass another time to --from")
    )


def _forcing(series: Series, starts: IntArray, leads: int) -> npt.NDArray[np.float32]:
    """Return the forcing at the times of a forecast, ``(members, lead, V, F)``."""
    found = []
    for start in starts.tolist():
        member, now = int(series.member[start]), float(series.counts[start])
        samples: list[int] = []
        while len(samples) < leads:
            sample = series.at(member, now + 1 + len(samples))
            if sample is None:
                last = len(samples)
                raise ValueError(
                    f"--forcing must be known at the {leads} times after "
                    f"{time_text(series.times[start])}, and {series.maps.source.name} "
                    f"has {last} of them; add times with the forcing and missing "
                    "states to the file, or pass "
                    + (f"--lead {last}" if last else "an earlier --from")
                )
            samples.append(sample)
        found.append(series.read(np.array(samples))[1])
    return np.stack(found)


def _picture(
    series: Series,
    state: npt.NDArray[Any],
    forecast: npt.NDArray[Any],
    initial: Any,
    valid: Any,
) -> Figure:
    """Draw the last known and the last predicted state of the first variable."""
    name, unit = series.names[0], series.units[0]
    label = f"{name}, {unit}" if unit else name
    both = np.concatenate([state[:, 0], forecast[:, 0]])
    known = both[np.isfinite(both)]
    low, high = np.percentile(known, [1, 99]) if len(known) else (0.0, 1.0)
    figure, axes = new_figure(1, 3, (15, 3.6))
    for panel, values, title in (
        (axes[0][0], state, f"last known state, {time_text(initial)}"),
        (axes[0][1], forecast, f"forecast, {time_text(valid)}"),
    ):
        draw_map(
            panel,
            series.maps.sampling,
            values[:, 0],
            title=title,
            label=label,
            limits=(float(low), float(high)),
        )
    change = forecast[:, 0] - state[:, 0]
    some = np.abs(change[np.isfinite(change)])
    reach = (float(np.percentile(some, 99)) if len(some) else 0.0) or 1.0
    draw_map(
        axes[0][2],
        series.maps.sampling,
        change,
        title="change",
        label=f"forecast - last known state{f', {unit}' if unit else ''}",
        cmap="RdBu_r",
        limits=(-reach, reach),
    )
    return figure
