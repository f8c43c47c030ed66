"""Equivariance errors of layers, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from deepsphere_pyg.plot.equivariance import COLOURS, plain_axes
from deepsphere_pyg.plot.maps import new_figure

# Below what float64 resolves: an error of zero has a bar of no length there.
_LEAST = 1e-17
_BAR = 0.38


@dataclass(frozen=True)
class LayerBar:
    """Errors of one layer.

    Parameters
    ----------
    layer, place
        Name of the layer, and in short of where it acts.
    errors
        Mean error by the name of the dtype.
    published
        Error printed by others, or None.
    """

    layer: str
    place: str
    errors: Mapping[str, float]
    published: float | None = None


def layer_bars(layers: Sequence[LayerBar], title: str = "") -> Figure:
    """Draw errors of layers as bars on a logarithmic axis, one row a layer.

    Parameters
    ----------
    layers
        From top to bottom, at least one.
    title
        Above the axes.

    Raises
    ------
    ValueError
        If there is no layer.

    Examples
    --------
    >>> bar = LayerBar("ReLU", "mcewenwiaux-10", {"float32": 0.3, "float64": 0.3}, 0.34)
    >>> len(layer_bars([bar]).axes[0].patches)
    2
    """
    if not layers:
        raise ValueError("there must be at least one layer to draw, got none")
    figure, grid = new_figure(1, 1, (9.5, 1.4 + 0.34 * len(layers)))
    axes: Axes = grid[0, 0]
    dtypes = list(dict.fromkeys(name for one in layers for name in one.errors))
    for number, dtype in enumerate(dtypes):
        places = [
            row + _BAR * (number - (len(dtypes) - 1) / 2)
            for row, one in enumerate(layers)
            if dtype in one.errors
        ]
        values = [
            max(one.errors[dtype], _LEAST) for one in layers if dtype in one.errors
        ]
        axes.barh(
            places,
            [value - _LEAST for value in values],
            left=_LEAST,
            height=_BAR,
            color=COLOURS[number % len(COLOURS)],
            label=dtype,
        )
        # Inside the end of the bar, where published values do not hide them.
        for place, value in zip(places, values, strict=True):
            axes.annotate(
                f"{value:.1e}" if value < 1e-3 else f"{value:.2g}",
                (value, place),
                textcoords="offset points",
                xytext=(-8, 0),
                ha="right",
                va="center",
                fontsize=6.5,
                color="white",
            )
    published = [(row, one.published) for row, one in enumerate(layers)]
    known = [(row, value) for row, value in published if value is not None]
    if known:
        axes.plot(
            [value for _, value in known],
            [row for row, _ in known],
            linestyle="none",
            marker="D",
            markersize=6,
            markerfacecolor="white",
            markeredgecolor="black",
            label="published (arXiv:2010.11661)",
        )
    _label(axes, layers, title)
    return figure


def _label(axes: Axes, layers: Sequence[LayerBar], title: str) -> None:
    """Name the rows and the axis, and put the legend above, where no bar is."""
    axes.set_xscale("log")
    axes.set_xlim(_LEAST, 3)
    axes.xaxis.set_major_locator(FixedLocator([10.0**n for n in range(-16, 1, 2)]))
    axes.xaxis.set_minor_locator(NullLocator())
    names = [
        f"{one.layer}  ({one.place})" if one.place else one.layer for one in layers
    ]
    axes.set_yticks(range(len(layers)), names, fontsize=8)
    axes.set_ylim(len(layers) - 0.4, -0.6)
    axes.set_xlabel(
        r"equivariance error  $\langle\|A(Rf) - R\,A(f)\| / \|A(f)\|\rangle$"
    )
    plain_axes(axes)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.legend(
        loc="lower center",
        bbox_to_anchor=(0.35, 1.0),
        ncol=3,
        fontsize=8,
        frameon=False,
    )
    axes.figure.suptitle(title, fontsize=10)
