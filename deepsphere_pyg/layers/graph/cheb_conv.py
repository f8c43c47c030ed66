"""Graph convolution by Chebyshev polynomials of a Laplacian."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from math import prod

import torch
from torch import Tensor
from torch.nn import functional as F

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.layers.graph.chebyshev_weights import ChebyshevWeights
from deepsphere_pyg.layers.graph.operands import checked_operands
from deepsphere_pyg.operators.halo import kept_apart
from deepsphere_pyg.propagation import (
    chebyshev_convolution,
    chosen_execution,
    tile_size,
)


class ChebConv(ChebyshevWeights):
    r"""Convolve with learned polynomials of a Laplacian.

    .. math::
        y = \sum_{k=0}^{K-1} T_k(\tilde L)\, x\, W_k + b, \qquad
        T_0 = 1,\; T_1 = \tilde L,\; T_k = 2 \tilde L\, T_{k-1} - T_{k-2}

    The graph is given in each call, as an operator. The subclass
    :class:`deepsphere_pyg.layers.graph.pyg.ChebConv` takes the call of PyTorch
    Geometric's layer, ``conv(x, edge_index, edge_weight, batch, lambda_max)``.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    K
        Number of Chebyshev terms, at least 1; the polynomial has degree K - 1 and the
        filter reaches K - 1 edges far. With K = 1 it acts on single vertices.
    bias
        Whether to add a learned constant to each channel.

    Attributes
    ----------
    weight
        Shape ``(K, in_channels, out_channels)``; ``weight[k]`` multiplies :math:`T_k`.
        Drawn with variance ``2 / (in_channels K)``, which preserves the spread of the
        signals through a ReLU. PyTorch Geometric draws each term by Glorot's rule,
        whose variance ``2 / (in_channels + out_channels)`` grows the sum of K terms.
    bias
        Shape ``(out_channels,)``, zero at first; None without.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> (*batch, vertex, out_channels)``

    Raises
    ------
    ValueError
        If a number of channels or K is less than 1; in ``forward``, if channels or
        vertices are not those expected, or the operator is not square.
    TypeError
        In ``forward``, if ``laplacian`` is not an operator, or ``x`` is not of the
        dtype of the Laplacian or the weights.

    Notes
    -----
    Source: Defferrard et al. 2016, arXiv:1606.09375, equation 5; Defferrard et al.
    2020, arXiv:2012.15000.

    Equivariance: exact for the rotations that map the graph onto itself, approximate
    for others, with an error that falls with the number of neighbours.

    Examples
    --------
    >>> from deepsphere_pyg import laplacian_operator
    >>> from samplings import HEALPix
    >>> laplacian = laplacian_operator(HEALPix(2), k=8)
    >>> ChebConv(3, 5, K=4)(torch.ones(2, 48, 3), laplacian).shape
    torch.Size([2, 48, 5])
    """

    def __init__(
        self, in_channels: int, out_channels: int, K: int, *, bias: bool = True
    ) -> None:
        # Here, so that Python names this class where arguments are missing.
        super().__init__(in_channels, out_channels, K, bias=bias)

    def forward(self, x: Tensor, laplacian: EdgeOperator) -> Tensor:
        """Return the filtered signals.

        ``laplacian`` is rescaled, of spectrum in [-1, 1], as
        :func:`deepsphere_pyg.laplacian_operator` makes it.
        """
        return convolved(*self._operands(x, laplacian), laplacian)

    def _operands(
        self, x: Tensor, laplacian: EdgeOperator
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Return the checked signals, the weight and the bias, cast under autocast."""
        remedy = (
            "make one with deepsphere_pyg.laplacian_operator, or pass edge_index to "
            "deepsphere_pyg.layers.graph.pyg.ChebConv"
        )
        x = checked_operands(x, laplacian, self.in_channels, remedy)
        return under_autocast(x, self.weight, self.bias, laplacian)

    def extra_repr(self) -> str:
        """Sizes, for ``repr``."""
        return (
            f"{self.in_channels}, {self.out_channels}, K={self.K}, "
            f"bias={self.bias is not None}"
        )


def under_autocast(
    x: Tensor, weight: Tensor, bias: Tensor | None, laplacian: EdgeOperator
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return the operands of a convolution, cast under autocast.

    Channels are mixed in the lower precision, sums over edges are not.
    """
    if not torch.is_autocast_enabled(x.device.type):
        return x, weight, bias
    dtype = torch.get_autocast_dtype(x.device.type)
    if x.dtype != dtype or laplacian.dtype == torch.float64:
        x = x.to(laplacian.dtype)
    return x, weight.to(dtype), None if bias is None else bias.to(dtype)


def convolved(
    x: Tensor, weight: Tensor, bias: Tensor | None, laplacian: EdgeOperator
) -> Tensor:
    """Return the convolution of checked operands, by the operator's execution."""
    K, channels, out_channels = weight.shape
    own, n = x, x.shape[-2]
    x, laplacian = laplacian.surrounded(x, K - 1)
    execution = chosen_execution(laplacian.execution, x.dtype, x.device)
    if not n:
        # A process without vertices still has a gradient for each weight.
        return sum_of_terms(x[..., :0, :], weight, bias, lambda term: term)
    if K == 1 or execution == "message_passing":
        return sum_of_terms(x, weight, bias, laplacian)[..., :n, :]
    count = prod(x.shape[:-2])
    size = tile_size(min(channels, out_channels), count == 1, x.device)
    tiles, tiles_t = laplacian.tiles(K - 1, size)
    flat = x.reshape(count, *x.shape[-2:])
    with nullcontext() if x is own else kept_apart(own, x):
        y: Tensor = chebyshev_convolution(flat, weight, bias, tiles, tiles_t, execution)
    return y.view(*x.shape[:-1], out_channels)[..., :n, :]


def sum_of_terms(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    laplacian: Callable[[Tensor], Tensor],
) -> Tensor:
    """Return the convolution term after term, as in the equation: the reference."""
    terms = chebyshev_terms(x, laplacian, len(weight))
    y = F.linear(terms[0].to(weight.dtype), weight[0].T, bias)
    # Not over weight[1:]: exporters cannot read back a loop over an empty tensor.
    for k in range(1, len(weight)):
        y = y + terms[k].to(weight.dtype) @ weight[k]
    return y


def chebyshev_terms(
    x: Tensor, operator: Callable[[Tensor], Tensor], K: int
) -> list[Tensor]:
    """Return the K signals ``T_0(L) x, ..., T_{K-1}(L) x``, the first of which is x."""
    terms = [x]
    if K > 1:
        terms.append(operator(x))
    for _ in range(2, K):
        terms.append(2 * operator(terms[-1]) - terms[-2])
    return terms
