"""Normalisation of fields of spin to magnitude one, which keeps their direction."""

from __future__ import annotations

from typing import SupportsIndex

import torch
from torch import Tensor, nn

from deepsphere_pyg.layers.graph.spin.components import (
    checked_field,
    squared_magnitude,
)
from deepsphere_pyg.processes import batch_mean
from samplings.arguments import integer_argument, positive_argument


class MagnitudeNorm(nn.Module):
    r"""Divide channels by the root mean square of their magnitude, and scale each.

    .. math::
        y = \frac{g_c \, f}{\sqrt{\langle |f|^2 \rangle / 2 + \epsilon}}

    The mean is over the batch and the vertices, for each channel; in evaluation it is
    that of the batches seen in training, as in batch normalisation. No mean is
    subtracted: it would be a constant field, and there are no such fields.

    Parameters
    ----------
    channels
        Number of channels.
    eps
        Added to the mean square.
    momentum
        Weight of each new batch in the running mean, in (0, 1]; the first 1 / momentum
        batches are averaged equally.

    Attributes
    ----------
    weight
        Scales :math:`g`, shape ``(channels,)``, one at first.
    mean_square, n_batches
        Running means of half the squared magnitude, ``(channels,)``, and the number of
        batches in them; part of ``state_dict``.

    Shapes
    ------
    ``x : (*batch, vertex, 2, channels) -> (*batch, vertex, 2, channels)``

    Raises
    ------
    TypeError, ValueError
        If ``channels`` is not an integer of at least 1, ``eps`` is not positive, or
        ``momentum`` is not in (0, 1]; in ``forward``, if ``x`` is not a field of so
        many channels.

    Notes
    -----
    In data-parallel training by :mod:`deepsphere_pyg.training`, means are over the
    parts of the batch in all processes. An empty batch does not change them.

    Source: batch normalisation, Ioffe and Szegedy 2015, arXiv:1502.03167, without the
    means.

    Equivariance: exact, for turns of frames, reflections and permutations of vertices.

    Examples
    --------
    >>> MagnitudeNorm(1)(torch.tensor([[[3.0], [4.0]]])).square().sum()
    tensor(2.0000, grad_fn=<SumBackward0>)
    """

    mean_square: Tensor
    n_batches: Tensor

    def __init__(
        self, channels: SupportsIndex, *, eps: float = 1e-5, momentum: float = 0.1
    ) -> None:
        super().__init__()
        self.channels = integer_argument("channels", channels, 1)
        self.eps = positive_argument("eps", eps, "take 1e-5")
        self.momentum = positive_argument("momentum", momentum, "take 0.1")
        if self.momentum > 1:
            raise ValueError(
                f"momentum must be at most 1, got {momentum}; 1 keeps the last batch"
            )
        self.weight = nn.Parameter(torch.ones(self.channels))
        self.register_buffer("mean_square", torch.ones(self.channels))
        self.register_buffer("n_batches", torch.zeros((), dtype=torch.int64))

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised fields."""
        checked_field(x, self.channels)
        return x * (self.weight * (self._mean_square(x) + self.eps).rsqrt())

    def _mean_square(self, x: Tensor) -> Tensor:
        if not self.training or x.shape[:-2].numel() == 0:
            return self.mean_square
        # Half the squared magnitude is the variance of a component.
        mean = batch_mean(squared_magnitude(x).reshape(-1, self.channels)) / 2
        with torch.no_grad():
            self.n_batches.add_(1)
            share = (1 / self.n_batches).clamp_min(self.momentum)
            kept = self.mean_square
            kept.lerp_(mean.detach().to(kept.dtype), share.to(kept.dtype))
        return mean

    def extra_repr(self) -> str:
        """Channels, eps and momentum, for ``repr``."""
        return f"{self.channels}, eps={self.eps}, momentum={self.momentum}"
