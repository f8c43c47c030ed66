"""Rows of results, and the table that they become."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks.measuring.files import markdown_table
from deepsphere_pyg.propagation import available_executions

Row = dict[str, Any]
COLUMNS = ("part", "case", "contestant", "quantity", "value", "unit", "note")
WITHOUT_TRITON = "execution 'triton' needs a CUDA device and an installed Triton"


@dataclass(frozen=True)
class Sizes:
    """How much a part measures.

    Parameters
    ----------
    device
        Where it computes.
    quick
        Whether it takes tiny sizes, as a test of the script itself.
    store
        Folder of the networks that were built.
    """

    device: torch.device
    quick: bool
    store: Path

    @property
    def budget(self) -> float:
        """Seconds for the runs of a contestant."""
        return 0.02 if self.quick else 1.0

    @property
    def rounds(self) -> int:
        """Largest number of runs of a contestant."""
        return 3 if self.quick else 50

    def executions(self, *names: str) -> list[str]:
        """Return those of some executions that run on the device."""
        here = available_executions(self.device)
        return [name for name in names if name in here]


def row(
    case: str,
    contestant: str,
    quantity: str,
    value: float | None,
    unit: str = "",
    note: str = "",
    failed: bool = False,
) -> Row:
    """Return a result; without a value, the note says why there is none."""
    return {
        "case": case,
        "contestant": contestant,
        "quantity": quantity,
        "value": value,
        "unit": unit,
        "note": note,
        "failed": failed,
    }


def without_triton(sizes: Sizes, case: str) -> list[Row]:
    """Return a row that says that Triton does not run, where it does not."""
    if sizes.executions("triton"):
        return []
    return [row(case, "triton", "all", None, note=WITHOUT_TRITON)]


def table(caption: str, rows: Sequence[Row], left_out: Mapping[str, str]) -> str:
    """Return the results in Markdown, and what was not run, with the reasons."""
    lines = ([_cell(found.get(name, "")) for name in COLUMNS] for found in rows)
    parts = [caption, "", markdown_table(COLUMNS, lines), "", _missing(rows, left_out)]
    return "\n".join(parts) + "\n"


def _missing(rows: Iterable[Row], left_out: Mapping[str, str]) -> str:
    """Return the list of what was not run."""
    lines = [f"- {part}: {reason}" for part, reason in left_out.items()]
    lines += [
        f"- {found['part']}, {found['case']}, {found['contestant']}: {found['note']}"
        for found in rows
        if found["value"] is None
    ]
    if not lines:
        return "Everything was run."
    return "\n".join(["Not run:", "", *lines])


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
