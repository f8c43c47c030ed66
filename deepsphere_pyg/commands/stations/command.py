"""``deepsphere-pyg stations``: interpolate between weather stations, and forecast."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from deepsphere_pyg.commands.options.resuming import write_config
from deepsphere_pyg.commands.options.training import (
    prepare,
    print_files,
    run_facts,
    write_figures,
)
from deepsphere_pyg.commands.results import Results
from deepsphere_pyg.commands.stations.data import read_series
from deepsphere_pyg.commands.stations.day_of_year import DayOfYear
from deepsphere_pyg.commands.stations.forecasting import (
    DailyForecasting,
    Forecasting,
)
from deepsphere_pyg.commands.stations.interpolation import Interpolation
from deepsphere_pyg.commands.stations.options import (
    StationsOptions,
    check_options,
    checked_methods,
)
from deepsphere_pyg.commands.stations.report import (
    VALUES,
    answer_path,
    kept_answers,
    picture,
    scores_of,
    table,
)
from deepsphere_pyg.datasets.kept_array import write_array
from samplings.atomic_files import make_folder, write_json

#: What tells one result from another.
KEYS = ("method", "part")
_TASKS: dict[str, Any] = {
    "interpolate": Interpolation,
    "next-hour": Forecasting,
    "next-day": DailyForecasting,
    "day-of-year": DayOfYear,
}


def run(given: StationsOptions) -> int:
    """Run the command and return its exit status."""
    options = given.resolved
    check_options(options)
    kind = _TASKS[options.task or ""]
    methods = checked_methods(options.methods, kind.methods_of(options))
    prepare(options)
    results = Results(options.folder, KEYS, VALUES, ("methods", "seeds", "file"))
    results.keep_settings(options)
    write_config(given, options.folder)
    series = read_series(options)
    shape = "{} times, {} stations".format(*series.values.shape)
    share = series.n_reports / series.values.size
    print(
        f"data       {options.data}: {shape}, {', '.join(series.channel_names)}, "
        f"{100 * share:.1f} % of the reports are there"
    )
    task = kind(options, series)
    for note in task.notes:
        print(f"note       {note}")
    for part in task.parts:
        for method in methods:
            # Simple methods of forecasts have no random start.
            if part == task.parts[0] or task.each_part(method):
                _answer(task, method, part, results)
    text = table(task, methods, results, task.unit)
    print(f"\n{text}")
    answers = kept_answers(options.folder, task, methods)
    figure = picture(task, answers, results, task.unit)
    facts = {**run_facts(options), "limits": task.limits, "results": results.rows}
    write_json(options.folder / "metrics.json", facts)
    print_files(
        results.path,
        options.folder / "metrics.json",
        *write_figures(options.folder, {"errors.png": figure}),
    )
    return 0


def _answer(task: Any, method: str, part: int, results: Results) -> None:
    """Let a method answer for a part, unless an earlier run did."""
    path = answer_path(results.path.parent, method, part)
    if results.find(method=method, part=part) and path.exists():
        return
    print(f"\n{method}, {task.part_name} {part}")
    started = time.perf_counter()
    answer = task.answer(method, part)
    scores = scores_of(task.truth, answer.values, task.scored(part))
    make_folder(path.parent)
    write_array(path, np.asarray(answer.values, dtype=np.float32))
    minutes = (time.perf_counter() - started) / 60
    row = {**scores, "parameters": answer.parameters, "minutes": minutes}
    results.add({"method": method, "part": part, **row})
    print(f"test MSE {scores['mse']:.3f}", flush=True)
