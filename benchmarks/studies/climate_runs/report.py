"""Tables and a picture of the results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.measuring.files import markdown_table
from benchmarks.measuring.kept import Kept
from benchmarks.studies.climate_runs.data import FORCED, LATE, Array
from deepsphere_pyg.plot.style import styled

Row = Mapping[str, str]
YEAR_HEAD = (
    "method",
    "with mean: all years",
    "1960-1999",
    "without mean: all years",
    "1960-1999",
    "spread of seeds",
)
FORCING_HEAD = ("method", "maps", "runs", "natural runs", "forced runs")
CHOSEN = "network chosen by validation"
KINDS = ("method", "sampling", "weighting")


def name_of(row: Row) -> str:
    """Return the name of a method."""
    return ", ".join(row[key] for key in KINDS if row[key])


def methods(kept: Kept, task: str) -> list[str]:
    """Return the names of the methods of a task, in the order of the first fold."""
    return list(dict.fromkeys(name_of(row) for row in kept.find(task=task)))


def by_fold(kept: Kept, task: str, given: str, name: str) -> dict[str, list[Any]]:
    """Return the rows of a method, by the runs held out.

    The method ``CHOSEN`` is, in each fold, the network with the best mean score of
    validation over the seeds that all networks have, which hold out the same runs: the
    lowest error of years, the highest accuracy.
    """
    rows = kept.find(task=task, input=given)
    folds: dict[str, list[Any]] = {}
    for held in dict.fromkeys(row["held"] for row in rows):
        own = [row for row in rows if row["held"] == held]
        if name == CHOSEN:
            networks = [row for row in own if row["method"] == "network"]
            names = list(dict.fromkeys(map(name_of, networks)))
            if not names:
                continue
            common = set.intersection(
                *({r["seed"] for r in networks if name_of(r) == n} for n in names)
            )
            scores = [
                np.mean(
                    [
                        float(r["validation"])
                        for r in networks
                        if name_of(r) == n and r["seed"] in common
                    ]
                )
                for n in names
            ]
            best = np.argmin(scores) if task == "year" else np.argmax(scores)
            found = [row for row in networks if name_of(row) == names[int(best)]]
        else:
            found = [row for row in own if name_of(row) == name]
        if found:
            folds[held] = found
    return folds


def rmse(found: Array, years: Array, chosen: Array) -> float:
    """Return the root-mean-square error over some of the years."""
    return float(np.sqrt(np.mean((found - years)[chosen] ** 2)))


def spread(values: Iterable[float], digits: int = 1) -> str:
    """Return mean and standard deviation as text."""
    numbers = np.array(list(values))
    if len(numbers) < 2:
        return "".join(f"{number:.{digits}f}" for number in numbers)
    return f"{numbers.mean():.{digits}f} ± {numbers.std(ddof=1):.{digits}f}"


def year_table(kept: Kept, years: Array) -> str:
    """Errors in years, as mean ± standard deviation over the runs held out.

    The last column is the standard deviation over the seeds of a network, with means,
    averaged over the runs.
    """
    late = (years >= LATE.start) & (years <= LATE.stop)
    everything = np.ones(len(years), dtype=bool)
    lines = []
    for name in [*methods(kept, "year"), CHOSEN]:
        cells = []
        seeds = []
        for given in ("with mean", "without mean"):
            folds = by_fold(kept, "year", given, name)
            for part in (everything, late):
                errors = (
                    rmse(y, years, part)
                    for rows in folds.values()
                    for y in kept.answers(rows).values()
                )
                cells.append(spread(errors))
            if given == "with mean" and name != CHOSEN:
                for rows in folds.values():
                    single = [
                        rmse(y, years, everything)
                        for row in rows
                        for y in kept.answers([row]).values()
                    ]
                    if len(single) > 1:
                        seeds.append(np.std(single, ddof=1))
        lines.append((name, *cells, f"{np.mean(seeds):.1f}" if seeds else ""))
    return markdown_table(YEAR_HEAD, lines)


def forcing_table(kept: Kept) -> str:
    """Shares of maps and of runs that are told right, over all pairs held out.

    A run counts as forced if the mean log-odds of its maps are above 0.
    """
    lines = []
    for name in [*methods(kept, "forcing"), CHOSEN]:
        folds = by_fold(kept, "forcing", "without mean", name)
        maps: list[float] = []
        right: dict[bool, list[bool]] = {False: [], True: []}
        for rows in folds.values():
            own = []
            for member, odds in kept.answers(rows).items():
                forced = int(member) in FORCED
                own.append(np.mean((odds > 0) == forced))
                right[forced].append(bool((odds.mean() > 0) == forced))
            maps.append(100 * float(np.mean(own)))
        counts = [f"{sum(x)}/{len(x)}" for x in (right[False], right[True])]
        both = right[False] + right[True]
        lines.append((name, spread(maps), f"{sum(both)}/{len(both)}", *counts))
    return markdown_table(FORCING_HEAD, lines)


@styled
def year_picture(kept: Kept, years: Array) -> Figure:
    """Draw the predicted against the true year of each run that was held out."""
    figure = Figure(figsize=(11, 3.2), layout="constrained")
    axes: Sequence[Any] = figure.subplots(1, len(FORCED), sharex=True, sharey=True)
    shown = {"ridge grid": ("C1", "ridge regression on the grid"), CHOSEN: ("C0", "")}
    for ax, held in zip(axes, FORCED, strict=True):
        for name, (colour, label) in shown.items():
            rows = by_fold(kept, "year", "with mean", name).get(str(held), [])
            for y in kept.answers(rows).values():
                error = rmse(y, years, np.ones(len(years), dtype=bool))
                what = label or f"{rows[0]['sampling']}, {rows[0]['weighting']}"
                ax.plot(
                    years,
                    y,
                    ".",
                    color=colour,
                    ms=4,
                    label=f"{what}: {error:.1f}",
                )
        ax.plot(years[[0, -1]], years[[0, -1]], color="0.5", lw=1)
        ax.set_title(f"run {held}, trained on the others", fontsize=9)
        ax.set_xlabel("year of the map")
        ax.legend(
            fontsize=7, loc="upper left", title="error in years", title_fontsize=7
        )
    # Room for the legends.
    axes[0].set_ylim(years[0] - 25, years[-1] + 65)
    axes[0].set_ylabel("predicted year")
    return figure
