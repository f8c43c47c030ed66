"""What networks need to know of a kind of layers, and that of the papers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

from torch import nn

from deepsphere_pyg.fixed_tensors import FixedTensors
from deepsphere_pyg.layers import ChebConv
from deepsphere_pyg.operators import laplacian_operator
from deepsphere_pyg.operators.planned import PlannedOperator
from samplings import SphericalGraph, laplacian
from samplings.graphs.by_region import GraphPlan, LaplacianPlan


class LocalLayers(ABC):
    """A kind of layer, and the operator of a level, which all its layers share."""

    @abstractmethod
    def operator(self, graph: SphericalGraph) -> FixedTensors:
        """Return what the layers of a level need of its graph."""

    @abstractmethod
    def layer(
        self, in_channels: int, out_channels: int, *, bias: bool = True
    ) -> nn.Module:
        """Return a layer with new weights, called with signals and an operator."""

    def operators(self, graphs: Iterable[SphericalGraph]) -> nn.ModuleList:
        """Return the operator of each level."""
        return nn.ModuleList(self.operator(graph) for graph in graphs)


@dataclass(frozen=True)
class ChebyshevLayers(LocalLayers):
    """Chebyshev convolutions of K terms, with one kind of Laplacian."""

    K: int
    laplacian: str | None = None

    def operator(self, graph: SphericalGraph | GraphPlan) -> FixedTensors:
        """Return the Laplacian, or its plan."""
        if isinstance(graph, GraphPlan):
            return PlannedOperator(LaplacianPlan(graph, self.laplacian))
        return laplacian_operator(laplacian(graph, self.laplacian))

    def layer(
        self, in_channels: int, out_channels: int, *, bias: bool = True
    ) -> ChebConv:
        """Return a Chebyshev convolution."""
        return ChebConv(in_channels, out_channels, self.K, bias=bias)
