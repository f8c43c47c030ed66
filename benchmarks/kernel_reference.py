"""Stored ratios, and whether any of them has become worse."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from kernel_report import Row

from deepsphere_pyg.atomic_files import atomic_path

KEY = ("case", "device", "threads", "allocator", "mode", "peer")


def write_reference(path: Path, rows: Iterable[Row], caption: str) -> None:
    """Keep the ratios of a run, headed by what it ran on."""
    kept = [row for row in rows if _compared(row)]
    with atomic_path(path) as temporary, temporary.open("w", newline="") as file:
        file.write(f"# {caption}\n")
        writer = csv.writer(file)
        writer.writerow([*KEY, "ratio"])
        for row in kept:
            writer.writerow([*(row[key] for key in KEY), f"{row['ratio']:.3g}"])


def read_reference(path: Path) -> dict[tuple[str, ...], float]:
    """Return ratios by what they are of.

    Raises
    ------
    ValueError
        If the file is none of these, or is not there.
    """
    try:
        lines = path.read_text().splitlines()
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        found = {tuple(row[key] for key in KEY): float(row["ratio"]) for row in rows}
    except (OSError, LookupError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path} holds no ratios to compare with ({error!r}); write it with "
            "--write-reference"
        ) from error
    if not found:
        raise ValueError(
            f"{path} holds no ratios to compare with; write it with --write-reference"
        )
    return found


def _compared(row: Row) -> bool:
    """Whether a row has a ratio to another peer."""
    return row["ratio"] is not None and row["ratio"] != 1


def compare(
    rows: Sequence[Row], reference: dict[tuple[str, ...], float], tolerance: float
) -> tuple[list[str], int]:
    """Look for ratios that have fallen.

    Parameters
    ----------
    tolerance
        Share of the stored ratio that still passes.

    Returns
    -------
    tuple
        What has become worse, a line each, and how many ratios were compared.

    Raises
    ------
    ValueError
        If nothing that was measured is in the reference.
    """
    worse, compared = [], 0
    for row in rows:
        key = _key(row)
        if not _compared(row) or key not in reference:
            continue
        compared += 1
        now, before = row["ratio"], reference[key]
        if now < tolerance * before:
            worse.append(
                f"{', '.join(key)}: {now:.3g} times faster, {before:.3g} in the "
                f"reference; at least {tolerance * before:.3g} is asked for"
            )
    if not compared:
        raise ValueError(
            "nothing that was measured is in the reference; name other cases, or write "
            "it anew with --write-reference"
        )
    return worse, compared


def _key(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(row[key]) for key in KEY)
