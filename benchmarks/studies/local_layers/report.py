"""Tables and a picture of the results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.measuring.files import markdown_table
from benchmarks.measuring.kept import Kept
from benchmarks.studies.climate_runs.report import spread
from benchmarks.studies.local_layers.kinds import KINDS
from deepsphere_pyg.plot.equivariance import plain_axes
from deepsphere_pyg.plot.style import new_figure, styled

#: Scores by task: their names, factors and digits.
SCORES = {
    "events": ("mAP in %", 100, 1),
    "year": ("error in years", 1, 1),
    "forcing": ("maps right in %", 100, 1),
}
Rows = Sequence[Mapping[str, str]]


def rows_of(kept: Kept, task: str) -> dict[str, list[dict[str, str]]]:
    """Return the results of a task by kind, in the order of the list of kinds."""
    found = {name: kept.find(task=task, kind=name) for name in KINDS}
    return {name: rows for name, rows in found.items() if rows}


def values(rows: Rows, fact: str, factor: float = 1) -> list[float]:
    """Return a fact of each row."""
    return [factor * float(row[fact]) for row in rows if row[fact]]


def table(kept: Kept, task: str) -> str:
    """One row for each kind: sizes, scores, errors under rotation in percent, times.

    Scores and errors are means ± standard deviations over seeds, and over the runs held
    out. Times are there for the events alone.
    """
    name, factor, digits = SCORES[task]
    head = ["layers", "parameters", name, "error under rotation"]
    if task == "events":
        head[3:3] = [f"{name}, rotated maps"]
        head += ["ms a step", "ms a map"]
    lines = []
    for kind, rows in rows_of(kept, task).items():
        cells = [KINDS[kind].title, f"{int(rows[0]['parameters']):,}"]
        cells.append(spread(values(rows, "score", factor), digits))
        if task == "events":
            cells.append(spread(values(rows, "rotated", factor), digits))
        cells.append(f"{spread(values(rows, 'error', 100))} %")
        if task == "events":
            timed = kept.find(task="times", kind=kind)
            cells += [
                spread(values(timed, fact), digits) for fact in ("step_ms", "map_ms")
            ]
        lines.append(cells)
    return markdown_table(head, lines)


@styled
def picture(kept: Kept, tasks: Sequence[str]) -> Figure:
    """Draw scores against errors under rotation: each training, and their means.

    An open circle is the mean score of the same maps, rotated.
    """
    figure, panels = new_figure(1, len(tasks), (4.6 * len(tasks) + 2.2, 3.8))
    axes: Any
    for axes, task in zip(np.ravel(panels), tasks, strict=True):
        name, factor, _ = SCORES[task]
        for number, kind in enumerate(KINDS):
            rows = rows_of(kept, task).get(kind)
            if rows is None:
                continue
            errors = np.array(values(rows, "error", 100))
            scores = np.array(values(rows, "score", factor))
            turned = values(rows, "rotated", factor)
            colour = f"C{number}"
            axes.plot(errors, scores, ".", color=colour, alpha=0.4)
            x, y = errors.mean(), scores.mean()
            axes.plot(x, y, "o", color=colour, markersize=8, label=KINDS[kind].title)
            if turned:
                ends = (y, np.mean(turned))
                axes.plot((x, x), ends, color=colour, lw=1)
                style = {"markersize": 8, "markerfacecolor": "white"}
                axes.plot(x, ends[1], "o", color=colour, **style)
        axes.set_xlim(left=0)
        axes.set_xlabel("error under rotation in %")
        axes.set_ylabel(name + (", rotated maps: open" if task == "events" else ""))
        plain_axes(axes)
    handles, labels = np.ravel(panels)[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", frameon=False)
    return figure
