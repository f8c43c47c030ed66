"""Table, CSV, JSON and figure of measured equivariance errors."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepsphere_pyg.atomic_files import atomic_path, write_json
from deepsphere_pyg.metrics import EquivarianceError
from deepsphere_pyg.plot.equivariance import ErrorCurve, equivariance_curves
from samplings import Sampling

COLUMNS = (
    "sampling",
    "vertices",
    "k",
    "degree",
    "mean",
    "standard_error",
    "n_samples",
    "unresolved",
    "published",
)


@dataclass(frozen=True)
class MeasuredGraph:
    """Errors of the Laplacian of one graph, and published ones where there are."""

    sampling: Sampling
    k: int
    t: float
    errors: Sequence[EquivarianceError]
    published: Mapping[int, float]


def error_table(measured: Sequence[MeasuredGraph]) -> str:
    """Rows of graphs, columns of degrees, mean errors in units of 1e-4.

    Published rows follow ours, with the deviation of ours from them in per cent and its
    root mean square.
    """
    degrees = sorted({e.degree for graph in measured for e in graph.errors})
    width = max(len(graph.sampling.name) for graph in measured)
    rows = [("degree", {degree: str(degree) for degree in degrees}, "")]
    for graph in measured:
        ours = {e.degree: e.mean for e in graph.errors}
        name = f"{graph.sampling.name:{width}} k={graph.k}"
        cells = {degree: _in_e4(value) for degree, value in ours.items()}
        rows.append((name, cells, ""))
        both = [degree for degree in ours if degree in graph.published]
        if both:
            rows.append(_published_row(graph, both))
            rows.append(_deviation_row(graph, ours, both))
    label = max(len(name) for name, _, _ in rows)
    return "\n".join(
        f"{name:{label}}"
        + "".join(f"{cells.get(degree, ''):>7}" for degree in degrees)
        + note
        for name, cells, note in rows
    )


def _in_e4(value: float) -> str:
    """Three digits at least, in units of 1e-4."""
    return f"{1e4 * value:.0f}" if value >= 1e-2 else f"{1e4 * value:.3g}"


def _published_row(
    graph: MeasuredGraph, degrees: Sequence[int]
) -> tuple[str, dict[int, str], str]:
    cells = {degree: _in_e4(graph.published[degree]) for degree in degrees}
    return "  published", cells, ""


def _deviation_row(
    graph: MeasuredGraph, ours: Mapping[int, float], degrees: Sequence[int]
) -> tuple[str, dict[int, str], str]:
    deviation = {
        degree: ours[degree] / graph.published[degree] - 1 for degree in degrees
    }
    rms = math.sqrt(sum(d**2 for d in deviation.values()) / len(deviation))
    cells = {degree: f"{100 * d:+.0f} %" for degree, d in deviation.items()}
    return "  deviation", cells, f"   (rms {100 * rms:.1f} %)"


def write_report(
    folder: Path,
    measured: Sequence[MeasuredGraph],
    settings: Mapping[str, Any],
    title: str,
) -> list[Path]:
    """Write ``equivariance.csv``, ``.json`` and ``.png``, each whole or not at all.

    Returns
    -------
    list of Path
        The three files.
    """
    rows = [
        {
            "sampling": graph.sampling.name,
            "vertices": len(graph.sampling),
            "k": graph.k,
            "degree": error.degree,
            "mean": error.mean,
            "standard_error": error.standard_error,
            "n_samples": error.n_samples,
            "unresolved": error.unresolved,
            "published": graph.published.get(error.degree),
        }
        for graph in measured
        for error in graph.errors
    ]
    paths = [folder / f"equivariance.{ending}" for ending in ("csv", "json", "png")]
    with atomic_path(paths[0]) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    graphs = [
        {
            "sampling": graph.sampling.name,
            "vertices": len(graph.sampling),
            "k": graph.k,
            "t": graph.t,
        }
        for graph in measured
    ]
    content = {"settings": dict(settings), "graphs": graphs, "errors": rows}
    write_json(paths[1], content)
    curves = [
        ErrorCurve(
            graph.sampling.name,
            graph.k,
            [error.degree for error in graph.errors],
            [error.mean for error in graph.errors],
            [error.standard_error for error in graph.errors],
            graph.published,
        )
        for graph in measured
    ]
    with atomic_path(paths[2]) as temporary:
        equivariance_curves(curves, title).savefig(temporary, dpi=160)
    return paths
