"""Errors of classifiers of noisy maps, and of their graphs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from deepsphere_pyg.plot.style import legend_above, new_figure, styled


@styled
def error_curves(
    errors: Mapping[str, Mapping[float, float]],
    limits: Mapping[float, float] | None = None,
) -> Figure:
    """Draw test errors against the level of noise.

    Parameters
    ----------
    errors
        For each classifier, its error in percent at each level of noise.
    limits
        The least error that there can be at each level.

    Returns
    -------
    Figure
        One panel.
    """
    figure, axes = new_figure(1, 1, (5.5, 4))
    panel = axes[0, 0]
    for name, curve in errors.items():
        levels = sorted(curve)
        panel.plot(levels, [curve[level] for level in levels], "o-", label=name)
    if limits:
        levels = sorted(limits)
        values = [limits[level] for level in levels]
        panel.plot(levels, values, "k--", label="least there can be")
    panel.axhline(50, color="0.6", linewidth=0.8, linestyle=":")
    panel.text(
        0.01,
        49.5,
        "chance",
        color="0.4",
        fontsize=8,
        va="top",
        transform=panel.get_yaxis_transform(),
    )
    panel.set_xticks(sorted({level for curve in errors.values() for level in curve}))
    panel.set_xlabel("standard deviation of the noise / that of the maps")
    panel.set_ylabel("test error, %")
    panel.set_ylim(bottom=0)
    panel.legend()
    return figure


@dataclass(frozen=True)
class ClassifierErrors:
    """Test errors of a classifier over seeds.

    Parameters
    ----------
    name
        What it is, without the number of neighbours.
    k
        Neighbours in its graph; 0 without a graph.
    equivariance
        Mean equivariance error of its graph; NaN without one.
    mean
        Mean error in percent.
    spread
        Standard deviation over seeds in percent; NaN of a single seed.
    """

    name: str
    k: int
    equivariance: float
    mean: float
    spread: float


@styled
def error_against_equivariance(classifiers: Sequence[ClassifierErrors]) -> Figure:
    """Draw test errors of networks against the equivariance errors of their graphs.

    Parameters
    ----------
    classifiers
        Networks on graphs, and others, which are drawn as lines.

    Returns
    -------
    Figure
        One panel; bars are standard deviations over seeds.

    Examples
    --------
    >>> heat = ClassifierErrors("heat weights", 8, 0.05, 13.5, 0.3)
    >>> flat = ClassifierErrors("flat 2-D", 0, math.nan, 31.5, 6.7)
    >>> axes = error_against_equivariance([heat, flat]).axes[0]
    >>> [text.get_text() for text in axes.texts]
    ['k = 8', 'flat 2-D']
    """
    figure, grid = new_figure(1, 1, (6.5, 4.0))
    axes = grid[0, 0]
    families: dict[str, list[ClassifierErrors]] = {}
    for one in classifiers:
        if one.k:
            families.setdefault(one.name, []).append(one)
    for number, (name, some) in enumerate(families.items()):
        some.sort(key=lambda one: one.equivariance)
        _draw_family(axes, name, some, number)
    for one in classifiers:
        if not one.k:
            axes.axhline(one.mean, color="0.5", linestyle="--", linewidth=1)
            # Beside the axes, where no data are.
            axes.annotate(
                one.name,
                (1, one.mean),
                xytext=(4, 0),
                xycoords=axes.get_yaxis_transform(),
                textcoords="offset points",
                va="center",
                fontsize=8,
                color="0.3",
            )
    axes.set_xscale("log")
    # Room for the numbers of neighbours at both ends.
    axes.margins(x=0.1, y=0.1)
    axes.set_xlabel("mean equivariance error of the graph")
    axes.set_ylabel("test error, %")
    axes.set_ylim(bottom=0)
    legend_above(figure, axes)
    return figure


def _draw_family(
    axes: Axes, name: str, some: Sequence[ClassifierErrors], number: int
) -> None:
    """Draw networks whose graphs differ in the number of neighbours alone."""
    colour, marker = f"C{number}", "osD^v"[number % 5]
    axes.errorbar(
        [one.equivariance for one in some],
        [one.mean for one in some],
        [0 if math.isnan(one.spread) else one.spread for one in some],
        color=colour,
        marker=marker,
        capsize=3,
        elinewidth=1,
        label=name,
    )
    # Those of every other family below, so that they stay apart.
    side = -1 if number % 2 else 1
    for one in some:
        reach = 0 if math.isnan(one.spread) else one.spread
        axes.annotate(
            f"k = {one.k}",
            (one.equivariance, one.mean + side * reach),
            xytext=(0, 5 * side),
            textcoords="offset points",
            ha="center",
            va="bottom" if side > 0 else "top",
            fontsize=8,
            color=colour,
        )
