"""Options, tables and pictures of a benchmark."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from deepsphere_pyg.plot.style import save_figure
from samplings.atomic_files import atomic_path


def new_parser(description: str | None) -> argparse.ArgumentParser:
    """Parser whose help shows a module's docstring as it is written."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def refuse_below(
    parser: argparse.ArgumentParser,
    args: argparse.Namespace,
    least: int,
    *names: str,
) -> None:
    """Refuse options, of one value or several, that are below a bound."""
    for name in names:
        value = getattr(args, name)
        values = value if isinstance(value, list) else [value]
        for number in values:
            if number is not None and number < least:
                option = name.replace("_", "-")
                parser.error(f"--{option} must be at least {least}, got {number}")


def write_csv(
    path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]
) -> None:
    """Write rows, with five significant digits of a float."""
    with atomic_path(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        for row in rows:
            writer.writerow(
                {k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()}
            )


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Lines of a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def write_picture(path: Path, figure: Figure) -> None:
    """Write a figure, and print where it is."""
    save_figure(figure, path)
    print(f"wrote {path}")
