"""Operators of edge lists, built once a graph and shared between layers."""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass
from typing import Any

import scipy.sparse as sp
import torch
from torch import Tensor

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.layers.graph.pyg.edge_laplacian import rescaled_laplacian
from deepsphere_pyg.layers.graph.pyg.edge_lists import EdgeList


@dataclass(frozen=True, eq=False)
class KeptPart:
    """A tensor (or a number) as it was when an operator was built of it.

    Parameters
    ----------
    value
        It shares the memory of the given tensor, or is a copy of an inference tensor,
        whose changes are not recorded.
    version
        Number of changes in place at that time; None for values that cannot change.
    """

    value: Any
    version: int | None

    @classmethod
    def of(cls, given: Any) -> KeptPart:
        """Keep a tensor, without its autograd graph."""
        if not isinstance(given, Tensor):
            return cls(given, None)
        if given.is_inference():
            return cls(given.clone(), None)
        return cls(given.detach(), given._version)

    def is_memory_of(self, given: Any) -> bool:
        """Whether it is the same tensor, not changed since; cheap."""
        value = self.value
        if not (isinstance(value, Tensor) and isinstance(given, Tensor)):
            return type(value) is type(given) and bool(value == given)
        if self.version is None or value._version != self.version:
            return False
        return not given.is_inference() and (
            value.data_ptr(),
            value.shape,
            value.stride(),
            value.dtype,
            value.device,
            given._version,
        ) == (
            given.data_ptr(),
            given.shape,
            given.stride(),
            given.dtype,
            given.device,
            self.version,
        )

    def equals(self, given: Any) -> bool:
        """Whether it holds the same numbers."""
        if self.is_memory_of(given):
            return True
        value = self.value
        if not (isinstance(value, Tensor) and isinstance(given, Tensor)):
            return False
        return (
            (self.version is None or value._version == self.version)
            and value.dtype == given.dtype
            and value.device == given.device
            and torch.equal(value, given)
        )


class KnownGraph:
    """The operator of an edge list, and the tensors it was built from.

    Parameters
    ----------
    operator
        The rescaled Laplacian; never moved or converted in place, since layers share
        it.
    normalization
        Of the Laplacian.
    parts
        Parts of the edge list; None for an operator that is not to be found again.
    """

    def __init__(
        self,
        operator: EdgeOperator,
        normalization: str | None = None,
        parts: tuple[KeptPart, ...] | None = None,
    ) -> None:
        self.operator = operator
        self.normalization = normalization
        self.parts = parts

    @property
    def n_vertices(self) -> int:
        """Number of vertices."""
        return self.operator.n_in

    def suits(self, weight: Tensor) -> bool:
        """Whether the operator has the dtype and device of a layer's weights."""
        mine = self.operator.weight
        return mine.dtype == weight.dtype and mine.device == weight.device

    def converted(self, weight: Tensor) -> KnownGraph:
        """Return it in the dtype and on the device of a layer's weights."""
        if self.suits(weight):
            return self
        return KnownGraph(_operator(self.operator.to_scipy(), weight))

    def __deepcopy__(self, memo: dict[int, Any]) -> KnownGraph:
        """Copies of a layer share its graph."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the operator alone: unpickled tensors would not be the same ones."""
        return _restored, (self.operator.to_scipy(), self.operator.dtype)


def _operator(matrix: sp.csr_array, weight: Tensor) -> EdgeOperator:
    return EdgeOperator(matrix, dtype=weight.dtype).to(weight.device)


def _restored(matrix: sp.csr_array, dtype: torch.dtype) -> KnownGraph:
    return KnownGraph(EdgeOperator(matrix, dtype=dtype))


# Graphs held by layers; each is dropped with the last layer that holds it.
_held: weakref.WeakSet[KnownGraph] = weakref.WeakSet()
_lock = threading.Lock()


def known_graph(
    edges: EdgeList, normalization: str | None, weight: Tensor, last: KnownGraph | None
) -> KnownGraph:
    """Return the graph of an edge list, built unless a layer holds it.

    Tensors are recognised by their memory and their number of changes in place; tensors
    of a new batch by their values, at the cost of one comparison.

    Parameters
    ----------
    edges
        The edge list.
    normalization
        Of the Laplacian.
    weight
        Weights of the layer, which determine dtype and device of the operator.
    last
        The graph that the layer used before.

    Raises
    ------
    ValueError
        As :func:`~deepsphere_pyg.layers.graph.pyg.edge_laplacian.rescaled_laplacian`.
    """
    given = edges.parts
    if last is not None and _fits(last, edges, normalization, weight, "is_memory_of"):
        return last
    with _lock:
        held = list(_held)
    for how in ("is_memory_of", "equals"):
        for graph in held:
            if _fits(graph, edges, normalization, weight, how):
                if how == "equals":
                    # Other layers will probably be given the same tensors.
                    graph.parts = tuple(KeptPart.of(part) for part in given)
                return graph
    parts = tuple(KeptPart.of(part) for part in given)
    operator = _operator(rescaled_laplacian(edges, normalization), weight)
    graph = KnownGraph(operator, normalization, parts)
    with _lock:
        _held.add(graph)
    return graph


def _fits(
    graph: KnownGraph,
    edges: EdgeList,
    normalization: str | None,
    weight: Tensor,
    how: str,
) -> bool:
    """Whether a graph is that of an edge list, by memory or by values."""
    return (
        graph.parts is not None
        and graph.n_vertices == edges.n_vertices
        and graph.normalization == normalization
        and graph.suits(weight)
        and all(
            getattr(kept, how)(part)
            for kept, part in zip(graph.parts, edges.parts, strict=True)
        )
    )
