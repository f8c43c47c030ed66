"""Baseline that classifies each vertex without its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import SupportsIndex

from torch import Tensor, nn

from deepsphere_pyg.layers import ChannelNorm
from deepsphere_pyg.models.base import SphericalModel
from samplings import Pyramid, Sampling
from samplings.arguments import integers_argument


class PixelNetwork(SphericalModel):
    """Classify each vertex from its own channels, with the same layers everywhere.

    A baseline, which shows how much the neighbours of a vertex contribute.

    Parameters
    ----------
    in_channels, out_channels
        Channels of the input, and classes.
    sampling
        Sampling of the inputs; or a pyramid, of which only the finest sampling is used.
    widths
        Channels of the hidden layers, each a linear map with batch normalisation and
        ReLU.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> logits (*batch, vertex, out_channels)``

    Raises
    ------
    TypeError, ValueError
        If a width is not an integer of at least 1; in ``forward``, if ``x`` does not
        fit.

    Notes
    -----
    Equivariance: exact under any permutation of the vertices.

    Examples
    --------
    >>> import torch
    >>> from samplings import HEALPix
    >>> model = PixelNetwork(16, 3, HEALPix(2))
    >>> model(torch.zeros(2, 48, 16)).shape
    torch.Size([2, 48, 3])
    """

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        sampling: Sampling | Pyramid,
        *,
        widths: Sequence[SupportsIndex] = (64, 64, 64),
    ) -> None:
        super().__init__(in_channels, out_channels, sampling)
        sizes = (self.in_channels, *integers_argument("widths", widths, 1))
        self._config = {
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "widths": list(sizes[1:]),
        }
        layers: list[nn.Module] = []
        for before, width in pairwise(sizes):
            layers.append(nn.Linear(before, width, bias=False))
            layers.append(ChannelNorm(width, "batch"))
            # In place, the gradient of the view before it would be copied twice.
            layers.append(nn.ReLU())
        layers.append(nn.Linear(sizes[-1], self.out_channels))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``(*batch, vertex, out_channels)``."""
        y: Tensor = self.layers(self.checked_input(x))
        return y
