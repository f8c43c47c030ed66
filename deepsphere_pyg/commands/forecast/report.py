"""Scores, files and pictures of forecasts of the test times."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from deepsphere_pyg.commands.forecast.options import ForecastOptions
from deepsphere_pyg.commands.forecast.output import rollout_layout, write_rollouts
from deepsphere_pyg.commands.forecast.parts import Part
from deepsphere_pyg.commands.forecast.pictures import hovmoller_of, spectra_of
from deepsphere_pyg.commands.forecast.scores import print_rows
from deepsphere_pyg.commands.forecast.series import Series
from deepsphere_pyg.commands.forecast.verifying import verified
from deepsphere_pyg.commands.options.training import (
    n_parameters,
    print_files,
    run_facts,
    write_figures,
)
from deepsphere_pyg.plot.forecasts import error_growth, lead_curves
from deepsphere_pyg.plot.labels import label_curves
from deepsphere_pyg.plot.regression import regression_maps
from deepsphere_pyg.training import Trained
from deepsphere_pyg.training.callbacks import write_rows
from samplings.arrays import IntArray
from samplings.atomic_files import write_json

PREDICTIONS = "predictions.nc"


def report(
    options: ForecastOptions,
    series: Series,
    parts: dict[str, Part],
    task: Any,
    trained: Trained | None,
    facts: str,
    seconds: float,
) -> int:
    """Test the network; print and write scores, forecasts and pictures.

    Parameters
    ----------
    options
        Options of the command.
    series, parts
        The series, and its windows, of which those of the test are scored; with those
        of the training there are more references.
    task
        The trained task.
    trained
        Its training; None for a checkpoint.
    facts
        Description of the data.
    seconds
        Duration of the training.
    """
    folder, part = options.folder, parts["test"]
    print(f"\nscores on {len(part)} forecasts of the test times\n")
    task.to(options.torch_device)
    starts = _starts(part, series, options.n_rollouts)
    scores = verified(options, series, parts, task, int(starts[0]))
    rows = scores.rows
    print_rows(rows)
    if scores.regression is not None:
        print(f"regression on the present anomaly, one factor by {scores.regression}")
    metrics = {
        **run_facts(options),
        "data": facts,
        "sampling": series.maps.sampling.name,
        "time_step": series.step.config,
        "parameters": n_parameters(task.network),
        "best_epoch": None if trained is None else trained.best_epoch,
        "seconds": round(seconds, 1),
        "definition": options.definition,
        "climatology": options.climatology,
        "regression": scores.regression,
        "test": rows,
    }
    write_json(folder / "metrics.json", metrics)
    write_rows(folder / "scores.csv", rows)
    present = part.windows.present[starts]
    after = present[:, None] + 1 + np.arange(options.leads)
    samples = rollout_layout(
        series, part.samples[present], series.times[part.samples[after]]
    )
    path = write_rollouts(
        folder / PREDICTIONS, series, samples, _rollouts(options, part, task, starts)
    )
    named = [row for row in rows if row["region"] == options.regions[0]]
    window = part.windows[int(starts[0])]
    (forecast,) = _rollouts(options, part, task, starts[:1])
    figures = {
        "lead_errors.png": lead_curves(named),
        "error_growth.png": error_growth(named),
        "hovmoller.png": hovmoller_of(options, series, window, forecast, scores.normal),
        "forecast.png": _picture(options, series, part, task, int(starts[0])),
    }
    if scores.spectra is not None:
        figures["spectra.png"] = spectra_of(series, scores.spectra)
    if trained is not None:
        unit = "standard deviations"
        figures["learning_curves.png"] = label_curves(trained.history, ["rmse"], unit)
    files: list[Path] = [folder / "metrics.json", folder / "scores.csv", path]
    print_files(*write_figures(folder, figures), *files)
    print(f"checkpoint {options.checkpoint if trained is None else trained.checkpoint}")
    if trained is not None:
        print(
            f"\nto forecast deepsphere-pyg forecast --checkpoint {trained.checkpoint} "
            f"--from last --lead {options.leads}"
        )
    return 0


def _starts(part: Part, series: Series, most: int) -> IntArray:
    """Return windows of all members from a few initial times, spread over the test."""
    indices = np.array(part.indices, dtype=np.int64)
    times = series.counts[part.samples[part.windows.present[indices]]]
    distinct = np.unique(times)
    few = np.linspace(0, len(distinct) - 1, min(most, len(distinct)))
    return indices[np.isin(times, distinct[few.round().astype(np.int64)])]


def _rollouts(
    options: ForecastOptions, part: Part, task: Any, starts: IntArray
) -> Iterator[Any]:
    """Go through the forecasts of some windows, batch by batch."""
    windows, size = part.windows, options.batch_size
    for first in range(0, len(starts), size):
        some = [windows[int(i)] for i in starts[first : first + size]]
        x = np.stack([one.x.numpy() for one in some])
        ahead = np.stack([one.forcing.numpy() for one in some])
        found = task.rollout(
            x,
            options.leads,
            ahead if task.n_forcing else None,
            batch_size=size,
            progress=False,
        )
        yield found.reshape(-1, *found.shape[2:])


def _picture(
    options: ForecastOptions, series: Series, part: Part, task: Any, start: int
) -> Figure:
    """Draw the last lead time of a forecast of the first variable."""
    (forecast,) = [
        block[-1, :, 0] for block in _rollouts(options, part, task, np.array([start]))
    ]
    window = part.windows[start]
    now = part.samples[part.windows.present[start]]
    name, unit = series.names[0], series.units[0]
    figure = regression_maps(
        series.maps.sampling,
        window.x[-1, :, 0].numpy(),
        window.y[-1, :, 0].numpy(),
        forecast,
        input_name=name,
        name=name,
        unit=unit,
        mask=(window.mask[-1, :, 0] & task.valid[:, 0].cpu()).numpy(),
    )
    lead = series.step.text(options.leads)
    figure.suptitle(f"forecast of {name}, {lead} after {time_text(series.times[now])}")
    return figure


def time_text(time: Any) -> str:
    """Return a time to the minute.

    Examples
    --------
    >>> time_text(np.datetime64("2001-02-03T06:00:00.000000000")), time_text(1990)
    ('2001-02-03 06:00', '1990')
    """
    if isinstance(time, np.datetime64):
        return str(time.astype("M8[m]")).replace("T", " ")
    return str(time)
