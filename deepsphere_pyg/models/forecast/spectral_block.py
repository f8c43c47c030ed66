"""Block of the spherical Fourier neural operator, and its normalisation."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from deepsphere_pyg.harmonics import ISHT, SHT
from deepsphere_pyg.layers import ChannelNorm, ZonalConv
from deepsphere_pyg.models.forecast.field_network import pointwise
from samplings.arguments import choice_argument

NORMALIZATIONS = ("instance", "layer", "none")


class CoefficientNorm(nn.Module):
    r"""Normalise each channel of each signal over the sphere, by its coefficients.

    .. math::
        y = \gamma\, \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta, \qquad
        \mu = \frac{c_{00}}{\sqrt{4\pi}}, \quad
        \sigma^2 = \frac{1}{4\pi} \sum_{l > 0, m} c_{lm}^2

    Parameters
    ----------
    channels
        Number of channels.
    eps
        Added to the variance.

    Notes
    -----
    Mean and variance are integrals over the sphere, by Parseval's theorem, so that the
    equivariance is exact; means over the vertices of a grid would not be.
    """

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, c: Tensor) -> Tensor:
        """Return the coefficients ``(*batch, row, channel)`` of normalised signals."""
        constant = (math.sqrt(4 * math.pi) * self.bias).expand_as(c[..., :1, :])
        if c.shape[-2] == 1:
            return constant
        others = c[..., 1:, :]
        variance = others.square().sum(-2, keepdim=True) / (4 * math.pi)
        scaled = others * (self.weight * torch.rsqrt(variance + self.eps))
        return torch.cat([constant, scaled], dim=-2)


class SpectralBlock(nn.Module):
    """Filter signals by degree, mix channels at each point, and add the result.

    Parameters
    ----------
    channels
        Number of channels.
    L
        Bandlimit of the filters.
    hidden
        Channels between the two linear maps at each point.
    normalization
        ``"instance"``, of each channel over the sphere; ``"layer"``, of the channels at
        each point; or ``"none"``.
    dropout
        Share of the numbers after the filter that training leaves out.
    """

    def __init__(
        self,
        channels: int,
        L: int,
        hidden: int,
        normalization: str,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        choice_argument("normalization", normalization, NORMALIZATIONS)
        self.norm: nn.Module | None = None
        self.coefficient_norm: nn.Module | None = None
        if normalization == "layer":
            self.norm = ChannelNorm(channels, "layer")
        elif normalization == "instance":
            self.coefficient_norm = CoefficientNorm(channels)
        # The linear map of points, which is added, has a bias.
        self.filter = ZonalConv(channels, channels, L, bias=False)
        self.points = nn.Linear(channels, channels)
        self.activation = nn.GELU()
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
        self.mix = pointwise(channels, hidden, channels)

    def forward(self, x: Tensor, analysis: SHT, synthesis: ISHT) -> Tensor:
        """Return signals ``(*batch, vertex, channels)`` on the grid of transforms."""
        c = analysis.analyze(x if self.norm is None else self.norm(x))
        if self.coefficient_norm is not None:
            c = self.coefficient_norm(c)
        y = self.activation(synthesis(self.filter(c)) + self.points(x))
        mixed: Tensor = self.mix(self.dropout(y))
        return x + mixed
