"""Scores, files and pictures of forecasts of the test times."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from deepsphere_pyg.commands.forecast.ensembles import (
    forecast_blocks,
    mean_of,
    window_starts,
)
from deepsphere_pyg.commands.forecast.film import Frames, write_film
from deepsphere_pyg.commands.forecast.options import ForecastOptions
from deepsphere_pyg.commands.forecast.output import (
    rollout_layout,
    rollout_order,
    write_rollouts,
)
from deepsphere_pyg.commands.forecast.parts import Part
from deepsphere_pyg.commands.forecast.pictures import hovmoller_of, spectra_of
from deepsphere_pyg.commands.forecast.scores import print_rows
from deepsphere_pyg.commands.forecast.series import Series
from deepsphere_pyg.commands.forecast.time_step import time_text
from deepsphere_pyg.commands.forecast.verifying import verified
from deepsphere_pyg.commands.options.training import (
    n_parameters,
    print_files,
    run_facts,
    write_figures,
)
from deepsphere_pyg.plot.ensembles import ensemble_scores
from deepsphere_pyg.plot.forecasts import error_growth, lead_curves
from deepsphere_pyg.plot.labels import label_curves
from deepsphere_pyg.plot.regression import regression_maps
from deepsphere_pyg.training import Trained
from deepsphere_pyg.training.forecasts import ForecastEnsemble
from samplings.arrays import IntArray
from samplings.atomic_files import write_json, write_rows


def report(
    options: ForecastOptions,
    series: Series,
    parts: dict[str, Part],
    ensemble: ForecastEnsemble,
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
    ensemble
        The trained network, or several forecasts by it or by others.
    trained
        Its training; None for a checkpoint.
    facts
        Description of the data.
    seconds
        Duration of the training.
    """
    folder, part, task = options.folder, parts["test"], ensemble.tasks[0]
    of = "" if ensemble.size == 1 else f", ensembles of {ensemble.size},"
    print(f"\nscores on {len(part)} forecasts{of} of the test times\n")
    starts = _starts(part, series, options.n_rollouts)
    scores = verified(options, series, parts, ensemble, int(starts[0]))
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
    if scores.ranks is not None:
        metrics["members"] = ensemble.size
        by_variable = scores.ranks.movedim(-1, 0).tolist()
        names = series.names
        metrics["rank_histograms"] = dict(zip(names, by_variable, strict=True))
    write_json(folder / "metrics.json", metrics)
    write_rows(folder / "scores.csv", rows)
    path = _write(options, series, part, ensemble, starts)
    files: list[Path] = [folder / "metrics.json", folder / "scores.csv", path]
    frames = Frames(options.leads, options.animation is not None)
    first = _forecast(options, part, ensemble, int(starts[0]))
    for lead, members in enumerate(first):
        frames.add(lead, members)
    named = [row for row in rows if row["region"] == options.regions[0]]
    window = part.windows[int(starts[0])]
    mean = mean_of(first)
    figures = {
        "lead_errors.png": lead_curves(named),
        "error_growth.png": error_growth(named),
        "hovmoller.png": hovmoller_of(options, series, window, mean, scores.normal),
        "forecast.png": _picture(options, series, part, task, int(starts[0]), mean),
    }
    if scores.spectra is not None:
        figures["spectra.png"] = spectra_of(series, scores.spectra)
    if scores.ranks is not None:
        figures["ensemble.png"] = ensemble_scores(named, scores.ranks.numpy())
    if trained is not None:
        unit = "standard deviations"
        figures["learning_curves.png"] = label_curves(trained.history, ["rmse"], unit)
    pictures = write_figures(folder, figures)
    if options.animation is not None:
        known = window.mask[frames.leads, :, 0] & task.valid[:, 0].cpu()
        truth = np.where(known, window.y[frames.leads, :, 0], np.nan)
        present = window.x[-1, :, 0].numpy()
        pictures.append(write_film(options, series, frames, present, truth))
    print_files(*pictures, *files)
    if trained is None:
        print(f"checkpoint {' '.join(map(str, options.checkpoint or ()))}")
        return 0
    print(f"checkpoint {trained.checkpoint}")
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


def _write(
    options: ForecastOptions,
    series: Series,
    part: Part,
    ensemble: ForecastEnsemble,
    starts: IntArray,
) -> Path:
    """Write the forecasts of some windows."""
    leads, size = options.leads, options.batch_size
    present = part.windows.present[starts]
    after = present[:, None] + 1 + np.arange(leads)
    order = rollout_order(len(starts), leads, ensemble.size, size)
    layout = rollout_layout(
        series, part.samples[present], series.times[part.samples[after]], order
    )
    forced = ensemble.tasks[0].n_forcing > 0
    windows = window_starts(part.windows, starts.tolist(), forced)
    blocks = forecast_blocks(ensemble, windows, leads, size)
    return write_rollouts(options.folder, options, series, layout, blocks)


def _forecast(
    options: ForecastOptions, part: Part, ensemble: ForecastEnsemble, start: int
) -> Any:
    """Return the forecast of a window, ``(lead, M, V, C)``."""
    window = part.windows[start]
    ahead = window.forcing if ensemble.tasks[0].n_forcing else None
    size = options.batch_size
    return ensemble.rollout(
        window.x[None], options.leads, ahead, batch_size=size, progress=False
    )[0]


def _picture(
    options: ForecastOptions,
    series: Series,
    part: Part,
    task: Any,
    start: int,
    forecast: Any,
) -> Figure:
    """Draw the last lead time of a forecast ``(lead, V, C)`` of the first variable."""
    window = part.windows[start]
    now = part.samples[part.windows.present[start]]
    name, unit = series.names[0], series.units[0]
    figure = regression_maps(
        series.maps.sampling,
        window.x[-1, :, 0].numpy(),
        window.y[-1, :, 0].numpy(),
        forecast[-1, :, 0],
        input_name=name,
        name=name,
        unit=unit,
        mask=(window.mask[-1, :, 0] & task.valid[:, 0].cpu()).numpy(),
        coastlines=not options.without_coastlines,
    )
    lead = series.step.text(options.leads)
    figure.suptitle(f"forecast of {name}, {lead} after {time_text(series.times[now])}")
    return figure
