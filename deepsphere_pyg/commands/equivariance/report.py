"""Tables, CSV, JSON and figures of measured equivariance errors."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from deepsphere_pyg.commands.equivariance.measured import MeasuredGraph
from deepsphere_pyg.plot.equivariance import ErrorCurve, equivariance_curves
from deepsphere_pyg.plot.laplacians import (
    LaplacianPoint,
    cost_curves,
    symbol_curves,
    width_curves,
)
from deepsphere_pyg.plot.style import save_figure
from samplings.atomic_files import atomic_path, write_json
from samplings.graphs.kernel_width import HALF_WIDTHS, NSIDES, heat_time

COLUMNS = (
    "sampling",
    "vertices",
    "weighting",
    "k",
    "links",
    "t",
    "degree",
    "mean",
    "standard_error",
    "n_samples",
    "unresolved",
    "published",
    "symbol",
    "spin",
)


def error_table(measured: Sequence[MeasuredGraph]) -> str:
    """Rows of graphs, columns of degrees, mean errors in units of 1e-4.

    Published rows follow ours, with the deviation of ours from them in per cent and its
    root mean square.
    """
    degrees = sorted({e.degree for graph in measured for e in graph.errors})
    width = max(len(graph.name) for graph in measured)
    rows = [("degree", {degree: str(degree) for degree in degrees}, "")]
    for graph in measured:
        ours = {e.degree: e.mean for e in graph.errors}
        name = f"{graph.name:{width}} k={graph.graph.k}"
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


def cost_table(measured: Sequence[MeasuredGraph]) -> str:
    """One row for each graph: links, width, mean error and notes."""
    width = max(len(graph.name) for graph in measured)
    head = f"{'':{width}}  {'k':>3} {'links':>7} {'t':>10} {'error':>8}"
    rows = [head.rstrip()]
    for one in measured:
        graph = one.graph
        t = "" if math.isnan(graph.t) else f"{graph.t:.4g}"
        notes = [graph.note] if graph.note else []
        if graph.n_joined:
            notes.append(f"{graph.n_joined} edges added")
        row = (
            f"{one.name:{width}}  {graph.k:>3} {one.links:>7.1f} {t:>10} "
            f"{_in_e4(one.mean_error):>8}  {'; '.join(notes)}"
        )
        rows.append(row.rstrip())
    return "\n".join(rows)


def _in_e4(value: float) -> str:
    """At least three digits, in units of 1e-4."""
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
    """Write ``equivariance.csv``, ``.json`` and the figures, each whole or not at all.

    Returns
    -------
    list of Path
        The files.
    """
    rows = [row for graph in measured for row in _rows(graph)]
    paths = [folder / f"equivariance.{ending}" for ending in ("csv", "json")]
    with atomic_path(paths[0]) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    graphs = [
        {
            "sampling": one.graph.sampling.name,
            "vertices": one.graph.n_vertices,
            "weighting": one.weighting,
            "kind": one.kind,
            "spin": one.spin,
            "k": one.graph.k,
            "t": None if math.isnan(one.graph.t) else one.graph.t,
            "links": one.links,
            "error": one.mean_error,
            "joined": one.graph.n_joined,
            "components": one.graph.n_components,
            "note": one.graph.note,
        }
        for one in measured
    ]
    content = {"settings": dict(settings), "graphs": graphs, "errors": rows}
    write_json(paths[1], content)
    for name, figure in _figures(measured, title).items():
        paths.append(folder / f"{name}.png")
        save_figure(figure, paths[-1])
    return paths


def _rows(one: MeasuredGraph) -> list[dict[str, Any]]:
    symbol: Sequence[float | None] = one.symbol or [None] * len(one.errors)
    return [
        {
            "sampling": one.graph.sampling.name,
            "vertices": one.graph.n_vertices,
            "weighting": one.weighting,
            "k": one.graph.k,
            "links": one.links,
            "t": None if math.isnan(one.graph.t) else one.graph.t,
            "degree": error.degree,
            "mean": error.mean,
            "standard_error": error.standard_error,
            "n_samples": error.n_samples,
            "unresolved": error.unresolved,
            "published": one.published.get(error.degree),
            "symbol": value,
            "spin": one.spin,
        }
        for error, value in zip(one.errors, symbol, strict=True)
    ]


def _figures(measured: Sequence[MeasuredGraph], title: str) -> dict[str, Figure]:
    """Figures by file name."""
    curves = [
        ErrorCurve(
            one.graph.sampling.name,
            one.graph.k,
            [error.degree for error in one.errors],
            [error.mean for error in one.errors],
            [error.standard_error for error in one.errors],
            one.published,
            one.label,
        )
        for one in measured
    ]
    points = [one.point() for one in measured]
    published = [one.published_point() for one in measured if one.published]
    return figures_of(curves, points, published, title)


def figures_of(
    curves: Sequence[ErrorCurve],
    points: Sequence[LaplacianPoint],
    published: Sequence[LaplacianPoint],
    title: str,
) -> dict[str, Figure]:
    """Return the figures of measured graphs by file name.

    Parameters
    ----------
    curves
        Errors by degree.
    points
        The same graphs, with all errors in one number.
    published
        Published errors of some of them.
    title
        Title of the figures of errors.
    """
    figures = {
        "equivariance": equivariance_curves(curves, title),
        "error_against_cost": cost_curves([*points, *published], title),
    }
    if all(len(point.symbol) for point in points):
        figures["symbol"] = symbol_curves(points)
    heat = [point for point in points if not math.isnan(point.t)]
    if heat:
        table = {
            k: {
                12 * nside**2: heat_time(s)
                for nside, s in zip(NSIDES, widths, strict=True)
            }
            for k, widths in HALF_WIDTHS.items()
        }
        figures["kernel_widths"] = width_curves(heat, table)
    return figures
