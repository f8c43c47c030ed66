"""Rescaled Laplacians of edge lists, with PyTorch Geometric's values."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from torch import Tensor

from deepsphere_pyg.layers.graph.pyg.edge_lists import EdgeList

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def rescaled_laplacian(edges: EdgeList, normalization: str | None) -> sp.csr_array:
    """Return the matrix of :func:`rescaled_edges`, with its parameters and errors.

    Its shape is ``(vertex, vertex)``; entry ``[i, j]`` is that of the edge from j to i.
    """
    source, target, values = rescaled_edges(edges, normalization)
    n = edges.n_vertices
    return sp.csr_array(sp.coo_array((values, (target, source)), shape=(n, n)))


def rescaled_edges(
    edges: EdgeList, normalization: str | None
) -> tuple[Integers, Integers, Floats]:
    r"""Return :math:`2 L / \lambda_\max - I`, as in PyTorch Geometric's ChebConv.

    .. math::
        L = D - A, \quad I - D^{-1/2} A D^{-1/2}, \quad I - D^{-1} A
        \qquad \text{for None, "sym", "rw"}

    Self-loops are removed first; parallel edges add up; :math:`D` holds the sums of
    weights by source. A vertex without weights has :math:`1 / D = 0`, so that its row
    of L is 0 (None) or 1 (else) times its own signal.

    Parameters
    ----------
    edges
        The graph; edges may be one-way.
    normalization
        None, ``"sym"`` or ``"rw"``.

    Returns
    -------
    tuple of numpy.ndarray
        Sources, targets and float64 weights: first of all edges but self-loops, in
        their order, then of one self-loop a vertex.

    Raises
    ------
    ValueError
        If a number of a vertex or graph is out of range, or an entry is not finite.

    Notes
    -----
    Source: ``torch_geometric.nn.ChebConv`` 2.8.1, whose values these are, computed in
    float64.
    """
    n = edges.n_vertices
    source, target, weight = _proper_edges(edges)
    degree: Floats = np.bincount(source, weights=weight, minlength=n).astype(float)
    if normalization is None:
        diagonal = degree
    else:
        diagonal = np.ones(n)
        # A denormal degree may have an infinite inverse: it counts as zero.
        with np.errstate(divide="ignore", over="ignore"):
            if normalization == "sym":
                _check_degrees(degree)
                root = _finite(degree**-0.5)
                # In this order a symmetric graph stays symmetric to the last bit.
                weight = root[source] * root[target] * weight
            else:
                weight = _finite(1 / degree)[source] * weight
    off_scale, scale = _divisors(edges, source, -weight, diagonal)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        off, diagonal = _finite(-2 * weight / off_scale), _finite(2 * diagonal / scale)
    if not (np.isfinite(off).all() and np.isfinite(diagonal).all()):
        raise ValueError(
            "the Laplacian divided by lambda_max is not finite; lambda_max is zero"
            + (
                ", as the Laplacian is: no edge has a weight; pass lambda_max"
                if edges.lambda_max is None
                else " where the Laplacian is not; pass its largest eigenvalue"
            )
        )
    everyone = np.arange(n)
    values = np.concatenate([off, diagonal - 1])
    sources, targets = (np.concatenate([ends, everyone]) for ends in (source, target))
    return sources, targets, values


def _finite(values: Floats) -> Floats:
    """Replace plus infinity by zero."""
    return np.where(values == np.inf, 0, values)


def _proper_edges(edges: EdgeList) -> tuple[Any, Any, Floats]:
    """Return sources, targets and weights of all edges but self-loops."""
    index = edges.edge_index.detach().cpu().numpy()
    if index.size and (index.min() < 0 or index.max() >= edges.n_vertices):
        wrong = index.min() if index.min() < 0 else index.max()
        raise ValueError(
            f"edge_index must number vertices 0 to {edges.n_vertices - 1}, as x has "
            f"{edges.n_vertices}, got {wrong}; x must have shape (*batch, vertex, "
            "channel)"
        )
    proper = index[0] != index[1]
    source, target = index[:, proper].astype(np.int64)
    if edges.edge_weight is None:
        return source, target, np.ones(len(source))
    weight = edges.edge_weight.detach().cpu().double().numpy().reshape(-1)[proper]
    if not np.isfinite(weight).all():
        raise ValueError(
            "edge_weight must be finite, got NaN or infinity; check the distances it "
            "comes from, or leave such edges out"
        )
    return source, target, weight


def _check_degrees(degree: Floats) -> None:
    if (degree < 0).any():
        vertex = int(np.argmax(degree < 0))
        raise ValueError(
            "normalization 'sym' takes the square root of each vertex's sum of "
            f"weights, got {degree[vertex]:g} at vertex {vertex}; use weights that are "
            "not negative, or normalization None or 'rw'"
        )


def _divisors(
    edges: EdgeList, source: Any, off: Floats, diagonal: Floats
) -> tuple[Any, Any]:
    """Return the divisors of the entries off and on the diagonal."""
    if edges.lambda_max is None:
        largest = 2 * max(off.max(initial=-np.inf), diagonal.max())
        return np.float64(largest), np.float64(largest)
    given = edges.lambda_max
    if isinstance(given, Tensor):
        given = given.detach().cpu().tolist()
    values = np.asarray(given, dtype=np.float64).reshape(-1)
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        raise ValueError(
            "lambda_max must be the largest eigenvalue of the Laplacian, finite and "
            f"not negative, got {values[bad][0]:g}; pass None to use twice its largest "
            "entry"
        )
    if edges.batch is None:
        return values[0], values[0]
    graph = edges.batch.detach().cpu().numpy()
    if graph.min() < 0 or graph.max() >= len(values):
        wrong = graph.min() if graph.min() < 0 else graph.max()
        raise ValueError(
            f"batch must number graphs 0 to {len(values) - 1}, as lambda_max has "
            f"{len(values)}, got {wrong}"
        )
    each = values[graph]
    return each[source], each
