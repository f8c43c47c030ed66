"""Stored ratios, and whether a new run falls below them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.kernels.report import Row
from samplings.atomic_files import atomic_path

KEY = ("case", "device", "threads", "allocator", "mode", "peer")


def write_reference(path: Path, rows: Iterable[Row], caption: str) -> None:
    """Write the ratios of a run below a comment on the machine."""
    with atomic_path(path) as temporary, temporary.open("w", newline="") as file:
        file.write(f"# {caption}\n")
        writer = csv.writer(file)
        writer.writerow([*KEY, "ratio"])
        for row in rows:
            if _compared(row):
                writer.writerow([*_key(row), f"{row['ratio']:.3g}"])


def read_reference(path: Path) -> dict[tuple[str, ...], float]:
    """Return the ratio of each case, setting, mode and peer.

    Raises
    ------
    ValueError
        If the file is missing, or holds no ratios.
    """
    hint = f"{path} holds no ratios to compare with; write it with --write-reference"
    try:
        lines = path.read_text().splitlines()
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        found = {_key(row): float(row["ratio"]) for row in rows}
    except (OSError, LookupError, TypeError, ValueError) as error:
        raise ValueError(f"{hint} ({error!r})") from error
    if not found:
        raise ValueError(hint)
    return found


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
        A line for each ratio that has fallen, and the number of compared ratios.

    Raises
    ------
    ValueError
        If no measured ratio is in the reference.
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
                f"reference; at least {tolerance * before:.3g} is required"
            )
    if not compared:
        raise ValueError(
            "the reference holds no measured ratio; name other cases, or write it anew "
            "with --write-reference"
        )
    return worse, compared


def _compared(row: Row) -> bool:
    """Whether a row has a ratio to another peer."""
    return row["ratio"] is not None and row["ratio"] != 1


def _key(row: Row) -> tuple[str, ...]:
    return tuple(str(row[key]) for key in KEY)
