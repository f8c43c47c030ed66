"""Graph convolution by polynomials of a Laplacian in several bases."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from deepsphere_pyg.layers.graph.cheb_conv import convolved, under_autocast
from deepsphere_pyg.layers.graph.operands import checked_operands
from deepsphere_pyg.layers.graph.polynomial_bases import (
    chebyshev_coefficients,
    mean_squares,
)
from samplings.arguments import flag_argument, integer_argument


class PolynomialConv(FixedTensors):
    r"""Convolve with learned polynomials of a Laplacian, in a basis of one's choice.

    .. math:: y = \sum_{k=0}^{K-1} b_k(\tilde L)\, x\, W_k + b

    The filters are those of :class:`~deepsphere_pyg.layers.ChebConv`, learned through
    other weights. They are computed by the same kernel, for the same cost, since
    :math:`b_k = \sum_j C_{jk} T_j` with a fixed matrix C.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    K
        Number of polynomials, at least 1; their largest degree is K - 1.
    basis
        ``"chebyshev"``; ``"monomial"``, the powers :math:`\tilde L^k`, which are nearly
        alike for large k; or ``"bernstein"``, which are positive, sum to one, and are
        largest at one of K evenly spaced eigenvalues each: ``weight[k]`` is about the
        gain there, ``weight[0]`` that of the smoothest signals.
    bias
        Whether to add a learned constant to each channel.

    Attributes
    ----------
    weight
        Shape ``(K, in_channels, out_channels)``, drawn so that the gain has the mean
        square that it has in ChebConv.
    bias
        Shape ``(out_channels,)``, zero at first; None without.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> (*batch, vertex, out_channels)``

    Raises
    ------
    ValueError
        If a number is less than 1 or the basis unknown; in ``forward``, if channels or
        vertices are not those expected, or the operator is not square.
    TypeError
        In ``forward``, if ``laplacian`` is not an operator, or ``x`` is not of its
        dtype.

    Notes
    -----
    Source: He et al. 2021, arXiv:2106.10156, equation 4, for the Bernstein basis.

    Equivariance: as of :class:`~deepsphere_pyg.layers.ChebConv`: exact for the
    rotations that map the graph onto itself, approximate for others.

    Examples
    --------
    >>> from deepsphere_pyg import laplacian_operator
    >>> from samplings import HEALPix
    >>> laplacian = laplacian_operator(HEALPix(2), k=8)
    >>> conv = PolynomialConv(3, 5, K=4, basis="bernstein")
    >>> conv(torch.ones(2, 48, 3), laplacian).shape
    torch.Size([2, 48, 5])
    """

    weight: nn.Parameter
    bias: nn.Parameter | None
    coefficients: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        K: int,
        *,
        basis: str = "chebyshev",
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.in_channels = integer_argument("in_channels", in_channels, 1)
        self.out_channels = integer_argument("out_channels", out_channels, 1)
        self.K = integer_argument("K", K, 1)
        coefficients = chebyshev_coefficients(basis, self.K)
        self.basis = basis
        self.keep("coefficients", coefficients, torch.get_default_dtype())
        # Of ChebConv's rule, relative to the sum of the bases' mean squares.
        gain = (self.K + 1) / self.K / float(mean_squares(coefficients).sum())
        self._std = float(gain / self.in_channels) ** 0.5
        shape = (self.K, self.in_channels, self.out_channels)
        self.weight = nn.Parameter(torch.empty(shape))
        constants = torch.empty(self.out_channels)
        self.bias = nn.Parameter(constants) if flag_argument("bias", bias) else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights and set the bias to zero."""
        nn.init.normal_(self.weight, std=self._std)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    @property
    def chebyshev_weight(self) -> Tensor:
        """The same filters' weights as ChebConv has them, shape of ``weight``."""
        # Not under autocast: the coefficients of high degrees cancel.
        with torch.autocast(self.weight.device.type, enabled=False):
            mixed = self.coefficients @ self.weight.flatten(1)
        return mixed.view(self.weight.shape)

    def forward(self, x: Tensor, laplacian: EdgeOperator) -> Tensor:
        """Return the filtered signals.

        ``laplacian`` is rescaled, of spectrum in [-1, 1], as
        :func:`deepsphere_pyg.laplacian_operator` makes it.
        """
        x = checked_operands(x, laplacian, self.in_channels)
        weight = self.chebyshev_weight
        return convolved(*under_autocast(x, weight, self.bias, laplacian), laplacian)

    def extra_repr(self) -> str:
        """Sizes and basis, for ``repr``."""
        return (
            f"{self.in_channels}, {self.out_channels}, K={self.K}, "
            f"basis={self.basis!r}, bias={self.bias is not None}"
        )
