"""Graphs as data of PyTorch Geometric, and back."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from deepsphere_pyg import pyg
from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.signals import tensor_argument
from samplings import Irregular, Sampling, SphericalGraph, from_config, laplacian
from samplings.arguments import instance_argument
from samplings.arrays import FloatArray
from samplings.encoding import decode_array, encode_array
from samplings.vertex_arrays import equal_areas

# Attribute of Data and PyGSP graphs with the sampling and options of a graph as JSON.
RECIPE = "spherical_graph"
_FIELDS = ("k", "t", "distance", "symmetrize", "weighting", "n_joined", "note")
_OWN = ("edge_index", "edge_weight", "pos", "area", "mass", RECIPE)


def to_data(
    graph: SphericalGraph,
    x: Tensor | None = None,
    *,
    mask: Tensor | None = None,
    dtype: torch.dtype | None = None,
    **fields: Any,
) -> pyg.Data:
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
        Of positions, edge weights, areas and masses; PyTorch's default if None. With
        ``torch.float64``, :func:`from_data` restores edge weights exactly.
    **fields
        Further fields of the data, such as ``y``.

    Returns
    -------
    torch_geometric.data.Data
        With ``pos (V, 3)``, ``edge_index (2, E)`` from source to target,
        ``edge_weight (E,)``, ``area (V,)`` in steradian, ``mass (V,)`` if the graph has
        masses, ``mask (V,)``, and ``spherical_graph``, a list of one JSON text, which
        describes the sampling and the options of the graph.

    Raises
    ------
    TypeError
        If ``graph`` is not a graph.
    ValueError
        If ``x`` or ``mask`` does not have one row for each vertex, or a field has the
        name of one of the above.

    Examples
    --------
    >>> from samplings import HEALPix, knn_graph
    >>> to_data(knn_graph(HEALPix(1), k=4), torch.zeros(12, 3)).is_undirected()
    True
    """
    instance_argument("graph", graph, SphericalGraph, "build one with knn_graph")
    n = graph.n_vertices
    if x is not None and (
        tensor_argument("x", x, "(V, channel)").ndim != 2 or len(x) != n
    ):
        raise ValueError(
            f"x must have shape ({n}, channel), got {tuple(x.shape)}; pass one row "
            "for each vertex"
        )
    if mask is None:
        mask = torch.ones(n, dtype=torch.bool)
    if tensor_argument("mask", mask, "(V,)").shape != (n,) or mask.dtype != torch.bool:
        raise ValueError(
            f"mask must be boolean of shape ({n},), got {mask.dtype} of shape "
            f"{tuple(mask.shape)}; pass one boolean for each vertex"
        )
    taken = [name for name in _OWN if name in fields]
    if taken:
        raise ValueError(
            f"fields must not be {', '.join(_OWN)}, which come from the graph, got "
            f"{', '.join(taken)}; set it on the data that to_data returns"
        )
    if dtype is None:
        dtype = torch.get_default_dtype()
    instance_argument("dtype", dtype, torch.dtype, "pass torch.float64 or float32")
    edges = graph.adjacency.tocoo()
    index = np.stack([edges.col, edges.row]).astype(np.int64)
    if graph.mass is not None:
        fields["mass"] = torch.tensor(graph.mass, dtype=dtype)
    # Data print a text in full, a list by its length.
    fields[RECIPE] = [recipe_of(graph)]
    return pyg.Data(
        x=x,
        edge_index=torch.from_numpy(index),
        edge_weight=torch.tensor(edges.data, dtype=dtype),
        pos=torch.tensor(graph.sampling.xyz, dtype=dtype),
        area=torch.tensor(graph.sampling.weights, dtype=dtype),
        mask=mask,
        **fields,
    )


