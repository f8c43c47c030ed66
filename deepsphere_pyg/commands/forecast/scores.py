"""Scores of forecasts by lead time, as rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from deepsphere_pyg.commands.forecast.series import Series
from deepsphere_pyg.metrics.forecast import ForecastScores

# Lead times of the table that is printed; scores.csv has all.
_SHOWN = 10
REFERENCES = ("persistence", "climatology", "regression")
# Scores of ensembles, besides those of their means.
ENSEMBLE = ("crps_fair", "spread", "spread_skill", "crps")
_PRINTED = ("rmse", *REFERENCES, "skill", "acc")
_HEADS = {"acc": "ACC", "crps_fair": "fair CRPS", "spread_skill": "spread/skill"}


def lead_rows(
    own: ForecastScores, others: Mapping[str, ForecastScores], series: Series
) -> list[dict[str, Any]]:
    """Return a row for each region, variable and lead time, in the variable's units.

    Parameters
    ----------
    own
        Scores of the network.
    others
        Scores of the references by name, of those that there are.
    series
        The series.
    """
    units = dict(zip(series.names, series.units, strict=True))
    tables = {name: one.rows(series.names) for name, one in others.items()}
    rows = []
    for i, score in enumerate(own.rows(series.names)):
        beside = {name: table[i] for name, table in tables.items()}
        errors = {
            name: beside[name]["rmse"] if name in beside else None
            for name in REFERENCES
        }
        reference = errors["persistence"]
        skill = None
        if score["rmse"] is not None and reference:
            skill = 1 - score["rmse"] / reference
        activity = None
        if score["truth_activity"]:
            activity = score["forecast_activity"] / score["truth_activity"]
        rows.append(
            {
                "region": score["region"],
                "variable": score["variable"],
                "unit": units[score["variable"]],
                "lead": score["lead"],
                "lead_time": series.step.text(score["lead"]),
                "rmse": score["rmse"],
                **errors,
                "skill": skill,
                "acc": score["acc"],
                **{
                    f"acc_{name}": beside[name]["acc"] if name in beside else None
                    for name in ("persistence", "regression")
                },
                "mae": score["mae"],
                "bias": score["bias"],
                "activity": activity,
                **{name: score[name] for name in ENSEMBLE if name in score},
            }
        )
    return rows


def print_rows(rows: list[dict[str, Any]]) -> None:
    """Print the table; of many lead times some, spread over all."""
    leads = max(row["lead"] for row in rows)
    shown = set(np.unique(np.linspace(1, leads, _SHOWN).round().astype(int)).tolist())
    several = len({row["region"] for row in rows}) > 1
    labels = [
        ", ".join(
            one
            for one in (row["variable"], row["unit"], row["region"] if several else "")
            if one
        )
        for row in rows
    ]
    columns = (*_PRINTED, *(name for name in ENSEMBLE[:-1] if name in rows[0]))
    width = max(map(len, labels))
    wide = max(len(row["lead_time"]) for row in rows)
    print(
        f"{'':<{width}}  {'lead':>{wide}}"
        + "".join(f"{_HEADS.get(name, name):>13}" for name in columns)
    )
    for label, row in zip(labels, rows, strict=True):
        if row["lead"] in shown:
            values = ("-" if row[c] is None else f"{row[c]:.4g}" for c in columns)
            cells = "".join(f"{value:>13}" for value in values)
            print(f"{label:<{width}}  {row['lead_time']:>{wide}}{cells}")
