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

from deepsphere_pyg.plot.style import legend_beside, new_figure, styled
from deepsphere_pyg.plot.style import plain_axes as plain_axes

# Okabe and Ito's colours: distinct for colour-blind readers, dark enough for lines.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
# Line styles and markers tell samplings and weightings apart without colour.
STYLES: tuple[tuple[Any, str], ...] = (
    ("-", "o"),
    ("--", "s"),
    (":", "^"),
    ("-.", "D"),
    ((0, (6, 1, 1, 1, 1, 1)), "v"),
    ((0, (1, 1)), "P"),
    ((0, (8, 2)), "X"),
    ((0, (3, 1, 1, 1)), "*"),
)


# Open circles of published values.
_RINGS: dict[str, Any] = {
    "linestyle": "none",
    "marker": "o",
    "markersize": 7,
    "markerfacecolor": "none",
}


@dataclass(frozen=True)
class ErrorCurve:
    """Errors of one graph, by degree.

    Parameters
    ----------
    sampling
        Name of the sampling.
    k
        Number of neighbours, which sets the colour.
    degrees
        Degrees l, at least 1.
    mean, standard_error
        Mean error at each degree and its standard error (zero if not random).
    published
        Published errors of the same graph, by degree; may be empty.
    weighting
        Weighting of the edges; with the sampling, it sets the line style.
    """

    sampling: str
    k: int
    degrees: Sequence[int]
    mean: Sequence[float]
    standard_error: Sequence[float]
    published: Mapping[int, float]
    weighting: str = "heat"

    @property
    def series(self) -> str:
        """Sampling and weighting, which set the line style."""
        return f"{self.sampling}, {self.weighting}"


@styled
def equivariance_curves(curves: Sequence[ErrorCurve], title: str = "") -> Figure:
    """Draw mean equivariance errors against the degree, both on logarithmic axes.

    Bands are two standard errors on either side; published values are open circles
    of the same colour. There must be at least one curve.

    Examples
    --------
    >>> curve = ErrorCurve("healpix-32", 8, [10, 20], [0.17, 0.08], [0.01, 0.01], {})
    >>> len(equivariance_curves([curve]).axes[0].lines)
    1
    """
    entries = len({curve.series for curve in curves} | {curve.k for curve in curves})
    figure, grid = new_figure(1, 1, (7.6, height_for(entries)))
    draw_equivariance(grid[0, 0], curves, title)
    return figure


@styled
def draw_equivariance(
    axes: Axes, curves: Sequence[ErrorCurve], title: str = ""
) -> None:
    """Draw :func:`equivariance_curves` on given axes, with the legend beside them."""
    if not curves:
        raise ValueError("there must be at least one curve to draw, got none")
    series = list(dict.fromkeys(curve.series for curve in curves))
    neighbours = sorted({curve.k for curve in curves})
    for curve in curves:
        colour = COLOURS[neighbours.index(curve.k) % len(COLOURS)]
        style, marker = STYLES[series.index(curve.series) % len(STYLES)]
        _draw(axes, curve, colour, style, marker)
    axes.set(xscale="log", yscale="log", xlabel=r"degree $\ell$ of the signal")
    axes.set_ylabel(
        r"equivariance error  $\langle\, \|R_g L f - L R_g f\| \,/\, \|L f\|\, \rangle$"
    )
    axes.set_title(title)
    _label_degrees(axes, curves)
    _add_legend(axes, series, neighbours, curves)


def _draw(axes: Axes, curve: ErrorCurve, colour: str, style: str, marker: str) -> None:
    order = np.argsort(curve.degrees)
    degrees = np.asarray(curve.degrees, float)[order]
    mean = np.asarray(curve.mean)[order]
    spread = 2 * np.asarray(curve.standard_error)[order]
    label = f"{curve.series}, k = {curve.k}"
    (line,) = axes.plot(degrees, mean, color=colour, label=label, lw=1.5)
    line.set(linestyle=style, marker=marker, markersize=3.5)
    # A logarithmic axis has no place for a band that reaches zero.
    lower = np.maximum(mean - spread, 0.05 * mean)
    axes.fill_between(degrees, lower, mean + spread, color=colour, alpha=0.18, lw=0)
    if curve.published:
        x, y = list(curve.published), list(curve.published.values())
        axes.plot(x, y, **_RINGS, markeredgecolor=colour, markeredgewidth=1.2)


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
    axes: Axes,
    series: Sequence[str],
    neighbours: Sequence[int],
    curves: Sequence[ErrorCurve],
) -> None:
    """Explain colours (k) and line styles (series) apart, beside the curves."""
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=COLOURS[i % len(COLOURS)], lw=3, label=f"k = {k}")
        for i, k in enumerate(neighbours)
    ]
    for i, name in enumerate(series):
        style, marker = STYLES[i % len(STYLES)]
        line = Line2D([], [], color="0.25", ls=style, marker=marker, label=name)
        line.set_markersize(3.5)
        handles.append(line)
    if any(curve.published for curve in curves):
        label = "published\n(arXiv:2012.15000)"
        handles.append(Line2D([], [], **_RINGS, markeredgecolor="0.25", label=label))
    if any(max(curve.standard_error) > 0 for curve in curves):
        band = Patch(color="0.25", alpha=0.18, lw=0, label="± 2 standard errors")
        handles.append(band)
    legend_beside(axes, handles)


def height_for(entries: int) -> float:
    """Return the height in inches of a figure with this many legend entries."""
    return max(4.8, 1 + 0.2 * entries)