def from_data(data: pyg.Data) -> SphericalGraph:
    """Return the graph in PyTorch Geometric data.

    Parameters
    ----------
    data
        With ``pos (V, 3)``, unit vectors, and ``edge_index (2, E)``; edge weights are
        one without ``edge_weight (E,)``. Data from :func:`to_data` gives the original
        sampling; other data an :class:`samplings.Irregular` one, with ``area (V,)`` if
        given and Voronoi areas if not.

    Returns
    -------
    SphericalGraph
        From other data, ``k`` is the smallest number of neighbours, ``t`` is NaN and
        the weighting ``"unknown"``.

    Raises
    ------
    TypeError
        If ``data`` is not data, or is a batch of graphs.
    ValueError
        If positions or edges are missing, positions are not unit vectors or not those
        of the recorded sampling, edges are asymmetric, or a vertex is linked to itself.

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
    if isinstance(data, pyg.Batch):
        raise TypeError(
            f"from_data takes one graph, got a batch of {data.num_graphs}; "
            "pass one of them, such as batch[0]"
        )
    adjacency = _adjacency(data)
    area, mass = (_vertex_values(data, name) for name in ("area", "mass"))
    return graph_of_recipe(adjacency, _positions(data), area, data.get(RECIPE), mass)


def operator_from_data(
    data: pyg.Data, kind: str | None = None, *, execution: str = "auto"
) -> EdgeOperator:
    """Return the rescaled Laplacian of a graph, or of each graph of a batch.

    Parameters
    ----------
    data
        A graph with ``pos`` and ``edge_index``, or a ``Batch`` of them. Edge weights
        are one without ``edge_weight``. ``mass (V,)`` are the masses of the vertices
        in a mass-weighted Laplacian.
    kind
        As in :func:`samplings.laplacian`: by default mass-weighted where there are
        masses, combinatorial elsewhere.
    execution
        As in :class:`~deepsphere_pyg.edge_operator.EdgeOperator`.

    Returns
    -------
    EdgeOperator
        Acts on ``(V, channel)``, the vertices of all graphs; each graph is rescaled by
        its own largest eigenvalue, so that results are those of each graph alone.

    Raises
    ------
    TypeError
        If ``data`` is not data.
    ValueError
        As for :func:`from_data`.

    Examples
    --------
    >>> from samplings import HEALPix, knn_graph
    >>> data = to_data(knn_graph(HEALPix(1), k=4))
    >>> from torch_geometric.data import Batch
    >>> operator_from_data(Batch.from_data_list([data, data])).n_out
    24
    """
    graphs = data.to_data_list() if isinstance(data, pyg.Batch) else [data]
    # Most batches repeat one graph, whose largest eigenvalue takes the longest.
    known: dict[tuple[bytes, ...], sp.csr_array] = {}
    blocks = []
    for one in graphs:
        adjacency = _adjacency(one)
        mass = _vertex_values(one, "mass")
        parts = (adjacency.indptr, adjacency.indices, adjacency.data, mass)
        key = tuple(b"" if part is None else part.tobytes() for part in parts)
        if key not in known:
            sampling = Sampling(_positions(one), equal_areas(adjacency.shape[0]))
            note = _read(one.get(RECIPE)).get("note", "")
            graph = SphericalGraph(
                sampling, adjacency, k=1, t=math.nan, mass=mass, note=note
            )
            known[key] = laplacian(graph, kind).rescaled()
        blocks.append(known[key])
    matrix = sp.csr_array(sp.block_diag(blocks, format="csr"))
    return EdgeOperator(matrix, execution=execution).to(data.edge_index.device)


def _positions(data: pyg.Data) -> FloatArray:
    """Positions of the vertices as float64."""
    if data.pos is None:
        raise ValueError("data has no pos; set data.pos to unit vectors (V, 3)")
    positions: FloatArray = data.pos.double().cpu().numpy()
    return positions


def _vertex_values(data: pyg.Data, name: str) -> FloatArray | None:
    """One number for each vertex as float64, or None if the data do not have them."""
    if name not in data:
        return None
    values: FloatArray = data[name].double().cpu().numpy()
    return values


def _adjacency(data: pyg.Data) -> sp.csr_array:
    """Edges as a matrix: row target, column source."""
    if not isinstance(data, pyg.Data):
        raise TypeError(
            "data must be torch_geometric Data or a Batch of them, got "
            f"{type(data).__name__}; convert a SphericalGraph with to_data"
        )
    if data.edge_index is None:
        raise ValueError("data has no edge_index; build it with to_data(graph)")
    n = len(_positions(data))
    source, target = data.edge_index.cpu().numpy()
    weight = data.edge_weight if "edge_weight" in data else None
    if weight is not None and weight.shape != (len(source),):
        raise ValueError(
            f"edge_weight must have shape ({len(source)},), one number for each edge, "
            f"got {tuple(weight.shape)}; delete it for weights of one"
        )
    values = np.ones(len(source)) if weight is None else weight.double().cpu().numpy()
    if len(source) and not 0 <= data.edge_index.min() <= data.edge_index.max() < n:
        raise ValueError(
            f"edges must link vertices 0 to {n - 1}, the rows of pos, got "
            f"{int(data.edge_index.min())} to {int(data.edge_index.max())}; count "
            "vertices from 0"
        )
    return sp.csr_array((values, (target, source)), shape=(n, n))


def recipe_of(graph: SphericalGraph) -> str:
    """Describe a graph without its edges as JSON, which keeps floats exactly."""
    content: dict[str, Any] = {name: getattr(graph, name) for name in _FIELDS}
    if graph.mass is not None:
        content["mass"] = encode_array(graph.mass)
    return json.dumps({"sampling": graph.sampling.config, **content})


def graph_of_recipe(
    adjacency: sp.csr_array,
    xyz: FloatArray,
    area: FloatArray | None,
    recipe: str | list[str] | None,
    mass: FloatArray | None = None,
) -> SphericalGraph:
    """Rebuild a graph from its recipe, or build one on irregular points without."""
    fields = _read(recipe)
    if not fields:
        k = int(np.diff(adjacency.indptr).min())
        points = Irregular(xyz, area)
        return SphericalGraph(
            points, adjacency, k, math.nan, weighting="unknown", mass=mass
        )
    sampling = from_config(fields.pop("sampling"))
    if "mass" in fields:
        fields["mass"] = decode_array(fields["mass"], np.float64, (len(sampling),))
    # Positions may have been rounded to float32.
    if xyz.shape != sampling.xyz.shape or np.abs(xyz - sampling.xyz).max() > 1e-6:
        raise ValueError(
            f"the positions of {len(xyz)} vertices are not those of the recorded "
            f"sampling {sampling.name} with {len(sampling)}; if you changed them on "
            f"purpose, delete the attribute {RECIPE!r}"
        )
    return SphericalGraph(sampling, adjacency, **fields)


def _read(recipe: str | list[str] | None) -> dict[str, Any]:
    """Fields of a recipe, empty without one; older data have it outside of a list."""
    if recipe is None:
        return {}
    text = recipe if isinstance(recipe, str) else recipe[0]
    fields: dict[str, Any] = json.loads(text)
    return fields
