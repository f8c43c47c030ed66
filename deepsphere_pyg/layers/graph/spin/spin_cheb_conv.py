"""Convolution of fields of spin by Chebyshev polynomials of a connection Laplacian."""

from __future__ import annotations

from typing import SupportsIndex

import torch
from torch import Tensor, nn

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.layers.graph.cheb_conv import convolved, under_autocast
from deepsphere_pyg.layers.graph.operands import checked_operands
from deepsphere_pyg.layers.graph.spin.components import (
    checked_field,
    on_components,
    quarter_turn,
)
from samplings.arguments import flag_argument, integer_argument


class SpinChebConv(nn.Module):
    r"""Convolve fields of spin with learned polynomials of a connection Laplacian.

    .. math::
        y = \sum_{k=0}^{K-1} T_k(\tilde L)\, f\, (A_k + i B_k)

    for :math:`f = f_0 + i f_1`, whose components are those of a tangent vector to the
    south and to the east, or Stokes Q and U. The multiplication by i is a quarter turn
    of the components, which commutes with turns of the frames and with
    :math:`\tilde L`. No constant is added: it would distinguish a direction.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels, each of which is a field.
    K
        Number of Chebyshev terms, at least 1; the filter reaches K - 1 edges far.
    parity
        Whether to leave out B: the layer then commutes with reflections, too, which
        take vectors to vectors. The quarter turn exchanges gradients and curls, and E
        and B modes.

    Attributes
    ----------
    weight
        :math:`A`, shape ``(K, in_channels, out_channels)``.
    weight_turned
        :math:`B`, of the same shape; None with ``parity=True``. Both are drawn such
        that their outputs together have the variance of the input times two, as those
        of :class:`~deepsphere_pyg.layers.ChebConv`.

    Shapes
    ------
    ``x : (*batch, vertex, 2, in_channels) -> (*batch, vertex, 2, out_channels)``

    Raises
    ------
    TypeError
        If ``parity`` is not a boolean; in ``forward``, if ``laplacian`` is not an
        operator, or ``x`` is not of its dtype.
    ValueError
        If a number is less than 1; in ``forward``, if components, channels or vertices
        are not those expected.

    Notes
    -----
    Source: that of :class:`~deepsphere_pyg.layers.ChebConv`, with the connection
    Laplacian of Singer and Wu 2012, arXiv:1102.0075.

    Equivariance: exact for all turns of frames, and for the rotations that map the
    graph onto itself; approximate for others, with the error of
    :func:`samplings.equivariance_spectrum`.

    Examples
    --------
    >>> from deepsphere_pyg import laplacian_operator
    >>> from samplings import HEALPix, connection_laplacian, knn_graph
    >>> graph = knn_graph(HEALPix(2), k=8)
    >>> laplacian = laplacian_operator(connection_laplacian(graph, spin=1))
    >>> wind = torch.ones(7, 48, 2, 3)
    >>> SpinChebConv(3, 5, K=4)(wind, laplacian).shape
    torch.Size([7, 48, 2, 5])
    """

    weight: nn.Parameter
    weight_turned: nn.Parameter | None

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        K: SupportsIndex,
        *,
        parity: bool = False,
    ) -> None:
        super().__init__()
        self.in_channels = integer_argument("in_channels", in_channels, 1)
        self.out_channels = integer_argument("out_channels", out_channels, 1)
        self.K = integer_argument("K", K, 1)
        self.parity = flag_argument("parity", parity)
        shape = (self.K, self.in_channels, self.out_channels)
        self.weight = nn.Parameter(torch.empty(shape))
        turned = None if self.parity else nn.Parameter(torch.empty(shape))
        self.register_parameter("weight_turned", turned)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights."""
        parts = [self.weight]
        if self.weight_turned is not None:
            parts.append(self.weight_turned)
        spread = (2 / (self.in_channels * self.K * len(parts))) ** 0.5
        for part in parts:
            nn.init.normal_(part, std=spread)

    def forward(self, x: Tensor, laplacian: EdgeOperator) -> Tensor:
        """Return the filtered fields.

        ``laplacian`` is that of :func:`deepsphere_pyg.laplacian_operator` for a
        :class:`samplings.ConnectionLaplacian`.
        """
        checked_field(x, self.in_channels)
        remedy = (
            "make one with deepsphere_pyg.laplacian_operator of "
            "samplings.connection_laplacian(graph, spin)"
        )

        def apply(flat: Tensor, weight: Tensor) -> Tensor:
            flat = checked_operands(flat, laplacian, weight.shape[1], remedy)
            flat, weight, _ = under_autocast(flat, weight, None, laplacian)
            return convolved(flat, weight, None, laplacian)

        if self.weight_turned is None:
            return on_components(lambda flat: apply(flat, self.weight), x)
        # Sums over edges are over the fewer channels, of the input or of the output.
        if self.in_channels > self.out_channels:
            both = torch.cat([self.weight, self.weight_turned], dim=1)
            pairs = torch.cat([x, quarter_turn(x)], dim=-1)
            return on_components(lambda flat: apply(flat, both), pairs)
        both = torch.cat([self.weight, self.weight_turned], dim=2)
        y = on_components(lambda flat: apply(flat, both), x)
        straight, turned = y.chunk(2, dim=-1)
        return straight + quarter_turn(turned)

    def extra_repr(self) -> str:
        """Sizes, for ``repr``."""
        return (
            f"{self.in_channels}, {self.out_channels}, K={self.K}, parity={self.parity}"
        )
