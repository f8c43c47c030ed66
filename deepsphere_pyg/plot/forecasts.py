"""Errors of forecasts against lead time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from deepsphere_pyg.plot.maps import frameless, new_figure

_STYLES = {
    "rmse": ("network", "o-", "#0077bb"),
    "persistence": ("persistence", "s--", "#cc3311"),
    "climatology": ("climatology", ":", "#666666"),
}
# Panels of a figure; further variables are in the table.
_MOST = 9


def lead_curves(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw the root mean square errors of variables against lead time.

    Parameters
    ----------
    rows
        One for each variable and lead: ``variable``, ``unit``, ``lead``, ``lead_time``
        in words, ``rmse``, ``persistence`` and ``climatology``, None where unknown.
    """
    names = list(dict.fromkeys(row["variable"] for row in rows))[:_MOST]
    columns = min(3, len(names))
    lines = -(-len(names) // columns)
    figure, axes = new_figure(lines, columns, (4.4 * columns, 3.2 * lines))
    for panel, name in zip(axes.ravel(), names, strict=False):
        own = [row for row in rows if row["variable"] == name]
        lead = [row["lead"] for row in own]
        for key, (label, style, colour) in _STYLES.items():
            values = [np.nan if row[key] is None else row[key] for row in own]
            marked = style if len(own) <= 30 else style[-1]
            panel.plot(lead, values, marked, ms=3.5, color=colour, label=label)
        at = np.unique(np.linspace(0, len(own) - 1, min(5, len(own))).round())
        shown = [own[int(i)] for i in at]
        panel.set_xticks([r["lead"] for r in shown], [r["lead_time"] for r in shown])
        unit = own[0]["unit"]
        panel.set(
            xlabel="lead time", ylabel=f"RMSE{f', {unit}' if unit else ''}", title=name
        )
        panel.set_ylim(bottom=0)
        frameless(panel)
    for panel in axes.ravel()[len(names) :]:
        panel.set_visible(False)
    axes[0, 0].legend(fontsize=8)
    return figure
