"""What a layer remembers of the edge lists it was given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import scipy.sparse as sp
import torch
from torch import Tensor

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.layers.edge_lists import (
    NORMALIZATIONS,
    edge_list,
    refuse_gradients,
)
from deepsphere_pyg.layers.known_graphs import KnownGraph, known_graph
from deepsphere_pyg.signals import checked_signal

Function = TypeVar("Function", bound=Callable[..., Any])


def untraced(function: Function) -> Function:
    """Leave a function, which looks at values, out of compiled graphs."""
    disabled: Function = torch.compiler.disable(function)  # type: ignore[no-untyped-call]
    return disabled


class GraphKeeper:
    """Builds the operator of an edge list, and keeps the last one.

    No module, so that it stays out of ``state_dict`` and of ``.to()``: the operator
    follows the dtype and device of the weights at the next call.

    Parameters
    ----------
    normalization
        Of the Laplacian: None, ``"sym"`` or ``"rw"``.
    cached
        Whether the first graph is kept whatever comes later.
    vertexwise
        Whether the layer acts on single vertices, so that no Laplacian is needed, not
        even a finite one: the operator is zero.

    Raises
    ------
    ValueError
        If the normalization is another.
    """

    def __init__(
        self, normalization: str | None, cached: bool, vertexwise: bool = False
    ) -> None:
        # A bool is what was once meant as bias, in this place of ChebConv.
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
            If the tensors are no graph on the vertices of ``x``, require a gradient,
            or the graph kept has another number of vertices.
        """
        if isinstance(x, tuple | list):
            raise TypeError(
                "x must be one tensor, got a pair: a Laplacian maps a graph to itself; "
                "for a bipartite graph build a deepsphere_pyg.EdgeOperator"
            )
        if not isinstance(x, Tensor) or x.ndim < 2:
            checked_signal(x, 0, weight)
        refuse_gradients(edge_weight, lambda_max)
        if self.cached and self.graph is not None:
            self.graph = _kept(self.graph, x.shape[-2], weight)
        else:
            # EdgeIndex wraps the tensor in which PyTorch counts changes.
            if hasattr(edge_index, "as_tensor"):
                edge_index = edge_index.as_tensor()
            edges = edge_list(x, edge_index, edge_weight, batch, lambda_max)
            if self.vertexwise:
                none = sp.csr_array((edges.n_vertices, edges.n_vertices))
                return EdgeOperator(none, weight.dtype).to(weight.device)
            self.graph = known_graph(edges, self.normalization, weight, self.graph)
        return self.graph.operator

    def __getstate__(self) -> dict[str, Any]:
        """Leave out a graph that the next call would find or build again."""
        graph = self.graph if self.cached else None
        return {**self.__dict__, "graph": graph}


def _kept(graph: KnownGraph, n_vertices: int, weight: Tensor) -> KnownGraph:
    """Refuse another number of vertices than the graph's."""
    if n_vertices != graph.n_vertices:
        raise ValueError(
            f"x has {n_vertices} vertices, but this layer keeps the graph of its first "
            f"call, of {graph.n_vertices} (cached=True); call forget_graph() before "
            "another graph, or build the layer with cached=False"
        )
    return graph.converted(weight)
