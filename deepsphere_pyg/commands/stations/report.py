"""Tables, answers and pictures of ``deepsphere-pyg stations``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

import numpy as np

from deepsphere_pyg.commands.results import Results
from deepsphere_pyg.commands.stations.options import order_of
from deepsphere_pyg.datasets.kept_array import map_array
from samplings.arrays import FloatArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Columns of the results, beside those that tell one from another.
VALUES = ("mse", "mae", "r2", "reports", "parameters", "minutes")


def scores_of(truth: FloatArray, answers: FloatArray, scored: Any) -> dict[str, Any]:
    """Return the mean squared and absolute error, and the share of variance explained.

    Raises
    ------
    ValueError
        If there is not one report to score.
    """
    counts = scored & np.isfinite(answers)
    if not counts.any():
        raise ValueError(
            "there is no report to test on: all are missing in the test part; pass "
            "more stations or times"
        )
    error = (answers - truth)[counts]
    square = float(np.mean(error**2))
    variance = float(np.var(truth[counts]))
    return {
        "mse": square,
        "mae": float(np.mean(np.abs(error))),
        "r2": 1 - square / variance if variance else "",
        "reports": int(counts.sum()),
    }


def table(task: Any, methods: tuple[str, ...], results: Results, unit: str) -> str:
    """Return the table in Markdown: means over folds or seeds, and their spread."""
    errors = [f"MSE, {unit}²", f"MAE, {unit}"] if unit else ["MSE", "MAE"]
    head = ["method", *errors, "R²", "parameters", "minutes"]
    lines = []
    for method in methods:
        rows = results.find(method=method)
        if not rows:
            continue
        cells = [method]
        for name, digits in (("mse", 3), ("mae", 3), ("r2", 4)):
            cells.append(_spread([float(r[name]) for r in rows if r[name]], digits))
        count = int(rows[0]["parameters"])
        cells.append(f"{count:,}" if count else "")
        minutes = [float(row["minutes"]) for row in rows]
        cells.append(f"{mean(minutes):.1f}" if order_of(method) is not None else "")
        lines.append(cells)
    for name, error in task.limits.items():
        lines.append([name, f"{error:.3f}", "", "", "", ""])
    rows_of_table = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in rows_of_table)


def _spread(values: list[float], digits: int) -> str:
    """Mean, and standard deviation if there are several."""
    if not values:
        return ""
    if len(values) == 1:
        return f"{values[0]:.{digits}f}"
    return f"{mean(values):.{digits}f} ± {stdev(values):.{digits}f}"


def kept_answers(
    folder: Path, task: Any, methods: tuple[str, ...]
) -> dict[str, FloatArray]:
    """Return the answers of each method, of all parts: the first that has one."""
    found: dict[str, FloatArray] = {}
    for method in methods:
        for part in task.parts:
            path = answer_path(folder, method, part)
            if path.exists():
                values = np.asarray(map_array(path), dtype=np.float64)
                before = found.get(method, np.full(values.shape, np.nan))
                found[method] = np.where(np.isnan(before), values, before)
    return found


def answer_path(folder: Path, method: str, part: int) -> Path:
    """File of the answers of a method for a part."""
    return folder / "answers" / f"{method}-{part}.npy"


def picture(
    task: Any, answers: Mapping[str, FloatArray], results: Results, unit: str
) -> Figure:
    """Draw the errors of all methods, and where or when the best network is better."""
    # Late, as Matplotlib takes its time to load.
    from deepsphere_pyg.plot.stations import series_answers, station_errors

    means = {
        method: mean(float(row["mse"]) for row in results.find(method=method))
        for method in answers
    }
    simple = [m for m in means if order_of(m) is None and m not in task.ideal]
    networks = [m for m in means if order_of(m) is not None]
    best = [min(some, key=means.__getitem__) for some in (networks, simple) if some]
    scored = np.logical_or.reduce([task.scored(part) for part in task.parts])
    if not task.per_station:
        tested = scored[:, 0, 0]
        return series_answers(
            means,
            {method: answers[method][tested, 0, 0] for method in best},
            task.truth[tested, 0, 0],
            task.series.times[tested],
        )
    squares = {
        method: np.where(scored, (answers[method] - task.truth) ** 2, np.nan)
        for method in best
    }
    return station_errors(
        means,
        squares if len(squares) == 2 else {},
        (task.series.lon, task.series.lat),
        unit,
        limits=task.limits,
    )
