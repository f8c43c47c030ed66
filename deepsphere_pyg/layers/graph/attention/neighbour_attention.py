"""Attention of each vertex to its neighbours."""

from __future__ import annotations

from torch import Tensor

from deepsphere_pyg.layers.graph.attention.attention_heads import (
    AttentionHeads,
    gathered,
)
from deepsphere_pyg.layers.graph.attention.neighbourhoods import Neighbourhoods
from samplings.arguments import instance_argument


class NeighbourAttention(AttentionHeads):
    r"""Average the neighbours of each vertex by learned attention and by area.

    .. math::
        y_i = \sum_h O_h \frac{\sum_{j \in N(i)} a_j \exp(s_{hij})\, V_h x_j}
        {\sum_{j \in N(i)} a_j \exp(s_{hij})}, \qquad
        s_{hij} = \frac{(Q_h x_i) \cdot (K_h x_j)}{\sqrt{d}} + b_h(u_{ij})

    with the areas :math:`a_j` of the vertices, and a learned polynomial :math:`b_h` of
    the position :math:`u_{ij}` of j as seen from i, to the east and to the north. Sums
    weighted by area tend to integrals: where neighbourhoods have one size in radian,
    the layer gives the same on finer samplings.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    heads
        Number of heads, a divisor of ``out_channels``; each has
        :math:`d =` ``out_channels / heads`` channels.
    degree
        Degree of the polynomial of the position; 0 for scores without positions.
    isotropic
        Whether the polynomial is of the angle alone, not the direction; its degree is
        then even.
    bias
        Whether to add learned constants.

    Attributes
    ----------
    query, key, value, output
        Linear maps of channels.
    position
        The polynomial; None if ``degree`` is 0.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> (*batch, vertex, out_channels)``

    Raises
    ------
    TypeError
        If an argument has the wrong type; in ``forward``, if there are no
        neighbourhoods, or ``x`` has not their dtype and that of the layer.
    ValueError
        If ``heads`` does not divide ``out_channels``, or a number is too small; in
        ``forward``, if channels or vertices are not those expected.

    Notes
    -----
    Source: Vaswani et al. 2017, arXiv:1706.03762, for attention; Veličković et al.
    2018, arXiv:1710.10903, on graphs; Liu et al. 2021, arXiv:2103.14030, for a bias by
    position; Bonev et al. 2025, arXiv:2505.11157, for areas within softmax.

    Equivariance: if isotropic, exact for the rotations and reflections that map the
    graph onto itself, and approximate for others. Directions, by east and north, leave
    those about the axis only.

    Examples
    --------
    >>> import torch
    >>> from samplings import HEALPix, knn_graph
    >>> neighbours = Neighbourhoods(knn_graph(HEALPix(2), k=8))
    >>> layer = NeighbourAttention(3, 8, heads=2, isotropic=True)
    >>> layer(torch.ones(5, 48, 3), neighbours).shape
    torch.Size([5, 48, 8])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        heads: int,
        *,
        degree: int = 4,
        isotropic: bool = False,
        bias: bool = True,
    ) -> None:
        # Here, so that Python names this class where arguments are missing.
        super().__init__(
            in_channels,
            out_channels,
            heads,
            degree=degree,
            isotropic=isotropic,
            bias=bias,
        )

    def forward(self, x: Tensor, neighbours: Neighbourhoods) -> Tensor:
        """Return the signals after attention to ``neighbours``."""
        remedy = "make them with Neighbourhoods(graph)"
        instance_argument("neighbours", neighbours, Neighbourhoods, remedy)
        neighbours.check_unchanged()
        bias = neighbours.log_area
        x = self._checked(x, neighbours.n_vertices, bias, "this graph")
        around = neighbours.surrounded(x)
        query, key, value = self._heads(around, bias)
        if around is not x:
            query = query[..., : x.shape[-2], :]
        bias = bias[..., None]
        if self.position is not None:
            bias = bias + self.position(neighbours.position)
        key, value = (
            self._by_head(gathered(part, neighbours.index)) for part in (key, value)
        )
        # (*batch, vertex, neighbour, heads, width). Products and sums take less than
        # half the time of matrix products with one row.
        query = self._by_head(query)[..., None, :, :] * key.shape[-1] ** -0.5
        share = ((query * key).sum(-1) + bias).softmax(-2)
        y = (share[..., None] * value).sum(-3).flatten(-2)
        result: Tensor = self.output(y.to(x.dtype))
        return result
