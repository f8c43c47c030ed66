"""Layers of attention to the neighbours in a graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from torch import Tensor, nn

from deepsphere_pyg.layers import NeighbourAttention, Neighbourhoods
from deepsphere_pyg.layers.graph.attention.position_bias import degree_argument
from deepsphere_pyg.models.local_layers.base import LocalLayers
from samplings import SphericalGraph
from samplings.arguments import integer_argument


@dataclass(frozen=True)
class AttentionLayers(LocalLayers):
    """Attention of each vertex to its neighbours, plus a linear map of the vertex.

    Vertices attend to their neighbours in the graph of the level, and to themselves, so
    that the ``k`` of the pyramid chooses how far they see. The linear map takes the
    place of the residual connection of transformers where the number of channels
    changes: attention alone gives means, in which single vertices are lost.

    Parameters
    ----------
    heads
        Number of heads; in layers whose number of output channels is no multiple of it,
        the largest smaller number that divides that.
    degree
        Degree of the polynomial of the relative position in the scores; 0 for none.
    isotropic
        Whether the polynomial is of the distance alone, and not of the direction; its
        degree is then even.

    Raises
    ------
    TypeError, ValueError
        If an option is not of its kind or range.

    Notes
    -----
    Equivariance: as of :class:`~deepsphere_pyg.layers.NeighbourAttention`.

    A layer has some four times as many weights as a linear map of the channels, and
    with that map five, as a Chebyshev convolution with ``K=5``.

    Examples
    --------
    >>> AttentionLayers(heads=4).layer(3, 6).neighbours
    NeighbourAttention(3, 6, heads=3, degree=4, isotropic=True)
    """

    heads: int = 4
    degree: int = 4
    isotropic: bool = True

    def __post_init__(self) -> None:
        heads = integer_argument("heads", self.heads, 1)
        object.__setattr__(self, "heads", heads)
        degree = degree_argument(self.degree, self.isotropic)
        object.__setattr__(self, "degree", degree)

    @property
    def config(self) -> dict[str, Any]:
        """JSON-serialisable description."""
        return {"type": "attention", **asdict(self)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Invert :attr:`config`."""
        return cls(**{name: config[name] for name in config if name != "type"})

    def operator(self, graph: SphericalGraph) -> Neighbourhoods:
        """Return the neighbours, and where they are."""
        return Neighbourhoods(graph)

    def layer(
        self, in_channels: int, out_channels: int, *, bias: bool = True
    ) -> VertexAndNeighbours:
        """Return attention and a linear map."""
        fitting = (n for n in range(self.heads, 0, -1) if out_channels % n == 0)
        attention = NeighbourAttention(
            in_channels,
            out_channels,
            next(fitting),
            degree=self.degree,
            isotropic=self.isotropic,
            bias=bias,
        )
        return VertexAndNeighbours(attention)


class VertexAndNeighbours(nn.Module):
    """The sum of a layer, and of a linear map of each vertex by itself."""

    def __init__(self, layer: NeighbourAttention) -> None:
        super().__init__()
        self.in_channels, self.out_channels = layer.in_channels, layer.out_channels
        self.neighbours = layer
        self.vertex = nn.Linear(self.in_channels, self.out_channels, bias=False)

    def forward(self, x: Tensor, operator: Neighbourhoods) -> Tensor:
        """Return ``(*batch, vertex, out_channels)``."""
        # The layer checks the signals.
        y: Tensor = self.neighbours(x, operator)
        own: Tensor = self.vertex(x)
        return y + own
