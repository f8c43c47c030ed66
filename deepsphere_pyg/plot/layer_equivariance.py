"""Bars of equivariance errors of layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from deepsphere_pyg.plot.equivariance import COLOURS
from deepsphere_pyg.plot.style import new_figure, styled

# Start of the axis, below float64's resolution, where an error of zero has no bar.
_LEAST = 1e-17
# Bars of smaller errors are shorter than their text.
_SHORT = 1e-15
_BAR = 0.38


@dataclass(frozen=True)
class LayerBar:
    """Errors of one layer.

    Parameters
    ----------
    layer, place
        Names of the layer and of the place where it acts.
    errors
        Mean error by the name of the dtype.
    published
        Published error, or None.
    """

    layer: str
    place: str
    errors: Mapping[str, float]
    published: float | None = None


@styled
def layer_bars(layers: Sequence[LayerBar], title: str = "") -> Figure:
    """Draw errors of layers as bars on a logarithmic axis, one row for each layer.

    Layers, at least one, are drawn from top to bottom.

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
        rows = [row for row, one in enumerate(layers) if dtype in one.errors]
        places = [row + _BAR * (number - (len(dtypes) - 1) / 2) for row in rows]
        values = [max(layers[row].errors[dtype], _LEAST) for row in rows]
        lengths = [value - _LEAST for value in values]
        colour = COLOURS[number % len(COLOURS)]
        axes.barh(places, lengths, _BAR, _LEAST, color=colour, label=dtype)
        # Inside the bar, where published values do not hide them, if there is room.
        for place, value in zip(places, values, strict=True):
            inside = value > _SHORT
            axes.annotate(
                f"{value:.1e}" if value < 1e-3 else f"{value:.2g}",
                (value, place),
                textcoords="offset points",
                xytext=(-8 if inside else 4, 0),
                ha="right" if inside else "left",
                va="center",
                fontsize=6.5,
                color="white" if inside else "0.1",
            )
    published = {
        row: one.published
        for row, one in enumerate(layers)
        if one.published is not None
    }
    if published:
        axes.plot(
            list(published.values()),
            list(published),
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
    """Label the rows and the axis, and put the legend above the bars."""
    axes.set_xscale("log")
    axes.set_xlim(_LEAST, 3)
    axes.xaxis.set_major_locator(FixedLocator([10.0**n for n in range(-16, 1, 2)]))
    axes.xaxis.set_minor_locator(NullLocator())
    names = [
        f"{one.layer}  ({one.place})" if one.place else one.layer for one in layers
    ]
    axes.set_yticks(range(len(layers)), names)
    axes.set_ylim(len(layers) - 0.4, -0.6)
    axes.set_xlabel(
        r"equivariance error  $\langle\|A(Rf) - R\,A(f)\| / \|A(f)\|\rangle$"
    )
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.legend(
        loc="lower center",
        bbox_to_anchor=(0.35, 1.0),
        ncol=3,
    )
    axes.figure.suptitle(title)
