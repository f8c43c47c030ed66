"""Results that are kept one by one, so that an interruption loses little."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measuring.files import write_csv
from benchmarks.studies.climate_runs.data import Array
from samplings.atomic_files import atomic_path, make_folder

#: What tells one result from another.
KEYS = ("task", "input", "held", "method", "sampling", "weighting", "seed")
COLUMNS = (*KEYS, "validation", "choice", "epoch", "parameters", "seconds")

Result = tuple[Mapping[str, Any], Mapping[int, Array]]


@dataclass(eq=False)
class Kept:
    """Rows of ``results.csv`` in a folder, and the answers that each is about.

    Parameters
    ----------
    folder
        Where the results are; they are read if there are some.
    """

    folder: Path
    rows: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        make_folder(self.folder / "answers")
        if self._table.exists():
            with self._table.open(newline="") as file:
                self.rows = list(csv.DictReader(file))

    @property
    def _table(self) -> Path:
        return self.folder / "results.csv"

    def add(self, key: Mapping[str, Any], run: Callable[[], Result]) -> None:
        """Run what is not kept yet, and keep its row and its answers."""
        named = {name: str(key.get(name, "")) for name in KEYS}
        if self.find(**named):
            return
        facts, answers = run()
        with atomic_path(self._answers(named)) as path:
            np.savez(path, **{str(member): y for member, y in answers.items()})
        self.rows.append({**named, **{k: _text(v) for k, v in facts.items()}})
        write_csv(self._table, COLUMNS, self.rows)
        shown = ", ".join(filter(None, self.rows[-1].values()))
        print(shown, flush=True)

    def find(self, **wanted: str) -> list[dict[str, str]]:
        """Return the rows with some values."""
        return [row for row in self.rows if all(row[k] == v for k, v in wanted.items())]

    def answers(self, rows: Iterable[Mapping[str, str]]) -> dict[int, Array]:
        """Return the mean of the answers of some rows, for each member."""
        found: dict[int, list[Array]] = {}
        for row in rows:
            with np.load(self._answers(row)) as file:
                for member in file.files:
                    found.setdefault(int(member), []).append(file[member])
        return {member: np.mean(ys, axis=0) for member, ys in found.items()}

    def _answers(self, row: Mapping[str, str]) -> Path:
        words = "-".join(row[name] for name in KEYS if row[name])
        return self.folder / "answers" / f"{words.replace(' ', '_')}.npz"


def _text(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)
