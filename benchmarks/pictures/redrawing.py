"""Pictures that are drawn from kept numbers."""

from __future__ import annotations

import contextlib
import csv
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from benchmarks.studies import scaling, tensor_product_scaling
from benchmarks.studies.barotropic_forecasts import report as barotropic_forecasts
from benchmarks.studies.local_layers import report as local_layers
from deepsphere_pyg.commands.equivariance.measured import FIRST_DEGREE
from deepsphere_pyg.commands.equivariance.report import figures_of
from deepsphere_pyg.plot.classifiers import ClassifierErrors, error_against_equivariance
from deepsphere_pyg.plot.equivariance import ErrorCurve
from deepsphere_pyg.plot.laplacians import LaplacianPoint
from deepsphere_pyg.plot.layer_equivariance import LayerBar, layer_bars

Row = dict[str, str]
Drawing = Callable[[Sequence[Row], str], Mapping[str, Figure]]


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


def classifier_picture(rows: Sequence[Row]) -> Figure:
    """Draw errors of ``deepsphere-pyg cosmology`` from its table of graphs."""
    return error_against_equivariance(
        [
            ClassifierErrors(
                row["name"],
                int(row["k"]),
                *(float(row[key]) for key in ("equivariance", "mean", "spread")),
            )
            for row in rows
        ]
    )


def _with_numbers(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return rows as a study has them that measures them: numbers, and no gaps."""
    return [{k: _number(text) for k, text in row.items() if text} for row in rows]


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text


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


def _published(rows: Sequence[Row], title: str) -> dict[str, Figure]:
    figure = equivariance_pictures(rows, title)["equivariance"]
    return {"equivariance_published": figure}


#: What draws the pictures of a kept table, by their names, from its rows and a title.
DRAWINGS: dict[str, Drawing] = {
    "equivariance.csv": equivariance_pictures,
    "equivariance_published.csv": _published,
    "layer_equivariance.csv": lambda rows, title: {
        "layer_equivariance": layer_picture(rows, title)
    },
    "cosmology_graphs.csv": lambda rows, _: {
        "cosmology_graphs": classifier_picture(rows)
    },
    "local_layers.csv": lambda rows, _: {"local_layers": local_layers.picture(rows)},
    "barotropic_forecasts.csv": lambda rows, _: {
        "barotropic_forecasts": barotropic_forecasts.picture(rows)
    },
    "tensor_product_cost.csv": lambda rows, _: {
        "tensor_product_cost": tensor_product_scaling.figure(_with_numbers(rows))
    },
    "cost_against_size.csv": lambda rows, _: {
        "cost_against_size": scaling.figure(_with_numbers(rows))
    },
}
