"""Equivariance error against degree, as figure 2 of the DeepSphere paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from deepsphere_pyg.plot.maps import new_figure

# Okabe and Ito's colours: distinct for colour-blind readers, dark enough for lines.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
# Line styles and markers tell the resolutions apart without colour.
STYLES: tuple[tuple[Any, str], ...] = (("-", "o"), ("--", "s"), (":", "^"), ("-.", "D"))


@dataclass(frozen=True)
class ErrorCurve:
    """Errors of one graph, by degree.

    Parameters
    ----------
    sampling
        Name of the sampling: one line style each.
    k
        Number of neighbours: one colour each.
    degrees
        Degrees l, at least 1.
    mean, standard_error
        Mean error at each, and its standard error.
    published
        Errors printed by others for the same graph, by degree; may be empty.
    """

    sampling: str
    k: int
    degrees: Sequence[int]
    mean: Sequence[float]
    standard_error: Sequence[float]
    published: Mapping[int, float]


def equivariance_curves(curves: Sequence[ErrorCurve], title: str = "") -> Figure:
    """Draw mean equivariance errors against the degree, both on logarithmic axes.

    Bands are two standard errors on either side; published values are open circles
    of the same colour.

    Parameters
    ----------
    curves
        What to draw, at least one.
    title
        Above the axes.

    Raises
    ------
    ValueError
        If there is no curve.

    Examples
    --------
    >>> curve = ErrorCurve("healpix-32", 8, [10, 20], [0.17, 0.08], [0.01, 0.01], {})
    >>> len(equivariance_curves([curve]).axes[0].lines)
    1
    """
    if not curves:
        raise ValueError("there must be at least one curve to draw, got none")
    figure, grid = new_figure(1, 1, (7.6, 4.8))
    axes: Axes = grid[0, 0]
    samplings = list(dict.fromkeys(curve.sampling for curve in curves))
    neighbours = sorted({curve.k for curve in curves})
    for curve in curves:
        colour = COLOURS[neighbours.index(curve.k) % len(COLOURS)]
        style, marker = STYLES[samplings.index(curve.sampling) % len(STYLES)]
        _draw(axes, curve, colour, style, marker)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(r"degree $\ell$ of the signal")
    axes.set_ylabel(
        r"equivariance error  $\langle\, \|R_g L f - L R_g f\| \,/\, \|L f\|\, \rangle$"
    )
    axes.set_title(title, fontsize=10)
    _label_degrees(axes, curves)
    axes.grid(which="major", color="0.82", linewidth=0.7)
    axes.grid(which="minor", color="0.92", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    _add_legend(axes, samplings, neighbours, any(c.published for c in curves))
    return figure


def _draw(axes: Axes, curve: ErrorCurve, colour: str, style: str, marker: str) -> None:
    order = np.argsort(curve.degrees)
    degrees = np.asarray(curve.degrees, float)[order]
    mean = np.asarray(curve.mean)[order]
    spread = 2 * np.asarray(curve.standard_error)[order]
    axes.plot(
        degrees,
        mean,
        style,
        color=colour,
        marker=marker,
        markersize=3.5,
        linewidth=1.5,
        label=f"{curve.sampling}, k = {curve.k}",
    )
    # A logarithmic axis has no place for a band that reaches zero.
    lower = np.maximum(mean - spread, 0.05 * mean)
    axes.fill_between(degrees, lower, mean + spread, color=colour, alpha=0.18, lw=0)
    if curve.published:
        axes.plot(
            list(curve.published),
            list(curve.published.values()),
            linestyle="none",
            marker="o",
            markersize=7,
            markerfacecolor="none",
            markeredgecolor=colour,
            markeredgewidth=1.2,
        )


def _label_degrees(axes: Axes, curves: Sequence[ErrorCurve]) -> None:
    """Put round numbers 1, 2, 5, 10, ... on the axis of degrees."""
    drawn: npt.NDArray[np.int64] = np.concatenate(
        [[*curve.degrees, *curve.published] for curve in curves]
    )
    low, high = int(drawn.min()), int(drawn.max())
    round_numbers = np.outer(10.0 ** np.arange(5), [1, 2, 5]).ravel()
    ticks = [x for x in round_numbers if low <= x <= high]
    axes.xaxis.set_major_locator(FixedLocator(ticks or [low]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))


def _add_legend(
    axes: Axes, samplings: Sequence[str], neighbours: Sequence[int], published: bool
) -> None:
    """Explain colours (k) and line styles (samplings) apart, beside the curves."""
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=COLOURS[i % len(COLOURS)], lw=3, label=f"k = {k}")
        for i, k in enumerate(neighbours)
    ]
    for i, name in enumerate(samplings):
        style, marker = STYLES[i % len(STYLES)]
        handles.append(
            Line2D(
                [],
                [],
                color="0.25",
                linestyle=style,
                marker=marker,
                markersize=3.5,
                label=name,
            )
        )
    if published:
        handles.append(
            Line2D(
                [],
                [],
                linestyle="none",
                marker="o",
                markersize=7,
                markerfacecolor="none",
                markeredgecolor="0.25",
                label="published\n(arXiv:2012.15000)",
            )
        )
    handles.append(Patch(color="0.25", alpha=0.18, lw=0, label="± 2 standard errors"))
    axes.legend(
        handles=handles,
        fontsize=8,
        frameon=False,
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
    )
