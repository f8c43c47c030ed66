"""Edge lists of PyTorch Geometric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.autograd.forward_ad import unpack_dual

NORMALIZATIONS = (None, "sym", "rw")
INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


@dataclass(frozen=True, eq=False)
class EdgeList:
    """A graph, or a batch of graphs, in PyTorch Geometric's tensors.

    :func:`edge_list` checks the tensors and builds it.

    Parameters
    ----------
    n_vertices
        Number of vertices V.
    edge_index
        Sources in row 0, targets in row 1, shape ``(2, E)``.
    edge_weight
        Shape ``(E,)``; None for ones.
    lambda_max
        Largest eigenvalue of the Laplacian, one for all or one per graph; None for
        twice the largest entry of the Laplacian.
    batch
        Graph of each vertex, shape ``(V,)``; None if ``lambda_max`` is one number.
    """

    n_vertices: int
    edge_index: Tensor
    edge_weight: Tensor | None
    lambda_max: Tensor | float | list[float] | None
    batch: Tensor | None

    @property
    def parts(self) -> tuple[Any, ...]:
        """Tensors and numbers that distinguish edge lists on the same vertices."""
        return self.edge_index, self.edge_weight, self.lambda_max, self.batch


def refuse_gradients(edge_weight: Any, lambda_max: Any) -> None:
    """Raise if a tensor asks for a derivative, which would be dropped.

    Raises
    ------
    ValueError
        If a tensor requires a gradient while gradients are recorded, or has a tangent.
    """
    for name, value in [("edge_weight", edge_weight), ("lambda_max", lambda_max)]:
        if not isinstance(value, Tensor):
            continue
        asked = torch.is_grad_enabled() and value.requires_grad
        tangent = cast(Any, unpack_dual)(value).tangent
        if asked or tangent is not None:
            raise ValueError(
                f"{name} requires a gradient, which this layer does not compute: its "
                f"graph is fixed; pass {name}.detach(), or take "
                "torch_geometric.nn.ChebConv to learn it"
            )


def edge_list(
    x: Any, edge_index: Any, edge_weight: Any, batch: Any, lambda_max: Any
) -> EdgeList:
    """Return the graph, after checks of types and shapes, but not of values.

    Parameters
    ----------
    x
        Signals, shape ``(*batch, vertex, channel)``.
    edge_index, edge_weight, batch, lambda_max
        As in :class:`torch_geometric.nn.ChebConv`; weights may have shape ``(E, 1)``.

    Raises
    ------
    TypeError
        If an argument is not a tensor of the required kind.
    ValueError
        If a shape does not fit.
    """
    _check_edge_index(edge_index)
    n_vertices, n_edges = x.shape[-2], edge_index.shape[1]
    if n_vertices < 1:
        raise ValueError(
            f"x has no vertices, got shape {tuple(x.shape)}; x must have shape "
            "(*batch, vertex, channel)"
        )
    if edge_weight is not None:
        _check_tensor("edge_weight", edge_weight, "(E,)")
        if edge_weight.dtype == torch.bool or edge_weight.is_complex():
            raise TypeError(
                f"edge_weight must be real numbers, got {edge_weight.dtype}; "
                "convert it with .float()"
            )
        if edge_weight.shape not in {(n_edges,), (n_edges, 1)}:
            raise ValueError(
                f"edge_weight must have shape ({n_edges},), one number per edge, got "
                f"{tuple(edge_weight.shape)}; give edges of several attributes one "
                "weight each"
            )
    if batch is not None:
        _check_tensor("batch", batch, "(vertex,)")
        if batch.dtype not in INTEGERS:
            raise TypeError(
                f"batch must be integers, the graph of each vertex, got {batch.dtype}; "
                "convert it with .long()"
            )
        if batch.shape != (n_vertices,):
            raise ValueError(
                f"batch must have shape ({n_vertices},), the graph of each vertex, got "
                f"{tuple(batch.shape)}"
            )
    lambda_max, several = _eigenvalues(lambda_max, batch)
    return EdgeList(
        n_vertices, edge_index, edge_weight, lambda_max, batch if several else None
    )


def _check_tensor(name: str, value: Any, shape: str) -> None:
    if not isinstance(value, Tensor):
        raise TypeError(
            f"{name} must be a tensor of shape {shape}, got {type(value).__name__}; "
            "convert it with torch.as_tensor"
        )


def _check_edge_index(edge_index: Any) -> None:
    """Raise unless it is a ``(2, E)`` tensor of integers."""
    sparse = isinstance(edge_index, Tensor) and edge_index.layout != torch.strided
    if sparse or type(edge_index).__name__ == "SparseTensor":
        raise TypeError(
            "edge_index must be a tensor of integers of shape (2, E), got a sparse "
            "matrix, which PyTorch Geometric's ChebConv does not take either; for an "
            "adjacency adj[source, target] pass "
            "*torch_geometric.utils.to_edge_index(adj)"
        )
    _check_tensor("edge_index", edge_index, "(2, E)")
    if edge_index.dtype not in INTEGERS:
        raise TypeError(
            f"edge_index must be integers, got {edge_index.dtype}; convert it with "
            ".long()"
        )
    if edge_index.ndim != 2 or edge_index.shape[0] != 2:
        raise ValueError(
            "edge_index must have shape (2, E), sources above targets, got "
            f"{tuple(edge_index.shape)}; transpose pairs with .t()"
        )


def _eigenvalues(
    lambda_max: Any, batch: Tensor | None
) -> tuple[Tensor | float | list[float] | None, bool]:
    """Return lambda_max in a comparable form, and whether there are several."""
    if lambda_max is None:
        return None, False
    kept = lambda_max
    if not isinstance(lambda_max, Tensor):
        if not isinstance(lambda_max, float | int | np.number | np.ndarray | Sequence):
            raise TypeError(
                "lambda_max must be a number or a tensor of one number a graph, got "
                f"{type(lambda_max).__name__}"
            )
        lambda_max = np.asarray(lambda_max, dtype=np.float64)
        kept = lambda_max.tolist()
    elif lambda_max.dtype == torch.bool or lambda_max.is_complex():
        raise TypeError(
            f"lambda_max must be real, got {lambda_max.dtype}; take its real part"
        )
    count = int(np.prod(lambda_max.shape))
    if lambda_max.ndim > 1 or count == 0:
        raise ValueError(
            "lambda_max must be one number, or have shape (graph,), one number a "
            f"graph, got shape {tuple(lambda_max.shape)}"
        )
    if count > 1 and batch is None:
        raise ValueError(
            f"lambda_max has {count} numbers, one a graph, but batch is None; pass "
            "batch, the graph of each vertex"
        )
    return kept, count > 1
