"""Errors of forecasts by lead time, as rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepsphere_pyg.commands.forecast.series import Series
from deepsphere_pyg.training.tasks.lead_scores import LeadScores

# Lead times of the table that is printed; scores.csv has all.
_SHOWN = 10


def lead_rows(scores: LeadScores, series: Series) -> list[dict[str, Any]]:
    """Return a row for each variable and lead time, in the units of the variable."""
    columns = {
        "rmse": scores.rmse,
        "persistence": scores.persistence,
        "climatology": scores.climatology,
        "skill": scores.skill,
        "acc": scores.acc,
    }
    rows = []
    for channel, (name, unit) in enumerate(
        zip(series.names, series.units, strict=True)
    ):
        for lead in range(len(scores.rmse)):
            values = {
                key: None if one[lead, channel].isnan() else float(one[lead, channel])
                for key, one in columns.items()
            }
            rows.append(
                {
                    "variable": name,
                    "unit": unit,
                    "lead": lead + 1,
                    "lead_time": series.step.text(lead + 1),
                    **values,
                }
            )
    return rows


def print_rows(rows: list[dict[str, Any]]) -> None:
    """Print the table; of many lead times some, spread over all."""
    leads = max(row["lead"] for row in rows)
    shown = set(np.unique(np.linspace(1, leads, _SHOWN).round().astype(int)).tolist())
    labels = [f"{r['variable']}, {r['unit']}".strip(", ") for r in rows]
    width = max(map(len, labels))
    wide = max(len(row["lead_time"]) for row in rows)
    columns = ("rmse", "persistence", "climatology", "skill", "acc")
    print(
        f"{'':<{width}}  {'lead':>{wide}}"
        + "".join(f"{'ACC' if c == 'acc' else c:>13}" for c in columns)
    )
    for label, row in zip(labels, rows, strict=True):
        if row["lead"] in shown:
            values = ("-" if row[c] is None else f"{row[c]:.4g}" for c in columns)
            cells = "".join(f"{value:>13}" for value in values)
            print(f"{label:<{width}}  {row['lead_time']:>{wide}}{cells}")
