"""Results kept one by one, so that an interrupted table continues."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from deepsphere_pyg.commands.options.parsing import flag
from deepsphere_pyg.commands.options.resuming import settings
from samplings.atomic_files import make_folder, write_json, write_rows
from samplings.reading import DataFileError, reading

# Options of a command that change no result, whatever the table.
_FREE = frozenset(
    {*("out", "resume", "device", "threads", "trainer", "n_workers", "root"), "seed"}
)


class Results:
    """Rows of ``results.csv`` in a folder, which are read if there are some.

    Parameters
    ----------
    folder
        Where they are kept.
    keys
        Columns that tell one result from another.
    values
        Further columns.
    free
        Options of the command that change no result, or of which each row states its
        own, beside those of the output and the machine.

    Raises
    ------
    ValueError
        If the file has other columns.
    """

    def __init__(
        self,
        folder: Path,
        keys: Sequence[str],
        values: Sequence[str],
        free: Iterable[str] = (),
    ) -> None:
        make_folder(folder)
        self.keys = tuple(keys)
        self.columns = (*keys, *values)
        self._free = _FREE.union(free)
        self.path = folder / "results.csv"
        self.rows: list[dict[str, str]] = []
        if self.path.exists():
            with self.path.open(newline="", encoding="utf-8") as file:
                self.rows = list(csv.DictReader(file))
            if any(set(row) != set(self.columns) for row in self.rows):
                expected = ", ".join(self.columns)
                raise DataFileError(
                    f"{self.path} must have the columns {expected}; move it away, or "
                    "choose another --out"
                )

    def keep_settings(self, options: Any) -> None:
        """Keep the options of the first run, and refuse to continue with others.

        Raises
        ------
        ValueError
            If there are results and ``--resume`` is not given, or an option differs on
            which the results depend.
        """
        folder = self.path.parent
        begun = bool(self.rows) or any(folder.glob("*/last.ckpt"))
        if begun and not options.resume:
            raise ValueError(
                f"{folder} has results already; pass --resume to continue the table, "
                "or another --out to keep it"
            )
        own = {k: v for k, v in settings(options).items() if k not in self._free}
        # A run that was stopped before its first result binds nothing.
        if begun:
            self.check_settings(options, own)
        write_json(self._settings, own)

    @property
    def _settings(self) -> Path:
        """File of the options on which the results depend."""
        return self.path.parent / "settings.json"

    def check_settings(self, options: Any, names: Iterable[str]) -> None:
        """Refuse options that differ from those of the results.

        Parameters
        ----------
        options
            Options of the command.
        names
            Names of those to compare.

        Raises
        ------
        ValueError
            If one of them differs.
        """
        kept, before, given = self._settings, self._known_settings(), settings(options)
        for name in names:
            # Options that are newer than the results did not change them.
            if name in before and before[name] != given[name]:
                raise ValueError(
                    f"--{flag(name)} of the results in {kept.parent} is "
                    f"{before[name]}, got {given[name]}; pass the same, or choose "
                    "another --out"
                )

    def change_settings(self, options: Any, names: Iterable[str]) -> None:
        """Keep other values of some options, with which all rows were made anew.

        Parameters
        ----------
        options
            Options of the command.
        names
            Names of those to change.
        """
        before, given = self._known_settings(), settings(options)
        if before:
            write_json(self._settings, before | {name: given[name] for name in names})

    def _known_settings(self) -> dict[str, Any]:
        """Return the options that the results depend on; none if they are not kept."""
        kept = self._settings
        if not kept.exists():
            return {}
        with reading(kept, "settings", "delete the folder, or choose another --out"):
            known: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
            return known

    def find(self, **wanted: Any) -> list[dict[str, str]]:
        """Return the rows with some values."""
        return [
            row
            for row in self.rows
            if all(row[name] == _text(value) for name, value in wanted.items())
        ]

    def add(self, row: Mapping[str, Any]) -> None:
        """Keep a row, in place of one with the same keys."""
        new = {name: _text(row.get(name, "")) for name in self.columns}
        own = [new[name] for name in self.keys]
        others = [one for one in self.rows if [one[k] for k in self.keys] != own]
        self.rows = [*others, new]
        write_rows(self.path, self.rows)


def _text(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)
