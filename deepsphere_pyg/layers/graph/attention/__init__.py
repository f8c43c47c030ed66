"""Attention among the vertices of any sampling, weighted by their areas."""

from deepsphere_pyg.layers.graph.attention.all_vertices import AllVertices
from deepsphere_pyg.layers.graph.attention.global_attention import GlobalAttention
from deepsphere_pyg.layers.graph.attention.neighbour_attention import (
    NeighbourAttention,
)
from deepsphere_pyg.layers.graph.attention.neighbourhoods import Neighbourhoods
from deepsphere_pyg.layers.graph.attention.window_attention import WindowAttention
from deepsphere_pyg.layers.graph.attention.windows import Windows

__all__ = [
    "AllVertices",
    "GlobalAttention",
    "NeighbourAttention",
    "Neighbourhoods",
    "WindowAttention",
    "Windows",
]
