"""Table, CSV, JSON and figure of measured equivariance errors of layers."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deepsphere_pyg.commands.equivariance_layers.cases import PUBLISHED_BANDLIMIT
from deepsphere_pyg.commands.equivariance_layers.layers import DTYPES, MeasuredLayer
from deepsphere_pyg.plot.layer_equivariance import LayerBar, layer_bars
from deepsphere_pyg.plot.style import save_figure
from samplings.atomic_files import atomic_path, write_json

NAME = "layer_equivariance"
COLUMNS = (
    "layer",
    "grid",
    "points",
    "L",
    "N",
    "in_channels",
    "rows_in",
    "rows_out",
    "dtype",
    "mean",
    "rms",
    "std",
    "standard_error",
    "n_samples",
    "published",
)


def layer_table(measured: Sequence[MeasuredLayer]) -> str:
    """One row for each layer, in Markdown: grid, bandlimits, errors, published ones."""
    head = ["layer", "grid", "L", "N", *DTYPES, "published"]
    rows = [
        [
            one.case.layer,
            one.case.grid_name or "none",
            str(one.case.layout.L),
            "" if one.case.N is None else str(one.case.N),
            *(_digits(one.errors[name].mean) for name in DTYPES),
            "" if one.case.published is None else _digits(one.case.published, 2),
        ]
        for one in measured
    ]
    widths = [max(3, *(len(row[i]) for row in [head, *rows])) for i in range(len(head))]
    rule = ["-" * width for width in widths]
    # Names are aligned left, numbers right.
    rule[2:] = [part[:-1] + ":" for part in rule[2:]]
    return "\n".join(
        "| "
        + " | ".join(
            f"{cell:<{width}}" if i < 2 else f"{cell:>{width}}"
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in [head, rule, *rows]
    )


def footnote(measured: Sequence[MeasuredLayer]) -> str:
    """State the source of the published errors, or why the table lacks them."""
    source = f"arXiv:2010.11661, L = {PUBLISHED_BANDLIMIT}"
    if all(one.case.published is None for one in measured):
        return f"published: no errors at this bandlimit (see {source})"
    return f"published: {source}, single precision, its own grids and signals"


def _digits(value: float, decimals: int = 3) -> str:
    """A number with some decimals, or two digits of a small one."""
    return f"{value:.{decimals}f}" if value >= 1e-2 else f"{value:.1e}"


def write_layer_report(
    folder: Path,
    measured: Sequence[MeasuredLayer],
    settings: Mapping[str, Any],
    title: str,
) -> list[Path]:
    """Write ``layer_equivariance.csv``, ``.json``, ``.md`` and ``.png``.

    Each is written whole or not at all.

    Returns
    -------
    list of Path
        The files.
    """
    rows = [row for one in measured for row in _rows(one)]
    paths = [folder / f"{NAME}.{ending}" for ending in ("csv", "json", "md", "png")]
    with atomic_path(paths[0]) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    write_json(paths[1], {"settings": dict(settings), "errors": rows})
    with atomic_path(paths[2]) as temporary:
        parts = (title, layer_table(measured), footnote(measured))
        temporary.write_text("\n\n".join(parts) + "\n")
    bars = [
        LayerBar(
            one.case.layer,
            one.case.grid_name,
            {name: error.mean for name, error in one.errors.items()},
            one.case.published,
        )
        for one in measured
    ]
    save_figure(layer_bars(bars, title), paths[3])
    return paths


def _rows(one: MeasuredLayer) -> list[dict[str, Any]]:
    case = one.case
    return [
        {
            "layer": case.layer,
            "grid": case.grid_name or None,
            "points": None if case.grid is None else len(case.grid),
            "L": case.layout.L,
            "N": case.N,
            "in_channels": case.channels,
            "rows_in": case.layout.n_rows,
            "rows_out": None if case.layout_out is None else case.layout_out.n_rows,
            "dtype": name,
            "mean": error.mean,
            "rms": error.rms,
            "std": error.std,
            "standard_error": error.standard_error,
            "n_samples": error.n_samples,
            "published": case.published,
        }
        for name, error in one.errors.items()
    ]
