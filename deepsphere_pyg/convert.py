"""From samplings, graphs and Laplacians to operators, PyG data and PyGSP, and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.pyg import Batch, Data
from samplings import (
    Coarsening,
    Irregular,
    Laplacian,
    Sampling,
    SphericalGraph,
    from_config,
    laplacian,
)

if TYPE_CHECKING:
    import pygsp

# Attribute of Data and PyGSP graphs that holds the parameters of a graph as JSON.
RECIPE = "spherical_graph"


# -- operators ------------------------------------------------------------------------
def laplacian_operator(laplacian: Laplacian, execution: str = "auto") -> EdgeOperator:
    r"""Return the operator :math:`2 L / \lambda_\max - I`, of spectrum in [-1, 1].

    Parameters
    ----------
    laplacian
        From :func:`samplings.laplacian`.
    execution
        As in :class:`~deepsphere_pyg.edge_operator.EdgeOperator`.

    Returns
    -------
    EdgeOperator
        From V vertices to V vertices, in PyTorch's default dtype.

    Raises
    ------
    ValueError
        If the Laplacian is zero.

    Examples
    --------
    >>> from samplings import HEALPix, knn_graph
    >>> laplacian_operator(laplacian(knn_graph(HEALPix(1), k=4))).n_out
    12
    """
    return EdgeOperator(laplacian.rescaled(), execution=execution)


def pooling_operator(coarsening: Coarsening, execution: str = "auto") -> EdgeOperator:
    r"""Return the mean over fine cells by area, from V_fine to V_coarse vertices.

    .. math:: P_{cf} = s_{cf}\, a_f / A_c

    Rows sum to one, so that constants stay what they are, and the integral is
    conserved: :math:`\sum_c A_c (Px)_c = \sum_f a_f x_f`.

    Parameters
    ----------
    coarsening
        From :meth:`samplings.Sampling.coarsen`.
    execution
        As in :class:`~deepsphere_pyg.edge_operator.EdgeOperator`.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> pooling_operator(HEALPix(2).coarsen())
    EdgeOperator(48 -> 12, 48 edges, execution='auto')
    """
    coarse = sp.diags_array(1 / coarsening.coarse.weights)
    fine = sp.diags_array(coarsening.fine.weights)
    return EdgeOperator(coarse @ coarsening.assign @ fine, execution=execution)


def unpooling_operator(coarsening: Coarsening, execution: str = "auto") -> EdgeOperator:
    r"""Return the copy to fine cells by share, from V_coarse to V_fine vertices.

    .. math:: U_{fc} = s_{cf}

    The adjoint of pooling in the inner products weighted by area:
    :math:`\sum_f a_f (Uy)_f x_f = \sum_c A_c y_c (Px)_c`.

    Parameters
    ----------
    coarsening
        From :meth:`samplings.Sampling.coarsen`.
    execution
        As in :class:`~deepsphere_pyg.edge_operator.EdgeOperator`.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> unpooling_operator(HEALPix(2).coarsen())
    EdgeOperator(12 -> 48, 48 edges, execution='auto')
    """
    return EdgeOperator(sp.csr_array(coarsening.assign.T), execution=execution)


def operator_from_data(
    data: Data, kind: str = "combinatorial", execution: str = "auto"
) -> EdgeOperator:
    """Return the rescaled Laplacian of a graph, or of each graph of a batch.

    Parameters
    ----------
    data
        A graph with ``pos`` and ``edge_index``, or a ``Batch`` of them. Missing edge
        weights are one.
    kind
        As in :func:`samplings.laplacian`.
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
    ValueError
        As for :func:`from_data`.

    Examples
    --------
    >>> from samplings import HEALPix, knn_graph
    >>> data = to_data(knn_graph(HEALPix(1), k=4))
    >>> operator_from_data(Batch.from_data_list([data, data])).n_out
    24
    """
    graphs = data.to_data_list() if isinstance(data, Batch) else [data]
    # Batches mostly repeat one graph, whose largest eigenvalue is the costly part.
    known: dict[tuple[bytes, bytes], sp.csr_array] = {}
    blocks = []
    for one in graphs:
        adjacency = _adjacency(one)
        key = (adjacency.indices.tobytes(), adjacency.data.tobytes())
        if key not in known:
            area = np.ones(adjacency.shape[0])
            sampling = Sampling(_positions(one), area)
            graph = SphericalGraph(sampling, adjacency, k=1, t=float("nan"))
            known[key] = laplacian(graph, kind).rescaled()
        blocks.append(known[key])
    matrix = sp.csr_array(sp.block_diag(blocks, format="csr"))
    return EdgeOperator(matrix, execution=execution).to(data.edge_index.device)


# -- PyTorch Geometric ----------------------------------------------------------------
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
        ``edge_weight (E,)``, ``area (V,)`` in steradian, ``mask (V,)``, and
        ``spherical_graph``, a text of JSON that says how the graph was made.

    Raises
    ------
    ValueError
        If ``x`` or ``mask`` does not have one row per vertex.

    Examples
    --------
    >>> from samplings import HEALPix, knn_graph
    >>> data = to_data(knn_graph(HEALPix(1), k=4), x=torch.zeros(12, 3))
    >>> data.num_nodes, data.num_features, data.is_undirected()
    (12, 3, True)
    """
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
    return Data(
        x=x,
        edge_index=torch.from_numpy(index),
        edge_weight=torch.tensor(edges.data, dtype=dtype),
        pos=torch.tensor(graph.sampling.xyz, dtype=dtype),
        area=torch.tensor(graph.sampling.weights, dtype=dtype),
        mask=mask,
        **{RECIPE: _recipe(graph)},
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
        In other data, ``k`` is the smallest number of neighbours and ``t`` is NaN:
        unknown.

    Raises
    ------
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
    area = data.area.double().cpu().numpy() if "area" in data else None
    return _graph(_adjacency(data), _positions(data), area, data.get(RECIPE))


# -- PyGSP ----------------------------------------------------------------------------
def to_pygsp(graph: SphericalGraph) -> pygsp.graphs.Graph:
    """Return a graph as one of PyGSP, with its coordinates.

    Examples
    --------
    >>> from samplings import HEALPix, knn_graph
    >>> to_pygsp(knn_graph(HEALPix(1), k=4)).N
    12
    """
    from pygsp import graphs

    converted = graphs.Graph(
        sp.csr_matrix(graph.adjacency, copy=True),
        lap_type="combinatorial",
        coords=np.array(graph.sampling.xyz),
    )
    setattr(converted, RECIPE, _recipe(graph))
    return converted


def from_pygsp(graph: pygsp.graphs.Graph) -> SphericalGraph:
    """Return a PyGSP graph whose coordinates are unit vectors.

    A graph from :func:`to_pygsp` gives the original sampling; another an
    :class:`samplings.Irregular` one with Voronoi areas, ``k`` the smallest number of
    neighbours and ``t`` NaN: unknown.

    Raises
    ------
    ValueError
        If there are no coordinates, they are not unit vectors in three dimensions, or
        the weights are not symmetric.

    Examples
    --------
    >>> from samplings import HEALPix, knn_graph
    >>> from_pygsp(to_pygsp(knn_graph(HEALPix(1), k=4))).name
    'healpix-1-k4'
    """
    coordinates = getattr(graph, "coords", None)
    if coordinates is None:
        raise ValueError(
            "the graph has no coordinates; set graph.coords to unit vectors (V, 3)"
        )
    adjacency = sp.csr_array(graph.W, dtype=np.float64)
    return _graph(
        adjacency, np.asarray(coordinates), None, getattr(graph, RECIPE, None)
    )


# -- what they share ------------------------------------------------------------------
def _recipe(graph: SphericalGraph) -> str:
    """Write down how a graph was made; JSON keeps floats to the last bit."""
    fields = ("k", "t", "distance", "symmetrize")
    content: dict[str, Any] = {name: getattr(graph, name) for name in fields}
    return json.dumps({"sampling": graph.sampling.config, **content})


def _graph(
    adjacency: sp.csr_array,
    xyz: np.ndarray[Any, np.dtype[np.float64]],
    area: np.ndarray[Any, np.dtype[np.float64]] | None,
    recipe: str | None,
) -> SphericalGraph:
    """Rebuild a graph from its recipe, or make one of what is known without."""
    if recipe is None:
        k = int(np.diff(adjacency.indptr).min())
        return SphericalGraph(Irregular.from_xyz(xyz, area), adjacency, k, float("nan"))
    fields = json.loads(recipe)
    sampling = from_config(fields.pop("sampling"))
    # Positions may have gone through float32.
    if xyz.shape != sampling.xyz.shape or np.abs(xyz - sampling.xyz).max() > 1e-6:
        raise ValueError(
            f"the positions of {len(xyz)} vertices are not those of the recorded "
            f"sampling {sampling.name} with {len(sampling)}; if they were changed on "
            f"purpose, delete the attribute {RECIPE!r} to take them as they are"
        )
    return SphericalGraph(sampling, adjacency, **fields)


def _positions(data: Data) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Positions of the vertices as float64."""
    if data.pos is None:
        raise ValueError("data has no pos; set data.pos to unit vectors (V, 3)")
    positions: np.ndarray[Any, np.dtype[np.float64]] = data.pos.double().cpu().numpy()
    return positions


def _adjacency(data: Data) -> sp.csr_array:
    """Edges as a matrix: row target, column source."""
    if data.edge_index is None:
        raise ValueError("data has no edge_index; build it with to_data(graph)")
    n = len(_positions(data))
    source, target = data.edge_index.cpu().numpy()
    weight = data.edge_weight if "edge_weight" in data else None
    values = np.ones(len(source)) if weight is None else weight.double().cpu().numpy()
    if len(source) and not 0 <= data.edge_index.min() <= data.edge_index.max() < n:
        raise ValueError(
            f"edges must link vertices 0 to {n - 1}, the rows of pos, got "
            f"{int(data.edge_index.min())} to {int(data.edge_index.max())}"
        )
    return sp.csr_array((values, (target, source)), shape=(n, n))
