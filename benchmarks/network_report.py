"""Table, numbers and figure of networks trained by ``laplacians_in_networks.py``."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from network_tasks import Graph, Score, Task

from deepsphere_pyg.atomic_files import atomic_path
from deepsphere_pyg.plot.maps import new_figure

#: Scores of finished runs, by task, graph and seed.
Runs = Mapping[tuple[str, Graph, int], Mapping[str, float]]

COLUMNS = ("task", "weighting", "k", "seed", "score", "value")
# Okabe and Ito's vermilion and blue: distinct for colour-blind readers.
COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7")
MARKERS = ("o", "s", "^", "D")


def values(runs: Runs, task: Task, graph: Graph, key: str) -> list[float]:
    """A score of all seeds of a task on a graph, seeds in order."""
    found = {
        s: run for (name, g, s), run in runs.items() if (name, g) == (task.name, graph)
    }
    return [found[seed][key] for seed in sorted(found) if found[seed][key] is not None]


def cell(score: Score, of_seeds: Sequence[float]) -> str:
    """Mean and standard deviation between seeds, in the score's unit."""
    if not of_seeds:
        return "-"
    shown = [score.shown(value) for value in of_seeds]
    digits = 1 if score.percent else 3
    text = f"{mean(shown):.{digits}f}"
    return text if len(shown) == 1 else f"{text} ± {stdev(shown):.{digits}f}"


def markdown(runs: Runs, task: Task, graphs: Sequence[Graph]) -> str:
    """Table of a task: a row a graph, with its cost and error; a column a score."""
    titles = [s.title + (", %" if s.percent else "") for s in task.scores]
    head = ["graph", "links", "Laplacian's error ×10⁻⁴", *titles, "seeds"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for graph in graphs:
        found = [values(runs, task, graph, score.key) for score in task.scores]
        cells = [cell(*pair) for pair in zip(task.scores, found, strict=True)]
        links, errors = (values(runs, task, graph, key) for key in ("links", "error"))
        if links:
            of_graph = [f"{mean(links):.1f}", f"{1e4 * mean(errors):.0f}"]
            row = [graph.name, *of_graph, *cells, str(len(links))]
            lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines)


def write_csv(path: Path, runs: Runs) -> None:
    """Write one row a score of a run; values as fractions of one."""
    with atomic_path(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for (task, graph, seed), run in runs.items():
            for key, value in run.items():
                row = (task, graph.weighting, graph.k, seed, key, value)
                writer.writerow(row)


def figure(runs: Runs, tasks: Sequence[Task], graphs: Sequence[Graph]) -> Figure:
    """Draw a row of panels a task: each run a point, the mean of its graph a bar."""
    columns = max(len(task.drawn) for task in tasks)
    size = (4.6 * columns, 2.9 * len(tasks) + 0.2)
    drawn, panels = new_figure(len(tasks), columns, size)
    for row, task in zip(panels, tasks, strict=True):
        titles = {score.key: score for score in task.scores}
        for column, (panel, (key, compared)) in enumerate(
            zip(row, task.drawn, strict=True)
        ):
            _draw(panel, runs, task, graphs, titles[key])
            if compared is not None:
                _compare(panel, runs, task, graphs, titles[compared])
            if column:
                # Errors start at none; scores are compared with each other.
                panel.set_ylim(bottom=0)
            else:
                _widen(panel)
        row[0].set_title(task.title, loc="left", fontsize=10, fontweight="bold")
    return drawn


def _draw(
    panel: Axes, runs: Runs, task: Task, graphs: Sequence[Graph], score: Score
) -> None:
    """Points and means of one score."""
    weightings = list(dict.fromkeys(graph.weighting for graph in graphs))
    for place, graph in enumerate(graphs):
        shown = [score.shown(v) for v in values(runs, task, graph, score.key)]
        if not shown:
            continue
        which = weightings.index(graph.weighting) % len(COLOURS)
        colour = COLOURS[which]
        middle = mean(shown)
        panel.plot([place - 0.28, place + 0.28], [middle, middle], color=colour, lw=2.5)
        # Side by side, or equal runs would hide each other.
        step = 0.12
        places = [place + step * (i - (len(shown) - 1) / 2) for i in range(len(shown))]
        panel.plot(places, shown, MARKERS[which], color=colour, ms=5, mfc="white")
    panel.set_xticks(range(len(graphs)), [graph.name for graph in graphs])
    panel.set_xlim(-0.6, len(graphs) - 0.4)
    panel.set_ylabel(score.title + (" [%]" if score.percent else ""), fontsize=9)
    panel.tick_params(labelsize=8)
    panel.grid(alpha=0.3, axis="y")
    panel.margins(y=0.15)
    panel.spines[["top", "right"]].set_visible(False)


def _compare(
    panel: Axes, runs: Runs, task: Task, graphs: Sequence[Graph], score: Score
) -> None:
    """A dashed line at the mean of what does not depend on the graph."""
    found = [
        score.shown(v) for graph in graphs for v in values(runs, task, graph, score.key)
    ]
    if found:
        panel.axhline(mean(found), color="#666666", ls="--", lw=1, label=score.title)
        panel.legend(fontsize=8, frameon=False)


def _widen(panel: Axes, least: float = 4.0) -> None:
    """Show at least so many percent, or a tenth of one would look like a difference."""
    low, high = panel.get_ylim()
    missing = max(0.0, least - (high - low)) / 2
    panel.set_ylim(low - missing, high + missing)
