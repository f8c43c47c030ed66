"""Chebyshev convolution of each channel by a filter of its own."""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor, nn

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.layers.graph.cheb_conv import chebyshev_terms
from deepsphere_pyg.layers.graph.operands import checked_operands
from deepsphere_pyg.propagation import (
    chosen_execution,
    depthwise_convolution,
    tile_size,
)
from samplings.arguments import flag_argument, integer_argument


class DepthwiseChebConv(nn.Module):
    r"""Convolve each channel with a polynomial of its own, without mixing channels.

    .. math:: y_c = \sum_{k=0}^{K-1} w_{kc}\, T_k(\tilde L)\, x_c + b_c

    It has K weights a channel, where :class:`~deepsphere_pyg.layers.ChebConv` has K for
    each pair of channels; a linear layer after it mixes channels at single vertices.

    Parameters
    ----------
    channels
        Number of channels.
    K
        Number of Chebyshev terms, at least 1; the filter reaches K - 1 edges far.
    bias
        Whether to add a learned constant to each channel.

    Attributes
    ----------
    weight
        Shape ``(K, channels)``, drawn with variance ``1 / K``.
    bias
        Shape ``(channels,)``, zero at first; None without.

    Shapes
    ------
    ``x : (*batch, vertex, channels) -> (*batch, vertex, channels)``

    Raises
    ------
    ValueError
        If a number is less than 1; in ``forward``, if channels or vertices are not
        those expected, or the operator is not square.
    TypeError
        In ``forward``, if ``laplacian`` is not an operator, or ``x`` is not of its
        dtype.

    Notes
    -----
    Under autocast it computes in the operator's dtype, since it has no products of
    matrices to gain from a lower one.

    Source: Defferrard et al. 2016, arXiv:1606.09375, with one filter a channel as in
    Chollet 2017, arXiv:1610.02357.

    Equivariance: as of :class:`~deepsphere_pyg.layers.ChebConv`: exact for the
    rotations that map the graph onto itself, approximate for others.

    Examples
    --------
    >>> from deepsphere_pyg import laplacian_operator
    >>> from samplings import HEALPix
    >>> laplacian = laplacian_operator(HEALPix(2), k=8)
    >>> DepthwiseChebConv(3, K=4)(torch.ones(2, 48, 3), laplacian).shape
    torch.Size([2, 48, 3])
    """

    weight: nn.Parameter
    bias: nn.Parameter | None

    def __init__(self, channels: int, K: int, *, bias: bool = True) -> None:
        super().__init__()
        self.channels = integer_argument("channels", channels, 1)
        self.K = integer_argument("K", K, 1)
        self.weight = nn.Parameter(torch.empty(self.K, self.channels))
        constants = torch.empty(self.channels)
        self.bias = nn.Parameter(constants) if flag_argument("bias", bias) else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights and set the bias to zero."""
        nn.init.normal_(self.weight, std=self.K**-0.5)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, x: Tensor, laplacian: EdgeOperator) -> Tensor:
        """Return the filtered signals.

        ``laplacian`` is rescaled, of spectrum in [-1, 1], as
        :func:`deepsphere_pyg.laplacian_operator` makes it.
        """
        x = checked_operands(x, laplacian, self.channels, cast=True)
        weight, bias = self.weight, self.bias
        execution = chosen_execution(laplacian.execution, x.dtype, x.device)
        if self.K == 1 or execution == "message_passing":
            terms = chebyshev_terms(x, laplacian, self.K)
            y = terms[0] * weight[0]
            for k in range(1, self.K):
                y = y + terms[k] * weight[k]
            return y if bias is None else y + bias
        count = prod(x.shape[:-2])
        size = tile_size(self.channels, count == 1, x.device)
        tiles, tiles_t = laplacian.tiles(self.K - 1, size)
        flat = x.reshape(count, *x.shape[-2:])
        z: Tensor = depthwise_convolution(flat, weight, bias, tiles, tiles_t, execution)
        return z.view(x.shape)

    def extra_repr(self) -> str:
        """Sizes, for ``repr``."""
        return f"{self.channels}, K={self.K}, bias={self.bias is not None}"
