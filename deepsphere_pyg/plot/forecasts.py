"""Errors, correlations and spectra of forecasts against lead time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from deepsphere_pyg.plot.maps.quantities import colour_limits, extend_of
from deepsphere_pyg.plot.style import legend_below, new_figure, styled

_STYLES = {
    "rmse": ("network", "o-", "#0077bb"),
    "persistence": ("persistence", "s--", "#cc3311"),
    "climatology": ("climatology", ":", "#666666"),
    "regression": ("regression", "^-.", "#009988"),
}
_CORRELATIONS = {"rmse": "acc", "persistence": "acc_persistence"}
_CORRELATIONS["regression"] = "acc_regression"
# Below it, a forecast of the weather is said to be of no use.
_USEFUL = 0.6
# Panels of a figure; further variables are in the table.
_MOST = 9
_PANELS = 3
# Share of the largest energy below which others are round-off in float32.
_ROUND_OFF = 1e-10
_SEQUENCE = colormaps["viridis_r"]


@styled
def lead_curves(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw the root mean square errors of variables against lead time.

    Parameters
    ----------
    rows
        One for each variable and lead: ``variable``, ``unit``, ``lead``, ``lead_time``
        in words, ``rmse``, ``persistence``, ``climatology`` and ``regression``, None
        where unknown.
    """
    names = list(dict.fromkeys(row["variable"] for row in rows))[:_MOST]
    columns = min(3, len(names))
    lines = -(-len(names) // columns)
    figure, axes = new_figure(lines, columns, (4.4 * columns, 3.2 * lines))
    for panel, name in zip(axes.ravel(), names, strict=False):
        own = [row for row in rows if row["variable"] == name]
        lead = [row["lead"] for row in own]
        for key, (label, style, colour) in _STYLES.items():
            values = column_of(own, key)
            if np.isnan(values).all():
                continue
            marked = style if len(own) <= 30 else style[-1]
            panel.plot(lead, values, marked, ms=3.5, color=colour, label=label)
        lead_ticks(panel, own)
        unit = own[0]["unit"]
        panel.set(
            xlabel="lead time", ylabel=f"RMSE{f', {unit}' if unit else ''}", title=name
        )
        panel.set_ylim(bottom=0)
    for panel in axes.ravel()[len(names) :]:
        panel.set_visible(False)
    legend_below(figure, axes[0, 0])
    return figure


@styled
def error_growth(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw errors over that of the climatology, and anomaly correlations.

    Where the error of a forecast reaches that of the climatology, it knows no more of
    the season's weather; one that is not damped saturates at the root of two.

    Parameters
    ----------
    rows
        Those of :func:`lead_curves`, with ``acc``, ``acc_persistence`` and
        ``acc_regression``.
    """
    names = list(dict.fromkeys(row["variable"] for row in rows))[:_PANELS]
    figure, axes = new_figure(2, len(names), (4.4 * len(names), 6.0))
    for column, name in enumerate(names):
        own = [row for row in rows if row["variable"] == name]
        lead = [row["lead"] for row in own]
        error, correlation = axes[:, column]
        normal = column_of(own, "climatology")
        normal = np.where(normal > 0, normal, np.nan)
        for key, (label, style, colour) in _STYLES.items():
            marked = style if len(own) <= 30 else style[-1]
            look = {"ms": 3.5, "color": colour, "label": label}
            relative = column_of(own, key) / normal
            if np.isfinite(relative).any():
                error.plot(lead, relative, marked, **look)
            if key in _CORRELATIONS:
                found = column_of(own, _CORRELATIONS[key])
                if np.isfinite(found).any():
                    correlation.plot(lead, found, marked, **look)
        correlation.axhline(_USEFUL, color="0.6", linewidth=0.8)
        error.axhline(np.sqrt(2), color="0.6", linewidth=0.8)
        error.set(yscale="log", ylabel="RMSE / RMSE of climatology", title=name)
        correlation.set(ylabel="anomaly correlation", xlabel="lead time")
        correlation.set_ylim(top=1.02)
        for panel in (error, correlation):
            lead_ticks(panel, own)
    legend_below(figure, axes[0, 0])
    return figure


@styled
def lead_spectra(
    forecast: npt.NDArray[np.float64],
    truth: npt.NDArray[np.float64],
    error: npt.NDArray[np.float64],
    names: Sequence[str],
    lead_times: Sequence[str],
) -> Figure:
    """Draw the energy of forecasts, truth and errors by degree.

    Parameters
    ----------
    forecast, truth, error
        Energy, shape ``(lead, L, C)``.
    names
        Name of each channel, with its unit.
    lead_times
        Each lead time in words.
    """
    shown = list(names)[:_PANELS]
    figure, axes = new_figure(2, len(shown), (4.4 * len(shown), 6.2))
    leads, degrees = forecast.shape[0], forecast.shape[1]
    degree = np.arange(1, degrees)
    few = np.unique(np.linspace(0, leads - 1, min(4, leads)).round().astype(int))
    for column, name in enumerate(shown):
        energy, share = axes[:, column]
        mean = truth[:, 1:, column].mean(0)
        energy.plot(degree, mean, color="black", linewidth=1.6, label="truth")
        for place, lead in enumerate(few):
            colour = _SEQUENCE(0.15 + 0.7 * place / max(len(few) - 1, 1))
            look = {"color": colour, "label": lead_times[lead]}
            energy.plot(degree, forecast[lead, 1:, column], linewidth=1.1, **look)
            own = truth[lead, 1:, column]
            known = np.where(own > _ROUND_OFF * own.max(), own, np.nan)
            share.plot(degree, error[lead, 1:, column] / known, linewidth=1.1, **look)
        share.axhline(1, color="0.6", linewidth=0.8)
        energy.set(xscale="log", yscale="log", ylabel="energy", title=name)
        energy.set_ylim(bottom=_ROUND_OFF * mean.max() if mean.any() else None)
        share.set(
            xscale="log",
            yscale="log",
            xlabel="degree",
            ylabel="energy of error / of truth",
        )
    legend_below(figure, axes[0, 0])
    return figure


@styled
def hovmoller(
    lon: npt.NDArray[np.float64],
    panels: Mapping[str, npt.NDArray[np.float64]],
    lead_times: Sequence[str],
    label: str,
) -> Figure:
    """Draw anomalies by longitude and lead time, one panel for each field.

    Parameters
    ----------
    lon
        Edges of the bins of longitude in degrees, shape ``(bins + 1,)``.
    panels
        Means over a band of latitudes by title, shape ``(lead, bins)``.
    lead_times
        Each lead time in words.
    label
        Quantity and unit.
    """
    every = np.concatenate([values.ravel() for values in panels.values()])
    ends = (-1.0, 1.0)
    if np.isfinite(every).any():
        ends = colour_limits(every, None, centred=True)
    figure, axes = new_figure(1, len(panels), (4.2 * len(panels), 4.6))
    leads = len(lead_times)
    for panel, (title, values) in zip(axes[0], panels.items(), strict=True):
        shown = panel.pcolormesh(
            lon,
            np.arange(leads + 1) + 0.5,
            np.ma.masked_invalid(values),
            cmap="RdBu_r",
            vmin=ends[0],
            vmax=ends[1],
        )
        at = np.unique(np.linspace(0, leads - 1, min(8, leads)).round().astype(int))
        panel.set_yticks(at + 1, [lead_times[i] for i in at])
        panel.set(xlabel="longitude, degrees east", title=title)
        panel.set_xticks(np.arange(0, 361, 90))
        panel.invert_yaxis()
    axes[0, 0].set_ylabel("lead time")
    bar = figure.colorbar(
        shown, ax=list(axes[0]), shrink=0.8, aspect=30, extend=extend_of(every, ends)
    )
    bar.set_label(label)
    bar.ax.grid(visible=False)
    return figure


def column_of(rows: Sequence[Mapping[str, Any]], key: str) -> npt.NDArray[np.float64]:
    """Return a column of numbers, NaN where unknown."""
    return np.array(
        [np.nan if row.get(key) is None else row[key] for row in rows], dtype=float
    )


def lead_ticks(panel: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a few lead times in words."""
    at = np.unique(np.linspace(0, len(rows) - 1, min(5, len(rows))).round())
    shown = [rows[int(i)] for i in at]
    panel.set_xticks([r["lead"] for r in shown], [r["lead_time"] for r in shown])
