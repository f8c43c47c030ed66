"""Results that are kept one by one, so that an interruption loses little."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.measuring.files import write_csv
from samplings.atomic_files import atomic_path, make_folder

Array = npt.NDArray[np.float64]
#: Facts of a result, and the arrays that it is about by their names, if there are any.
Result = tuple[Mapping[str, Any], Mapping[Any, Array]]


@dataclass(eq=False)
class Kept:
    """Rows of ``results.csv`` in a folder, and the answers that each is about.

    Parameters
    ----------
    folder
        Where the results are; they are read if there are some.
    keys
        Columns that tell one result from another.
    facts
        Columns that results fill.
    """

    folder: Path
    keys: Sequence[str]
    facts: Sequence[str]
    rows: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        make_folder(self.folder)
        if self._table.exists():
            with self._table.open(newline="") as file:
                self.rows = list(csv.DictReader(file))

    @property
    def _table(self) -> Path:
        return self.folder / "results.csv"

    def add(self, key: Mapping[str, Any], run: Callable[[], Result]) -> None:
        """Run what is not kept yet, and keep its row and its answers."""
        named = {name: str(key.get(name, "")) for name in self.keys}
        if self.find(**named):
            return
        facts, answers = run()
        if answers:
            make_folder(self.folder / "answers")
            with atomic_path(self._answers(named)) as path:
                np.savez(path, **{str(name): y for name, y in answers.items()})
        # As it is read again from the file.
        empty = dict.fromkeys(self.facts, "")
        texts = {name: _text(value) for name, value in facts.items()}
        self.rows.append({**named, **empty, **texts})
        write_csv(self._table, (*self.keys, *self.facts), self.rows)
        shown = ", ".join(filter(None, self.rows[-1].values()))
        print(shown, flush=True)

    def find(self, **wanted: str) -> list[dict[str, str]]:
        """Return the rows with some values."""
        return [row for row in self.rows if all(row[k] == v for k, v in wanted.items())]

    def answers(self, rows: Iterable[Mapping[str, str]]) -> dict[str, Array]:
        """Return the mean of the answers of some rows, by name."""
        found: dict[str, list[Array]] = {}
        for row in rows:
            with np.load(self._answers(row)) as file:
                for name in file.files:
                    found.setdefault(name, []).append(file[name])
        return {name: np.mean(ys, axis=0) for name, ys in found.items()}

    def _answers(self, row: Mapping[str, str]) -> Path:
        words = "-".join(row[name] for name in self.keys if row[name])
        return self.folder / "answers" / f"{words.replace(' ', '_')}.npz"


def _text(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)
