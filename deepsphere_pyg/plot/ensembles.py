"""Spread, error and ranks of ensembles of forecasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.figure import Figure

from deepsphere_pyg.plot.forecasts import column_of, lead_ticks
from deepsphere_pyg.plot.style import new_figure, styled

# Panels of a figure; further variables are in the table.
_PANELS = 3
# Lead times whose ranks are drawn.
_LEADS = 3
_STYLES = {
    "rmse": ("RMSE of the mean", "o-", "#0077bb"),
    "spread": ("spread, scaled", "s--", "#ee7733"),
    "crps_fair": ("fair CRPS", "^-.", "#009988"),
}
_SEQUENCE = colormaps["viridis_r"]


@styled
def ensemble_scores(
    rows: Sequence[Mapping[str, Any]], ranks: npt.NDArray[np.float64]
) -> Figure:
    """Draw spread beside the error of the mean, and rank histograms.

    The spread is multiplied by the root of (M + 1) / M, with which it equals the error
    if members and truth are draws of one distribution. Ranks are then equally frequent;
    those at both ends are too frequent if the members spread too little.

    Parameters
    ----------
    rows
        One for each variable and lead: ``variable``, ``unit``, ``lead``, ``lead_time``
        in words, ``rmse``, ``spread`` and ``crps_fair``, None where unknown.
    ranks
        Frequencies of the ranks, shape ``(lead, M + 1, variable)``.
    """
    names = list(dict.fromkeys(row["variable"] for row in rows))
    leads, places, _ = ranks.shape
    inflated = np.sqrt(places / max(places - 1, 1))
    shown = names[:_PANELS]
    few = np.unique(np.linspace(0, leads - 1, min(_LEADS, leads)).round().astype(int))
    figure, axes = new_figure(2, len(shown), (4.4 * len(shown), 6.2))
    for i, name in enumerate(shown):
        own = [row for row in rows if row["variable"] == name]
        lead = [row["lead"] for row in own]
        errors, histogram = axes[:, i]
        for key, (label, style, colour) in _STYLES.items():
            values = column_of(own, key) * (inflated if key == "spread" else 1)
            marked = style if len(own) <= 30 else style[1:]
            errors.plot(lead, values, marked, ms=3.5, color=colour, label=label)
        unit = f", {own[0]['unit']}" if own[0]["unit"] else ""
        errors.set(xlabel="lead time", ylabel=f"score{unit}", title=name)
        errors.set_ylim(bottom=0)
        lead_ticks(errors, own)
        for place, k in enumerate(few):
            shade = _SEQUENCE(0.15 + 0.7 * place / max(len(few) - 1, 1))
            histogram.stairs(
                ranks[k, :, i] * places,
                np.arange(places + 1) - 0.5,
                color=shade,
                label=own[k]["lead_time"],
            )
        histogram.axhline(1, color="0.6", linewidth=0.8)
        histogram.set(xlabel="rank of the truth", ylabel="frequency / equal frequency")
        histogram.set_ylim(bottom=0)
    axes[0, 0].legend()
    axes[1, 0].legend()
    return figure
