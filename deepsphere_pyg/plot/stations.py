"""Errors at weather stations, and answers for all of them together."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from itertools import cycle
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.dates import ConciseDateFormatter
from matplotlib.figure import Figure

from deepsphere_pyg.plot.maps import draw_coastlines
from deepsphere_pyg.plot.maps.quantities import extend_of
from deepsphere_pyg.plot.style import new_figure, styled

_BAR, _NETWORK, _LIMIT = "#bbbbbb", "#0077bb", "#cc3311"
_LINES: tuple[dict[str, Any], ...] = (
    {"linestyle": "-", "linewidth": 3, "alpha": 0.35},
    {"linestyle": "--", "linewidth": 1},
)


@styled
def station_errors(
    means: Mapping[str, float],
    squares: Mapping[str, npt.NDArray[np.float64]],
    places: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
    unit: str,
    limits: Mapping[str, float] | None = None,
) -> Figure:
    """Draw mean squared errors of methods, and where a network is better than one.

    Parameters
    ----------
    means
        Mean squared error of each method.
    squares
        Squared errors of a network and of a simple method, in this order, shape
        ``(T, V, C)`` with NaN where there is nothing to compare; may be empty.
    places
        Longitudes and latitudes of the stations in degree.
    unit
        Unit of the errors.
    limits
        Least errors that there can be, drawn as lines.
    """
    columns = 2 if len(squares) == 2 else 1
    figure, axes = new_figure(1, columns, (5.2 * columns, 3.8))
    _draw_errors(axes[0, 0], means, next(iter(squares), ""), unit, limits or {})
    if columns == 2:
        _draw_difference(figure, axes[0, 1], squares, places, unit)
    return figure


@styled
def series_answers(
    means: Mapping[str, float],
    answers: Mapping[str, npt.NDArray[np.float64]],
    truth: npt.NDArray[np.float64],
    times: npt.NDArray[np.datetime64],
) -> Figure:
    """Draw mean squared errors of methods, and the answers of some over time.

    Parameters
    ----------
    means
        Mean squared error of each method.
    answers
        Answers, shape ``(T,)`` each; those of a network first, if there is one.
    truth
        What they should be, shape ``(T,)``.
    times
        Times of both, shape ``(T,)``.
    """
    figure, axes = new_figure(1, 2, (10.4, 3.8))
    _draw_errors(axes[0, 0], means, next(iter(answers), ""), "", {})
    panel = axes[0, 1]
    days = times.astype("datetime64[D]")
    for (name, values), colour in zip(
        reversed([*answers.items()]), [_BAR, _NETWORK][-len(answers) :], strict=True
    ):
        panel.plot(days, values, ".", color=colour, markersize=3, label=name)
    panel.plot(days, truth, color=_LIMIT, linewidth=1, label="truth")
    panel.legend(ncols=3, loc="upper center")
    panel.set(ylabel="season", ylim=(min(-0.05, panel.get_ylim()[0]), 1.25))
    shown: Any = ConciseDateFormatter
    panel.xaxis.set_major_formatter(shown(panel.xaxis.get_major_locator()))
    return figure


def _draw_errors(
    panel: Axes,
    means: Mapping[str, float],
    network: str,
    unit: str,
    limits: Mapping[str, float],
) -> None:
    """Draw a bar for each method, one of them in another colour."""
    names = list(means)
    colours = [_NETWORK if name == network else _BAR for name in names]
    rows = np.arange(len(names))[::-1]
    panel.barh(rows, [means[name] for name in names], color=colours, height=0.7)
    for row, name in zip(rows, names, strict=True):
        panel.annotate(
            f"{means[name]:.3g}",
            (means[name], row),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
    # Limits that are nearly the same are told apart by what is under the other.
    for (name, value), line in zip(limits.items(), cycle(_LINES), strict=False):
        panel.axvline(value, color=_LIMIT, **line, label=name)
    if limits:
        panel.legend(loc="lower right")
    panel.set_yticks(rows, names)
    panel.set_xlabel("mean squared error" + (f", {unit}²" if unit else ""))
    panel.set_xlim(right=1.12 * max(means.values(), default=1.0))


def _draw_difference(
    figure: Figure,
    panel: Axes,
    squares: Mapping[str, npt.NDArray[np.float64]],
    places: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
    unit: str,
) -> None:
    """Draw the difference of root mean squared errors at each station."""
    (network, ours), (method, theirs) = squares.items()
    both = np.isfinite(ours) & np.isfinite(theirs)
    with warnings.catch_warnings():
        # Stations without a test report have no mean.
        warnings.simplefilter("ignore", RuntimeWarning)
        roots = [
            np.sqrt(np.nanmean(np.where(both, one, np.nan), axis=(0, 2)))
            for one in (ours, theirs)
        ]
    difference = roots[0] - roots[1]
    known = np.isfinite(difference)
    lon = (places[0] + 180) % 360 - 180
    limit = float(np.percentile(np.abs(difference[known]), 95)) if known.any() else 1.0
    limits = (-max(limit, 1e-9), max(limit, 1e-9))
    shown = panel.scatter(
        lon[known],
        places[1][known],
        c=difference[known],
        s=9,
        cmap="RdBu_r",
        vmin=limits[0],
        vmax=limits[1],
        linewidths=0.2,
        edgecolors="0.5",
    )
    draw_coastlines(panel, projection="equirectangular", color="0.5")
    panel.set(
        xlabel="longitude (degrees east)",
        ylabel="latitude (degrees north)",
        title=f"RMSE of {network} less that of {method}",
    )
    bar = figure.colorbar(
        shown, ax=panel, label=unit, shrink=0.9, extend=extend_of(difference, limits)
    )
    bar.ax.grid(visible=False)
