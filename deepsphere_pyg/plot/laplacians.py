"""What Laplacians cost, what they do to each degree, and how wide kernels are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from deepsphere_pyg.plot.equivariance import (
    COLOURS,
    STYLES,
    height_for,
    legend_beside,
    plain_axes,
)
from deepsphere_pyg.plot.maps import new_figure

# Weighting of heat kernels whose width a search has found.
OPTIMAL = "heat-optimal"


@dataclass(frozen=True)
class LaplacianPoint:
    """One graph among others, as the figures show it.

    Parameters
    ----------
    sampling, weighting
        Names of the sampling and of the edge weights.
    k
        Number of neighbours asked for.
    n_vertices
        Number of vertices.
    links
        Mean number of links of a vertex: multiplications a vertex and channel.
    error
        Equivariance error, one number over all degrees.
    degrees, symbol
        Degrees l and what the Laplacian multiplies them by; both may be empty.
    t
        Width of the heat kernel in squared radian; NaN where there is none.
    """

    sampling: str
    weighting: str
    k: int
    n_vertices: int
    links: float
    error: float
    degrees: Sequence[int]
    symbol: Sequence[float]
    t: float

    @property
    def series(self) -> str:
        """What the line style stands for."""
        return f"{self.sampling}, {self.weighting}"


def cost_curves(points: Sequence[LaplacianPoint], title: str = "") -> Figure:
    """Draw the error of Laplacians against what they cost, one curve a weighting.

    Lower and further to the left is better.

    Parameters
    ----------
    points
        At least one.
    title
        Above the axes.

    Raises
    ------
    ValueError
        If there is no point.
    """
    _some(points)
    height = height_for(len({point.series for point in points}))
    figure, grid = new_figure(1, 1, (7.6, height))
    axes: Axes = grid[0, 0]
    handles = []
    for i, (name, group) in enumerate(_series(points).items()):
        style, marker = STYLES[i % len(STYLES)]
        colour = COLOURS[i % len(COLOURS)]
        ordered = sorted(group, key=lambda point: point.links)
        (line,) = axes.plot(
            [point.links for point in ordered],
            [point.error for point in ordered],
            linestyle=style,
            marker=marker,
            markersize=5,
            color=colour,
            label=name,
        )
        handles.append(line)
        for point in ordered:
            axes.annotate(
                f"k={point.k}",
                (point.links, point.error),
                textcoords="offset points",
                xytext=(5, 4),
                fontsize=7,
                color=colour,
            )
    axes.set_yscale("log")
    axes.set_xlim(left=0)
    axes.set_xlabel("links of a vertex, mean (multiplications a channel)")
    axes.set_ylabel("equivariance error, geometric mean over degrees")
    axes.set_title(title, fontsize=10)
    plain_axes(axes)
    legend_beside(axes, handles)
    return figure


def symbol_curves(points: Sequence[LaplacianPoint], title: str = "") -> Figure:
    r"""Draw what Laplacians do to each degree against :math:`l(l+1)` on the sphere.

    Symbols are scaled to meet :math:`l(l+1)` at the lowest degree measured.

    Parameters
    ----------
    points
        At least one, with degrees.
    title
        Above the axes.

    Raises
    ------
    ValueError
        If there is no point, or one without degrees.
    """
    _some(points)
    if any(not len(point.degrees) for point in points):
        raise ValueError("every graph needs the degrees and symbol of its Laplacian")
    names = list(_series(points))
    neighbours = sorted({point.k for point in points})
    height = height_for(len(names) + len(neighbours))
    figure, grid = new_figure(1, 1, (7.6, height))
    axes: Axes = grid[0, 0]
    largest = 0.0
    for point in points:
        style, _ = STYLES[names.index(point.series) % len(STYLES)]
        degrees = np.asarray(point.degrees, float)
        sphere = degrees * (degrees + 1)
        symbol = np.asarray(point.symbol) * (sphere[0] / point.symbol[0])
        colour = COLOURS[neighbours.index(point.k) % len(COLOURS)]
        axes.plot(sphere, symbol, linestyle=style, color=colour, linewidth=1.5)
        largest = max(largest, float(sphere.max()))
    smallest = min(point.degrees[0] * (point.degrees[0] + 1) for point in points)
    axes.plot([smallest, largest], [smallest, largest], color="0.6", linewidth=1)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(r"$\ell(\ell+1)$, eigenvalue on the sphere")
    axes.set_ylabel(r"symbol $\mu_\ell$ of the Laplacian, scaled")
    axes.set_title(title, fontsize=10)
    plain_axes(axes)
    handles = [
        Line2D([], [], color=COLOURS[i % len(COLOURS)], lw=3, label=f"k = {k}")
        for i, k in enumerate(neighbours)
    ]
    handles += [
        Line2D([], [], color="0.25", linestyle=STYLES[i % len(STYLES)][0], label=name)
        for i, name in enumerate(names)
    ]
    handles.append(Line2D([], [], color="0.6", label=r"$\ell(\ell+1)$"))
    legend_beside(axes, handles)
    return figure


def width_curves(
    points: Sequence[LaplacianPoint],
    published: Mapping[int, Mapping[int, float]],
    title: str = "",
) -> Figure:
    r"""Draw the widths of heat kernels against the number of vertices.

    Parameters
    ----------
    points
        Graphs of heat kernels, at least one; those that a search found have the
        weighting :data:`OPTIMAL`.
    published
        Widths t by k and number of vertices.
    title
        Above the axes.

    Raises
    ------
    ValueError
        If there is no graph.
    """
    _some(points)
    figure, grid = new_figure(1, 1, (7.6, 4.6))
    axes: Axes = grid[0, 0]
    ks = sorted({point.k for point in points})
    handles = []
    for i, k in enumerate(ks):
        colour = COLOURS[i % len(COLOURS)]
        handles.append(Line2D([], [], color=colour, lw=3, label=f"k = {k}"))
        table = published.get(k, {})
        axes.plot(list(table), list(table.values()), color=colour, lw=1)
        for point in points:
            if point.k == k:
                axes.plot(
                    point.n_vertices,
                    point.t,
                    marker="x" if point.weighting == OPTIMAL else "o",
                    markersize=7,
                    markerfacecolor="none",
                    markeredgecolor=colour,
                )
    handles.append(Line2D([], [], color="0.25", lw=1, label="published, HEALPix"))
    for marker, label in (("o", "default"), ("x", "found by the search")):
        handles.append(
            Line2D(
                [],
                [],
                linestyle="none",
                marker=marker,
                color="0.25",
                markerfacecolor="none",
                label=label,
            )
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("vertices")
    axes.set_ylabel(r"kernel width $t$ in rad²,  $w = e^{-d^2/4t}$")
    axes.set_title(title, fontsize=10)
    plain_axes(axes)
    legend_beside(axes, handles)
    return figure


def _series(points: Sequence[LaplacianPoint]) -> dict[str, list[LaplacianPoint]]:
    """Points by series, in the order in which they first come."""
    order = list(dict.fromkeys(point.series for point in points))
    ranked = sorted(points, key=lambda point: order.index(point.series))
    return {
        name: list(group) for name, group in groupby(ranked, lambda one: one.series)
    }


def _some(points: Sequence[LaplacianPoint]) -> None:
    if not points:
        raise ValueError("there must be at least one graph to draw, got none")
