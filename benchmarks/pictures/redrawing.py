"""Pictures that are drawn from kept numbers."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from deepsphere_pyg.commands.equivariance.measured import FIRST_DEGREE
from deepsphere_pyg.commands.equivariance.report import figures_of
from deepsphere_pyg.plot.equivariance import ErrorCurve
from deepsphere_pyg.plot.laplacians import LaplacianPoint
from deepsphere_pyg.plot.layer_equivariance import LayerBar, layer_bars

Row = dict[str, str]


def rows_of(path: Path) -> list[Row]:
    """Return the rows of a table of numbers.

    Raises
    ------
    FileNotFoundError
        If it is missing.
    """
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def equivariance_pictures(rows: Sequence[Row], title: str) -> dict[str, Figure]:
    """Draw the figures of ``deepsphere-pyg equivariance`` from its table.

    Parameters
    ----------
    rows
        Those of its ``equivariance.csv``.
    title
        Title of the figures of errors.

    Returns
    -------
    dict
        Figures by name.
    """
    graphs = _grouped(rows, "sampling", "weighting", "k", "spin")
    curves = [_curve(graph) for graph in graphs]
    points = [_point(graph) for graph in graphs]
    published = [
        _published_point(point, curve)
        for point, curve in zip(points, curves, strict=True)
        if curve.published
    ]
    return figures_of(curves, points, published, title)


def layer_picture(rows: Sequence[Row], title: str) -> Figure:
    """Draw the bars of ``deepsphere-pyg equivariance --layers`` from its table."""
    layers = _grouped(rows, "layer", "grid")
    return layer_bars(
        [
            LayerBar(
                layer[0]["layer"],
                layer[0]["grid"],
                {row["dtype"]: float(row["mean"]) for row in layer},
                float(layer[0]["published"]) if layer[0]["published"] else None,
            )
            for layer in layers
        ],
        title,
    )


def _grouped(rows: Iterable[Row], *keys: str) -> list[list[Row]]:
    """Return rows with the same keys together, in the order of their occurrence."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    return list(groups.values())


def _curve(graph: Sequence[Row]) -> ErrorCurve:
    """Return the errors of a graph by degree."""
    first = graph[0]
    return ErrorCurve(
        first["sampling"],
        int(first["k"]),
        [int(row["degree"]) for row in graph],
        [float(row["mean"]) for row in graph],
        [float(row["standard_error"]) for row in graph],
        {
            int(row["degree"]): float(row["published"])
            for row in graph
            if row["published"]
        },
        _label(first),
    )


def _point(graph: Sequence[Row]) -> LaplacianPoint:
    """Return a graph with its errors in one number."""
    first = graph[0]
    known = all(row["symbol"] for row in graph)
    chosen = [float(r["mean"]) for r in graph if int(r["degree"]) >= FIRST_DEGREE]
    return LaplacianPoint(
        first["sampling"],
        _label(first),
        int(first["k"]),
        int(first["vertices"]),
        float(first["links"]),
        _geometric_mean(chosen or [float(row["mean"]) for row in graph]),
        [int(row["degree"]) for row in graph] if known else [],
        [float(row["symbol"]) for row in graph] if known else [],
        float(first["t"] or math.nan),
        int(first["spin"]),
    )


def _published_point(point: LaplacianPoint, curve: ErrorCurve) -> LaplacianPoint:
    """Return the published errors of a graph in one number."""
    return LaplacianPoint(
        point.sampling,
        "heat, published",
        point.k,
        point.n_vertices,
        point.links,
        _geometric_mean(list(curve.published.values())),
        point.degrees,
        point.symbol,
        point.t,
        point.spin,
    )


def _label(row: Row) -> str:
    """Return the weighting, and the spin of fields that are not scalars."""
    spin = int(row["spin"])
    return f"{row['weighting']}, spin {spin}" if spin else row["weighting"]


def _geometric_mean(values: Sequence[float]) -> float:
    return math.exp(sum(math.log(value) for value in values) / len(values))
