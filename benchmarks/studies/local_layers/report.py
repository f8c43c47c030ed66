"""Tables and a picture of the results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.measuring.files import markdown_table
from benchmarks.studies.climate_runs.report import spread
from benchmarks.studies.local_layers.kinds import KINDS
from deepsphere_pyg.plot.style import legend_below, new_figure, styled

#: Scores by task: their names, factors and digits.
SCORES = {
    "events": ("mAP in %", 100, 1),
    "year": ("error in years", 1, 1),
    "forcing": ("maps right in %", 100, 1),
}
MARKERS = "os^DvPX"
Rows = Sequence[Mapping[str, str]]


def rows_of(rows: Rows, task: str) -> dict[str, Rows]:
    """Return the results of a task by kind, in the order of the list of kinds."""
    found = {
        name: [row for row in rows if (row["task"], row["kind"]) == (task, name)]
        for name in KINDS
    }
    return {name: some for name, some in found.items() if some}


def values(rows: Rows, fact: str, factor: float = 1) -> list[float]:
    """Return a fact of each row."""
    return [factor * float(row[fact]) for row in rows if row[fact]]


def table(rows: Rows, task: str) -> str:
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
    timed_rows = rows_of(rows, "times")
    for kind, some in rows_of(rows, task).items():
        cells = [KINDS[kind].title, f"{int(some[0]['parameters']):,}"]
        cells.append(spread(values(some, "score", factor), digits))
        if task == "events":
            cells.append(spread(values(some, "rotated", factor), digits))
        cells.append(f"{spread(values(some, 'error', 100))} %")
        if task == "events":
            timed = timed_rows.get(kind, [])
            cells += [
                spread(values(timed, fact), digits) for fact in ("step_ms", "map_ms")
            ]
        lines.append(cells)
    return markdown_table(head, lines)


@styled
def picture(rows: Rows) -> Figure:
    """Draw scores against errors under rotation: each training, and their means.

    An open circle is the mean score of the same maps, rotated.
    """
    tasks = [task for task in SCORES if rows_of(rows, task)]
    figure, panels = new_figure(1, len(tasks), (4.6 * len(tasks), 4.4))
    axes: Any
    for axes, task in zip(np.ravel(panels), tasks, strict=True):
        name, factor, _ = SCORES[task]
        found = rows_of(rows, task)
        for number, kind in enumerate(KINDS):
            if kind not in found:
                continue
            errors = np.array(values(found[kind], "error", 100))
            scores = np.array(values(found[kind], "score", factor))
            turned = values(found[kind], "rotated", factor)
            style = {"color": f"C{number}", "marker": MARKERS[number]}
            axes.plot(errors, scores, ls="none", ms=3, mew=0, alpha=0.4, **style)
            x, y = errors.mean(), scores.mean()
            style |= {"ms": 8, "label": KINDS[kind].title, "ls": "none", "zorder": 3}
            axes.plot(x, y, **style)
            if turned:
                ends = (y, np.mean(turned))
                axes.plot((x, x), ends, color=f"C{number}", lw=1)
                axes.plot(x, ends[1], **style | {"mfc": "white", "label": None})
        axes.set_xlim(left=0)
        axes.set_xlabel("error under rotation in %")
        axes.set_ylabel(name)
        if task == "events":
            axes.set_title("small: each training; open: mean of rotated maps")
    legend_below(figure, np.ravel(panels)[0])
    return figure
