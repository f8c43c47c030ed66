"""Queries, keys and values of several heads, which all attention layers share."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from deepsphere_pyg.layers.graph.attention.position_bias import position_bias
from deepsphere_pyg.signals import checked_signal
from samplings.arguments import counted, flag_argument, integer_argument


class AttentionHeads(nn.Module):
    """Maps of channels to queries, keys and values of several heads, and back.

    Keys have no bias, which would add the same to all scores of a query.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels; each head has ``out_channels / heads`` of them.
    heads
        Number of heads, a divisor of ``out_channels``.
    degree, isotropic
        Of the polynomial of relative positions; see
        :class:`~deepsphere_pyg.layers.graph.attention.position_bias.PositionBias`.
    bias
        Whether queries, values and outputs have a learned constant.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        heads: int,
        *,
        degree: int,
        isotropic: bool,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.in_channels = integer_argument("in_channels", in_channels, 1)
        self.out_channels = integer_argument("out_channels", out_channels, 1)
        self.heads = integer_argument("heads", heads, 1)
        if self.out_channels % self.heads:
            divisors = [
                n for n in range(1, self.out_channels + 1) if self.out_channels % n == 0
            ]
            near = min(divisors, key=lambda n: abs(n - self.heads))
            raise ValueError(
                "heads must divide out_channels, got "
                f"{self.heads} heads for {counted(self.out_channels, 'channel')}; use "
                f"{near} heads, or a number of channels that is a multiple"
            )
        bias = flag_argument("bias", bias)
        self.query = nn.Linear(self.in_channels, self.out_channels, bias=bias)
        self.key = nn.Linear(self.in_channels, self.out_channels, bias=False)
        self.value = nn.Linear(self.in_channels, self.out_channels, bias=bias)
        self.output = nn.Linear(self.out_channels, self.out_channels, bias=bias)
        self.position = position_bias(self.heads, degree, isotropic)

    def reset_parameters(self) -> None:
        """Draw new weights."""
        for part in (self.query, self.key, self.value, self.output):
            part.reset_parameters()
        if self.position is not None:
            self.position.reset_parameters()

    def _checked(self, x: Tensor, n: int, like: Tensor, taker: str) -> Tensor:
        """Return checked signals; ``like`` has the dtype and device expected."""
        x = checked_signal(x, n, like, taker=taker)
        if x.shape[-1] != self.in_channels:
            raise ValueError(
                f"expected {self.in_channels} input channels, got {x.shape[-1]}; "
                "x must have shape (*batch, vertex, channel)"
            )
        weight = self.query.weight
        autocast = torch.is_autocast_enabled(x.device.type)
        if x.dtype != weight.dtype and not autocast:
            raise TypeError(
                f"x must be {weight.dtype} like the weights of this layer, got "
                f"{x.dtype}; convert the layer with .to({x.dtype})"
            )
        return x

    def _heads(self, x: Tensor, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries, keys and values, each ``(*batch, vertex, out_channels)``."""
        q, k, v = self.query(x), self.key(x), self.value(x)
        # Under autocast channels are mixed in the lower precision, scores are not.
        return q.to(like.dtype), k.to(like.dtype), v.to(like.dtype)

    def _by_head(self, x: Tensor) -> Tensor:
        """Return ``(..., n, out_channels)`` as ``(..., n, heads, width)``."""
        return x.reshape(*x.shape[:-1], self.heads, self.out_channels // self.heads)

    def _split(self, x: Tensor) -> Tensor:
        """Split ``(..., n, out_channels)`` into heads, ``(..., heads, n, width)``."""
        return self._by_head(x).transpose(-3, -2)

    def extra_repr(self) -> str:
        """Sizes, for ``repr``."""
        sizes = f"{self.in_channels}, {self.out_channels}, heads={self.heads}"
        position = self.position
        if position is None:
            return f"{sizes}, degree=0"
        return f"{sizes}, degree={position.degree}, isotropic={position.isotropic}"

    def __repr__(self) -> str:
        # One line: compilers cannot trace PyTorch's own for modules within others,
        # which maps of torch.func call.
        return f"{type(self).__name__}({self.extra_repr()})"


def gathered(x: Tensor, index: Tensor) -> Tensor:
    """Return signals at indices ``(..., n)``, shape ``(*batch, ..., n, channel)``."""
    # Several times as fast as indexing by a table of several dimensions.
    rows = x.index_select(-2, index.reshape(-1))
    return rows.reshape(*x.shape[:-2], *index.shape, x.shape[-1])


def attended(query: Tensor, key: Tensor, value: Tensor, bias: Tensor) -> Tensor:
    """Return values averaged by attention: the reference, with every derivative.

    Parameters
    ----------
    query
        Shape ``(..., q, width)``.
    key, value
        Shape ``(..., n, width)``.
    bias
        Added to the scores, shape ``(..., q, n)``; minus infinity excludes a key.
    """
    scores = torch.matmul(query * query.shape[-1] ** -0.5, key.transpose(-2, -1))
    return torch.matmul((scores + bias).softmax(-1), value)
