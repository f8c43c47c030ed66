"""Residual blocks of Chebyshev convolutions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.layers.graph.channel_norm import CENTRED, ChannelNorm
from deepsphere_pyg.layers.graph.cheb_conv import ChebConv
from deepsphere_pyg.layers.graph.depthwise_cheb_conv import DepthwiseChebConv
from deepsphere_pyg.layers.graph.operands import checked_channels, checked_operands
from samplings.arguments import (
    function_argument,
    integer_argument,
    number_argument,
    probability_argument,
)


class DropPath(nn.Module):
    r"""Leave out whole signals at random, in training: stochastic depth.

    .. math:: y = \frac{b}{1 - p}\, x, \qquad b \sim \mathrm{Bernoulli}(1 - p)

    for each signal of the batch, all its vertices and channels together. In front of
    the sum of a residual block it drops the block, in evaluation it is the identity.
    Random numbers are those of ``torch.manual_seed``.

    Parameters
    ----------
    p
        Probability that a signal is dropped.

    Shapes
    ------
    ``x : (*batch, vertex, channel) -> (*batch, vertex, channel)``

    Raises
    ------
    TypeError, ValueError
        If ``p`` is not a number from 0 to below 1.

    Notes
    -----
    Equivariance: exact, for the same random numbers.

    Source: Huang et al. 2016, arXiv:1603.09382.

    Examples
    --------
    >>> y = DropPath(0.5)(torch.ones(100, 12, 3))
    >>> sorted(set(y.flatten().tolist())), bool((y == y[:, :1, :1]).all())
    ([0.0, 2.0], True)
    """

    def __init__(self, p: float = 0.0) -> None:
        super().__init__()
        self.p = probability_argument("p", p)

    def forward(self, x: Tensor) -> Tensor:
        """Return the signals, in training with dropped ones set to zero."""
        checked_channels(x)
        if not self.training or self.p == 0:
            return x
        factors = x.new_empty((*x.shape[:-2], 1, 1))
        return x * factors.bernoulli_(1 - self.p).div_(1 - self.p)

    def extra_repr(self) -> str:
        """Probability, for ``repr``."""
        return f"p={self.p}"


class ResidualBlock(nn.Module):
    r"""Add two Chebyshev convolutions of a signal to it.

    .. math:: y = S x + s\, C_2(\phi(N_2(C_1(\phi(N_1(x))))))

    with convolutions C, normalisations N, an activation :math:`\phi` and a scale s.
    S is the identity, or a linear map of the channels where their number changes.
    Normalisation and activation come first, so that the sum is not clipped: with
    ``scale=0`` a new block is the identity.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    K
        Chebyshev terms of both convolutions.
    hidden
        Channels between them, by default as many as come out; fewer make a bottleneck.
    normalization
        As in :class:`~deepsphere_pyg.layers.ChannelNorm`.
    activation
        Applied before both convolutions, a function or module.
    scale
        First value of a learned scale; if None, there is no scale. With zero, deep
        networks train without normalisation (ReZero, SkipInit).
    drop_path
        Probability that a signal skips the convolutions in training.

    Attributes
    ----------
    scale
        One number, or None.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> (*batch, vertex, out_channels)``

    Raises
    ------
    TypeError, ValueError
        If an argument is not of its kind or range; in ``forward``, as for
        :class:`~deepsphere_pyg.layers.ChebConv`.

    Notes
    -----
    Equivariance: as of :class:`~deepsphere_pyg.layers.ChebConv`: exact for the
    rotations that map the graph onto itself, approximate for others.

    Source: He et al. 2016, arXiv:1603.05027, for the order; Bachlechner et al. 2020,
    arXiv:2003.04887, and De and Smith 2020, arXiv:2002.10444, for the scale.

    Examples
    --------
    >>> from deepsphere_pyg import laplacian_operator
    >>> from samplings import HEALPix
    >>> laplacian = laplacian_operator(HEALPix(2), k=8)
    >>> x = torch.ones(2, 48, 3)
    >>> ResidualBlock(3, 5, K=3)(x, laplacian).shape
    torch.Size([2, 48, 5])
    >>> bool((ResidualBlock(3, 3, K=3, scale=0.0)(x, laplacian) == x).all())
    True
    """

    scale: nn.Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        K: int,
        *,
        hidden: int | None = None,
        normalization: str = "batch",
        activation: Callable[[Tensor], Tensor] = torch.relu,
        scale: float | None = None,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        self.in_channels = integer_argument("in_channels", in_channels, 1)
        self.out_channels = integer_argument("out_channels", out_channels, 1)
        hidden = self.out_channels if hidden is None else hidden
        hidden = integer_argument("hidden", hidden, 1)
        if activation is None:
            raise TypeError("activation must be a function, got None; pass torch.relu")
        function_argument("activation", activation, "activation(x)")
        self.activation = activation
        self.before = ChannelNorm(self.in_channels, normalization)
        # These normalisations subtract the mean, and a bias with it.
        bias = normalization not in CENTRED
        self.first = ChebConv(self.in_channels, hidden, K, bias=bias)
        self.between = ChannelNorm(hidden, normalization)
        self.second = ChebConv(hidden, self.out_channels, K)
        same = self.in_channels == self.out_channels
        self.shortcut: nn.Module = (
            nn.Identity()
            if same
            else nn.Linear(self.in_channels, self.out_channels, bias=False)
        )
        self.scale = None if scale is None else _learned_scale(scale, ())
        self.drop_path = DropPath(probability_argument("drop_path", drop_path))

    def forward(self, x: Tensor, laplacian: EdgeOperator) -> Tensor:
        """Return the signals plus their convolutions."""
        x = checked_operands(x, laplacian, self.in_channels)
        y = self.first(self.activation(self.before(x)), laplacian)
        y = self.second(self.activation(self.between(y)), laplacian)
        if self.scale is not None:
            y = self.scale * y
        kept: Tensor = self.shortcut(x)
        added: Tensor = self.drop_path(y)
        return kept + added


class ConvNeXtBlock(nn.Module):
    r"""Filter each channel, mix channels at each vertex, and add the result.

    .. math:: y = x + s \odot W_2\, \mathrm{GELU}(W_1\, N(D(x)))

    with a depthwise Chebyshev convolution D, layer normalisation N, linear maps
    :math:`W_1` to ``expansion`` times the channels and :math:`W_2` back, and a learned
    scale s of each channel. Filters may be long: their weights are K a channel.

    Parameters
    ----------
    channels
        Number of channels.
    K
        Chebyshev terms of the convolution.
    expansion
        Channels between the linear maps, as a multiple.
    scale
        First value of the learned scales; if None, there are no scales. With zero a new
        block is the identity.
    drop_path
        Probability that a signal skips the block in training.

    Attributes
    ----------
    scale
        Shape ``(channels,)``, or None.

    Shapes
    ------
    ``x : (*batch, vertex, channels) -> (*batch, vertex, channels)``

    Raises
    ------
    TypeError, ValueError
        If an argument is not of its kind or range; in ``forward``, as for
        :class:`~deepsphere_pyg.layers.DepthwiseChebConv`.

    Notes
    -----
    Equivariance: as of :class:`~deepsphere_pyg.layers.ChebConv`: exact for the
    rotations that map the graph onto itself, approximate for others.

    Source: Liu et al. 2022, arXiv:2201.03545, with a graph convolution in place of the
    7 x 7 one.

    Examples
    --------
    >>> from deepsphere_pyg import laplacian_operator
    >>> from samplings import HEALPix
    >>> laplacian = laplacian_operator(HEALPix(2), k=8)
    >>> ConvNeXtBlock(3, K=4)(torch.ones(2, 48, 3), laplacian).shape
    torch.Size([2, 48, 3])
    """

    scale: nn.Parameter | None

    def __init__(
        self,
        channels: int,
        K: int,
        *,
        expansion: int = 4,
        scale: float | None = 1e-6,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        self.conv = DepthwiseChebConv(channels, K)
        channels = self.conv.channels
        wide = channels * integer_argument("expansion", expansion, 1)
        self.norm = ChannelNorm(channels, "layer")
        self.expand = nn.Linear(channels, wide)
        self.activation = nn.GELU()
        self.project = nn.Linear(wide, channels)
        self.scale = None if scale is None else _learned_scale(scale, (channels,))
        self.drop_path = DropPath(probability_argument("drop_path", drop_path))

    def forward(self, x: Tensor, laplacian: EdgeOperator) -> Tensor:
        """Return the signals plus what the block makes of them."""
        y = self.norm(self.conv(x, laplacian))
        y = self.project(self.activation(self.expand(y)))
        if self.scale is not None:
            y = self.scale * y
        added: Tensor = self.drop_path(y)
        return x + added


def _learned_scale(value: Any, shape: tuple[int, ...]) -> nn.Parameter:
    """Return a parameter filled with a finite number."""
    number = number_argument("scale", value, "pass 0.0, or None for no scale")
    if not abs(number) < float("inf"):
        raise ValueError(
            f"scale must be finite, got {number}; pass 0.0, or None for no scale"
        )
    return nn.Parameter(torch.full(shape, number))
