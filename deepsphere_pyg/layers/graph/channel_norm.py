"""Normalisation of the channels of signals on vertices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from deepsphere_pyg.layers.graph.operands import checked_channels
from samplings.arguments import choice_argument, integer_argument

NORMALIZATIONS = ("batch", "batch-shift", "layer", "instance", "none")
#: Those that subtract the mean of each channel, and with it that of a constant added.
CENTRED = ("batch", "batch-shift", "instance")


class ChannelNorm(nn.Module):
    r"""Normalise channels to mean zero and variance one, then scale and shift each.

    .. math:: y_{vc} = \gamma_c\, (x_{vc} - \mu) / \sqrt{\sigma^2 + \epsilon} + \beta_c

    Parameters
    ----------
    channels
        Number of channels.
    kind
        Over what mean and variance are taken: ``"batch"``, each channel over batch and
        vertices (in evaluation their running means); ``"batch-shift"``, the same
        without the scale :math:`\gamma`, which is redundant before a ReLU and a linear
        layer; ``"layer"``, the channels of each vertex; ``"instance"``, each channel of
        each signal over its vertices; ``"none"``, no normalisation.

    Shapes
    ------
    ``x : (*batch, vertex, channels) -> (*batch, vertex, channels)``

    Raises
    ------
    ValueError
        If the kind is unknown or ``channels < 1``.

    Notes
    -----
    Vertices count alike, whatever their areas: on samplings of equal areas these are
    means over the sphere.

    Equivariance: exact for rotations that map the sampling onto itself; layer
    normalisation acts on single vertices.

    Source: Ioffe and Szegedy 2015, arXiv:1502.03167; Ba et al. 2016, arXiv:1607.06450;
    Ulyanov et al. 2016, arXiv:1607.08022.

    Examples
    --------
    >>> import torch
    >>> x = torch.arange(6.0).view(1, 3, 2)
    >>> ChannelNorm(2, "instance")(x).mean(1).abs().max() < 1e-6
    tensor(True)
    """

    # Adds the sums of processes that share a sphere; set where several do.
    vertex_sums: Callable[[Tensor], Tensor] | None = None

    def __init__(self, channels: int, kind: str) -> None:
        super().__init__()
        self.channels = channels = integer_argument("channels", channels, 1)
        self.kind = choice_argument("normalization", kind, NORMALIZATIONS)
        self.norm: Any
        if kind in ("batch", "batch-shift"):
            self.norm = nn.BatchNorm1d(channels)
            if kind == "batch-shift":
                self.norm.register_parameter("weight", None)
        elif kind == "layer":
            self.norm = nn.LayerNorm(channels)
        elif kind == "instance":
            self.norm = nn.InstanceNorm1d(channels, affine=True)
        else:
            self.norm = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised signals, of the same shape."""
        checked_channels(x, self.channels, getattr(self.norm, "bias", None))
        if self.kind == "instance":
            scaled = self._over_vertices(x)
            moved: Tensor = scaled * self.norm.weight + self.norm.bias
            return moved
        # BatchNorm1d takes channels last in two dimensions: no transpose.
        y: Tensor = self.norm(x.reshape(-1, x.shape[-1]))
        return y.view(x.shape)

    def _over_vertices(self, x: Tensor) -> Tensor:
        """Bring each channel of each signal to mean zero and variance one."""
        if self.vertex_sums is None:
            # Over the last axis, and so also for one vertex and for an empty batch.
            columns, n = x.transpose(-1, -2), x.shape[-2]
            return F.layer_norm(columns, (n,), eps=self.norm.eps).transpose(-1, -2)
        # Autocast computes the other in float32, too.
        y = x.to(torch.promote_types(x.dtype, torch.float32))
        count = self.vertex_sums(y.new_tensor(y.shape[-2]))
        y = y - self.vertex_sums(y.sum(-2, keepdim=True)) / count
        variance = self.vertex_sums(y.square().sum(-2, keepdim=True)) / count
        scaled: Tensor = y * (variance + self.norm.eps).rsqrt()
        return scaled.to(x.dtype)
