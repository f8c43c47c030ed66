"""Operators of the edge lists that a layer is given, and the memory of the last."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor
from torch.func import debug_unwrap

from deepsphere_pyg.compilers import in_plain_mode, is_transformed, untraced
from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.layers.graph.pyg.edge_laplacian import rescaled_edges
from deepsphere_pyg.layers.graph.pyg.edge_lists import (
    NORMALIZATIONS,
    EdgeList,
    edge_list,
    refuse_gradients,
)
from deepsphere_pyg.layers.graph.pyg.known_graphs import KnownGraph, known_graph
from deepsphere_pyg.propagation import refuse_mapped
from deepsphere_pyg.signals import checked_signal

Function = TypeVar("Function", bound=Callable[..., Any])


def _untransformed(method: Function) -> Function:
    """Call a method of tensors as if torch.func were not at work.

    The operator of a graph is kept, and so must not belong to a transform. Gradients of
    graphs, and maps over them, are refused.
    """

    @wraps(method)
    def called(self: Any, x: Any, weight: Tensor, *graph: Any) -> Any:
        _, edge_weight, _, lambda_max = graph
        refuse_gradients(edge_weight, lambda_max)
        if not is_transformed():
            return method(self, x, weight, *graph)
        _refuse_maps(graph)
        plain = [_plain(part) for part in (weight, *graph)]
        return in_plain_mode(lambda: method(self, x, *plain))

    return cast(Function, called)


class GraphKeeper:
    """Builds the operator of an edge list, and keeps the last one.

    It is not a module, so that ``state_dict`` and ``.to()`` do not see it: the operator
    follows the dtype and device of the weights at the next call.

    Parameters
    ----------
    normalization
        Of the Laplacian: None, ``"sym"`` or ``"rw"``.
    cached
        Whether the first graph is kept for all later calls.
    vertexwise
        Whether the layer acts on single vertices, so that the Laplacian is not needed:
        the operator is zero.

    Raises
    ------
    ValueError
        If the normalization is unknown.
    """

    def __init__(
        self, normalization: str | None, cached: bool, vertexwise: bool = False
    ) -> None:
        # A bool was probably meant as bias.
        if isinstance(normalization, bool) or normalization not in NORMALIZATIONS:
            raise ValueError(
                f"normalization must be None, 'sym' or 'rw', got {normalization!r}; "
                "pass bias by its name"
            )
        self.normalization = normalization
        self.cached = cached
        self.vertexwise = vertexwise
        self.graph: KnownGraph | None = None

    @untraced
    @_untransformed
    def operator(
        self,
        x: Any,
        weight: Tensor,
        edge_index: Any,
        edge_weight: Any,
        batch: Any,
        lambda_max: Any,
    ) -> EdgeOperator:
        """Return the rescaled Laplacian of a graph, in dtype and device of a weight.

        Raises
        ------
        TypeError, ValueError
            If the tensors are not a graph on the vertices of ``x``, or require a
            gradient, or the number of vertices of a cached graph differs.
        """
        _check_signals(x, weight)
        if self.cached and self.graph is not None:
            self.graph = _kept(self.graph, x.shape[-2], weight)
        else:
            edges = _edges(x, edge_index, edge_weight, batch, lambda_max)
            if self.vertexwise:
                none = sp.csr_array((edges.n_vertices, edges.n_vertices))
                return EdgeOperator(none, dtype=weight.dtype).to(weight.device)
            self.graph = known_graph(edges, self.normalization, weight, self.graph)
        return self.graph.operator

    @untraced
    @_untransformed
    def messages(
        self,
        x: Any,
        weight: Tensor,
        edge_index: Any,
        edge_weight: Any,
        batch: Any,
        lambda_max: Any,
    ) -> tuple[Tensor, Tensor]:
        """Return the edges of the same Laplacian, in the order given.

        Sources and targets, shape ``(2, M)``, and weights ``(M,)``: first of all edges
        but self-loops, then of one self-loop a vertex. Errors are those of
        :meth:`operator`.
        """
        _check_signals(x, weight)
        edges = _edges(x, edge_index, edge_weight, batch, lambda_max)
        source, target, values = rescaled_edges(edges, self.normalization)
        index = torch.from_numpy(np.stack([source, target])).to(weight.device)
        return index, torch.from_numpy(values).to(weight.dtype).to(weight.device)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out a graph that the next call would find or rebuild."""
        graph = self.graph if self.cached else None
        return {**self.__dict__, "graph": graph}


def _plain(given: Any) -> Any:
    """Return a tensor without the wrappers of torch.func."""
    return debug_unwrap(given) if isinstance(given, Tensor) else given


def _refuse_maps(graph: tuple[Any, ...]) -> None:
    """Raise if torch.func maps over an axis of a tensor of the graph."""
    mapped = (
        isinstance(part, Tensor) and debug_unwrap(part).shape != part.shape
        for part in graph
    )
    refuse_mapped([0 if any(mapped) else None])


def _check_signals(x: Any, weight: Tensor) -> None:
    """Raise unless it is a tensor of signals."""
    if isinstance(x, tuple | list):
        raise TypeError(
            "x must be one tensor, got a pair: a Laplacian maps a graph to itself; "
            "for a bipartite graph build a deepsphere_pyg.EdgeOperator"
        )
    if not isinstance(x, Tensor) or x.ndim < 2:
        checked_signal(x, 0, weight)


def _edges(x: Tensor, edge_index: Any, *others: Any) -> EdgeList:
    """Return the graph that a layer is given."""
    # EdgeIndex wraps the tensor in which PyTorch counts changes.
    if hasattr(edge_index, "as_tensor"):
        edge_index = edge_index.as_tensor()
    return edge_list(x, edge_index, *others)


def _kept(graph: KnownGraph, n_vertices: int, weight: Tensor) -> KnownGraph:
    """Return the kept graph, or raise if its number of vertices differs."""
    if n_vertices != graph.n_vertices:
        raise ValueError(
            f"x has {n_vertices} vertices, but this layer keeps the graph of its first "
            f"call, of {graph.n_vertices} (cached=True); call forget_graph() before "
            "another graph, or build the layer with cached=False"
        )
    return graph.converted(weight)
