"""Cost and symbols of Laplacians, and widths of heat kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from deepsphere_pyg.plot.equivariance import (
    COLOURS,
    STYLES,
    height_for,
)
from deepsphere_pyg.plot.style import legend_beside, new_figure, styled
from samplings.graphs.kernel_width import OPTIMAL


@dataclass(frozen=True)
class LaplacianPoint:
    """Properties of one graph.

    Parameters
    ----------
    sampling, weighting
        Names of the sampling and of the edge weights.
    k
        Requested number of neighbours.
    n_vertices
        Number of vertices.
    links
        Mean number of links per vertex: multiplications per vertex and channel.
    error
        Equivariance error, one number over all degrees.
    degrees, symbol
        Degrees l and their factors in the Laplacian; both may be empty.
    t
        Width of the heat kernel in squared radian; NaN without a heat kernel.
    spin
        Spin s of the fields, 0 for scalars.
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
    spin: int = 0

    @property
    def sphere(self) -> npt.NDArray[np.float64]:
        """Eigenvalue of each degree on the sphere."""
        degrees = np.asarray(self.degrees, float)
        return np.asarray(degrees * (degrees + 1) - self.spin**2)

    @property
    def series(self) -> str:
        """Sampling and weighting, which set the line style."""
        return f"{self.sampling}, {self.weighting}"


@styled
def cost_curves(points: Sequence[LaplacianPoint], title: str = "") -> Figure:
    """Draw the error of Laplacians against their cost, one curve for each weighting.

    Lower and further to the left is better. There must be at least one point.
    """
    figure, axes = _new_axes(points, len({point.series for point in points}))
    handles = []
    labelled: list[LaplacianPoint] = []
    for i, (name, group) in enumerate(_series(points).items()):
        style, marker = STYLES[i % len(STYLES)]
        colour = COLOURS[i % len(COLOURS)]
        ordered = sorted(group, key=lambda point: point.links)
        x, y = [one.links for one in ordered], [one.error for one in ordered]
        handles += axes.plot(
            x, y, color=colour, label=name, marker=marker, markersize=5
        )
        handles[-1].set(linestyle=style)
        for point in ordered:
            if any(_near(point, other) for other in labelled):
                continue
            labelled.append(point)
            axes.annotate(
                f"k={point.k}",
                (point.links, point.error),
                textcoords="offset points",
                xytext=(5, 4),
                fontsize=7,
                color=colour,
            )
    axes.set_yscale("log")
    # Room for the texts beside the points on the right.
    axes.set_xlim(0, 1.12 * max(point.links for point in points))
    axes.set_xlabel("mean links per vertex (multiplications per channel)")
    axes.set_ylabel("equivariance error, geometric mean over degrees")
    _finish(axes, handles, title)
    return figure


@styled
def symbol_curves(points: Sequence[LaplacianPoint], title: str = "") -> Figure:
    r"""Draw the symbols of Laplacians against :math:`l(l+1)-s^2`, that of the sphere.

    They are scaled to it at the lowest degree measured. There must be at least one
    point, and each must have degrees.
    """
    if any(not len(point.degrees) for point in points):
        raise ValueError("every graph needs the degrees and symbol of its Laplacian")
    names = list(_series(points))
    neighbours = sorted({point.k for point in points})
    figure, axes = _new_axes(points, len(names) + len(neighbours))
    largest = 0.0
    for point in points:
        style, _ = STYLES[names.index(point.series) % len(STYLES)]
        sphere = point.sphere
        symbol = np.asarray(point.symbol) * (sphere[0] / point.symbol[0])
        colour = COLOURS[neighbours.index(point.k) % len(COLOURS)]
        axes.plot(sphere, symbol, linestyle=style, color=colour, linewidth=1.5)
        largest = max(largest, float(sphere.max()))
    smallest = min(float(point.sphere[0]) for point in points)
    axes.plot([smallest, largest], [smallest, largest], color="0.6", linewidth=1)
    axes.set(xscale="log", yscale="log")
    eigenvalue = r"$\ell(\ell+1)$"
    if any(point.spin for point in points):
        eigenvalue = r"$\ell(\ell+1) - s^2$"
    axes.set_xlabel(f"{eigenvalue}, eigenvalue on the sphere")
    axes.set_ylabel(r"symbol $\mu_\ell$ of the Laplacian, scaled")
    handles = [
        Line2D([], [], color=COLOURS[i % len(COLOURS)], lw=3, label=f"k = {k}")
        for i, k in enumerate(neighbours)
    ]
    handles += [
        Line2D([], [], color="0.25", linestyle=STYLES[i % len(STYLES)][0], label=name)
        for i, name in enumerate(names)
    ]
    handles.append(Line2D([], [], color="0.6", label=eigenvalue))
    _finish(axes, handles, title)
    return figure


@styled
def width_curves(
    points: Sequence[LaplacianPoint],
    published: Mapping[int, Mapping[int, float]],
    title: str = "",
) -> Figure:
    r"""Draw the widths of heat kernels against the number of vertices.

    Parameters
    ----------
    points
        Graphs with heat kernels, at least one; optimised ones have the weighting
        ``heat-optimal``.
    published
        Widths t by k and number of vertices.
    title
        Title above the axes.
    """
    figure, axes = _new_axes(points, 0)
    handles = []
    for i, k in enumerate(sorted({point.k for point in points})):
        colour = COLOURS[i % len(COLOURS)]
        handles.append(Line2D([], [], color=colour, lw=3, label=f"k = {k}"))
        table = published.get(k, {})
        axes.plot(list(table), list(table.values()), color=colour, lw=1)
        for point in points:
            if point.k == k:
                marker = "x" if point.weighting == OPTIMAL else "o"
                (dot,) = axes.plot(point.n_vertices, point.t, marker, markersize=7)
                dot.set(markerfacecolor="none", markeredgecolor=colour)
    handles.append(Line2D([], [], color="0.25", lw=1, label="published, HEALPix"))
    for marker, label in (("o", "default"), ("x", "found by the search")):
        handles.append(Line2D([], [], color="0.25", ls="none", marker=marker))
        handles[-1].set(markerfacecolor="none", label=label)
    axes.set(xscale="log", yscale="log", xlabel="vertices")
    axes.set_ylabel(r"kernel width $t$ in rad²,  $w = e^{-d^2/4t}$")
    _finish(axes, handles, title)
    return figure


def _near(one: LaplacianPoint, other: LaplacianPoint) -> bool:
    """Return whether two points have one label, since there is no room for two."""
    same = one.k == other.k and abs(one.links - other.links) < 1
    return same and abs(one.error - other.error) < 0.1 * max(one.error, other.error)


def _series(points: Sequence[LaplacianPoint]) -> dict[str, list[LaplacianPoint]]:
    """Return the points by series, in the order of first occurrence."""
    series: dict[str, list[LaplacianPoint]] = {}
    for point in points:
        series.setdefault(point.series, []).append(point)
    return series


def _new_axes(points: Sequence[LaplacianPoint], entries: int) -> tuple[Figure, Axes]:
    """Return a figure and axes with room for a legend, if there are points."""
    if not points:
        raise ValueError("there must be at least one graph to draw, got none")
    figure, grid = new_figure(1, 1, (7.6, height_for(entries)))
    return figure, grid[0, 0]


def _finish(axes: Axes, handles: Sequence[Line2D], title: str) -> None:
    """Add the title, the grid and the legend."""
    axes.set_title(title)
    legend_beside(axes, handles)
