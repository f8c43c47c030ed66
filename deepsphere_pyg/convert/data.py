"""Graphs as data of PyTorch Geometric, and back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from deepsphere_pyg.convert.recipe import (
    RECIPE,
    FloatArray,
    graph_of_recipe,
    note_of,
    recipe_of,
)
from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.pyg import Batch, Data
from samplings import Sampling, SphericalGraph, laplacian
from samplings.arguments import instance_argument
from samplings.vertex_arrays import equal_areas


def to_data(
    graph: SphericalGraph,
    x: Tensor | None = None,
    mask: Tensor | None = None,
    dtype: torch.dtype = torch.float64,
) -> Data:
    """Return a graph as PyTorch Geometric data.

    Parameters
    ----------
    graph
        The graph.
    x
        Signals on its vertices, shape ``(V, channel)``.
    mask
        True where a vertex counts, shape ``(V,)``; everywhere if None.
    dtype
        Of positions, edge weights and areas. In float64 :func:`from_data` gives the
        graph back exactly; layers of PyTorch Geometric want the dtype of ``x``.

    Returns
    -------
    torch_geometric.data.Data
        With ``pos (V, 3)``, ``edge_index (2, E)`` from source to target,
        ``edge_weight (E,)``, ``area (V,)`` in steradian, ``mass (V,)`` where the
        graph has masses, ``mask (V,)``, and ``spherical_graph``, a text of JSON that
        says how the graph was made.

    Raises
    ------
    TypeError
        If it is not a graph.
    ValueError
        If ``x`` or ``mask`` does not have one row per vertex.

    Examples
    --------
    >>> from samplings import HEALPix, knn_graph
    >>> data = to_data(knn_graph(HEALPix(1), k=4), x=torch.zeros(12, 3))
    >>> data.num_nodes, data.num_features, data.is_undirected()
    (12, 3, True)
    """
    instance_argument("graph", graph, SphericalGraph, "build one with knn_graph")
    n = graph.n_vertices
    if x is not None and (x.ndim != 2 or len(x) != n):
        raise ValueError(f"x must have shape ({n}, channel), got {tuple(x.shape)}")
    if mask is None:
        mask = torch.ones(n, dtype=torch.bool)
    if mask.shape != (n,) or mask.dtype != torch.bool:
        raise ValueError(
            f"mask must be boolean of shape ({n},), got {mask.dtype} of shape "
            f"{tuple(mask.shape)}"
        )
    edges = graph.adjacency.tocoo()
    index = np.stack([edges.col, edges.row]).astype(np.int64)
    more: dict[str, Any] = {RECIPE: recipe_of(graph)}
    if graph.mass is not None:
        more["mass"] = torch.tensor(graph.mass, dtype=dtype)
    return Data(
        x=x,
        edge_index=torch.from_numpy(index),
        edge_weight=torch.tensor(edges.data, dtype=dtype),
        pos=torch.tensor(graph.sampling.xyz, dtype=dtype),
        area=torch.tensor(graph.sampling.weights, dtype=dtype),
        mask=mask,
        **more,
    )


def from_data(data: Data) -> SphericalGraph:
    """Return the graph in PyTorch Geometric data.

    Parameters
    ----------
    data
        With ``pos (V, 3)``, unit vectors, and ``edge_index (2, E)``; ``edge_weight
        (E,)`` where the weights are not one. Data from :func:`to_data` gives the
        original sampling; other data an :class:`samplings.Irregular` one, with
        ``area (V,)`` if given and Voronoi areas if not.

    Returns
    -------
    SphericalGraph
        In other data, ``k`` is the smallest number of neighbours, ``t`` is NaN and the
        weighting ``"unknown"``.

    Raises
    ------
    TypeError
        If it is not data, or a batch of graphs.
    ValueError
        If positions or edges are missing, of another number than the recorded graph's,
        not unit vectors, asymmetric, or a vertex is linked to itself.

    Warns
    -----
    samplings.DisconnectedGraphWarning
        If the graph has more than one component.

    Examples
    --------
    >>> from samplings import HEALPix, knn_graph
    >>> from_data(to_data(knn_graph(HEALPix(1), k=4))).name
    'healpix-1-k4'
    """
    if isinstance(data, Batch):
        raise TypeError(
            f"from_data takes one graph, got a batch of {data.num_graphs}; "
            "pass one of them, as batch[0]"
        )
    adjacency = _adjacency(data)
    area, mass = (_vertex_values(data, name) for name in ("area", "mass"))
    return graph_of_recipe(adjacency, _positions(data), area, data.get(RECIPE), mass)


def operator_from_data(
    data: Data, kind: str | None = None, execution: str = "auto"
) -> EdgeOperator:
    """Return the rescaled Laplacian of a graph, or of each graph of a batch.

    Parameters
    ----------
    data
        A graph with ``pos`` and ``edge_index``, or a ``Batch`` of them. Missing edge
        weights are one. ``mass (V,)`` is what vertices weigh in a mass-weighted
        Laplacian.
    kind
        As in :func:`samplings.laplacian`: by default mass-weighted where there are
        masses, combinatorial elsewhere.
    execution
        As in :class:`~deepsphere_pyg.edge_operator.EdgeOperator`.

    Returns
    -------
    EdgeOperator
        Acts on ``(V, channel)``, vertices of all graphs together; each graph is
        rescaled by its own largest eigenvalue, so that the result is that of each
        graph alone.

    Raises
    ------
    TypeError
        If it is not data.
    ValueError
        As for :func:`from_data`.

    Examples
    --------
    >>> from samplings import HEALPix, knn_graph
    >>> data = to_data(knn_graph(HEALPix(1), k=4))
    >>> operator_from_data(Batch.from_data_list([data, data])).n_out
    24
    """
    _check_data(data)
    graphs = data.to_data_list() if isinstance(data, Batch) else [data]
    # Batches mostly repeat one graph, whose largest eigenvalue is the costly part.
    known: dict[tuple[bytes, ...], sp.csr_array] = {}
    blocks = []
    for one in graphs:
        adjacency = _adjacency(one)
        mass = _vertex_values(one, "mass")
        parts = (adjacency.indptr, adjacency.indices, adjacency.data, mass)
        key = tuple(b"" if part is None else part.tobytes() for part in parts)
        if key not in known:
            sampling = Sampling(_positions(one), equal_areas(adjacency.shape[0]))
            graph = SphericalGraph(
                sampling,
                adjacency,
                k=1,
                t=math.nan,
                mass=mass,
                note=note_of(one.get(RECIPE)),
            )
            known[key] = laplacian(graph, kind).rescaled()
        blocks.append(known[key])
    matrix = sp.csr_array(sp.block_diag(blocks, format="csr"))
    return EdgeOperator(matrix, execution=execution).to(data.edge_index.device)


def _check_data(data: object) -> None:
    """Refuse what is not of PyTorch Geometric."""
    if not isinstance(data, Data):
        raise TypeError(
            "expected torch_geometric Data or a Batch of them, got "
            f"{type(data).__name__}; convert a SphericalGraph with to_data"
        )


def _positions(data: Data) -> FloatArray:
    """Positions of the vertices as float64."""
    if data.pos is None:
        raise ValueError("data has no pos; set data.pos to unit vectors (V, 3)")
    positions: FloatArray = data.pos.double().cpu().numpy()
    return positions


def _vertex_values(data: Data, name: str) -> FloatArray | None:
    """One number a vertex as float64, or None where the data have none."""
    if name not in data:
        return None
    values: FloatArray = data[name].double().cpu().numpy()
    return values


def _adjacency(data: Data) -> sp.csr_array:
    """Edges as a matrix: row target, column source."""
    _check_data(data)
    if data.edge_index is None:
        raise ValueError("data has no edge_index; build it with to_data(graph)")
    n = len(_positions(data))
    source, target = data.edge_index.cpu().numpy()
    weight = data.edge_weight if "edge_weight" in data else None
    if weight is not None and weight.shape != (len(source),):
        raise ValueError(
            f"edge_weight must have shape ({len(source)},), one number an edge, "
            f"got {tuple(weight.shape)}"
        )
    values = np.ones(len(source)) if weight is None else weight.double().cpu().numpy()
    if len(source) and not 0 <= data.edge_index.min() <= data.edge_index.max() < n:
        raise ValueError(
            f"edges must link vertices 0 to {n - 1}, the rows of pos, got "
            f"{int(data.edge_index.min())} to {int(data.edge_index.max())}"
        )
    return sp.csr_array((values, (target, source)), shape=(n, n))
