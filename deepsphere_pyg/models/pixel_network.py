"""A network that sees one vertex at a time: what context is worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from deepsphere_pyg.models.base import SphericalModel
from deepsphere_pyg.models.blocks import ChannelNorm
from samplings import Pyramid
from samplings.arguments import integer_argument, integers_argument


class PixelNetwork(SphericalModel):
    """Classify each vertex from its own channels, with the same layers everywhere.

    A baseline: what it reaches needs no neighbours.

    Parameters
    ----------
    in_channels, out_channels
        Channels of the input, and classes.
    pyramid
        Only its finest sampling is used.
    widths
        Channels of the hidden layers, each a linear map with batch normalisation and
        ReLU.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> logits (*batch, vertex, out_channels)``

    Raises
    ------
    ValueError
        If a width is less than 1; in ``forward``, if ``x`` does not fit.

    Notes
    -----
    Equivariance: exact under any permutation of the vertices.

    Examples
    --------
    >>> import torch
    >>> from samplings import HEALPix, build_pyramid
    >>> model = PixelNetwork(16, 3, build_pyramid(HEALPix(2), depth=1, k=8))
    >>> model(torch.zeros(2, 48, 16)).shape
    torch.Size([2, 48, 3])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        pyramid: Pyramid,
        widths: Sequence[int] = (64, 64, 64),
    ) -> None:
        super().__init__(in_channels, pyramid)
        self.widths = integers_argument("widths", widths, 1)
        self.in_channels = in_channels = self.standardize.channels
        self.out_channels = integer_argument("out_channels", out_channels, 1)
        layers: list[nn.Module] = []
        before = in_channels
        for width in self.widths:
            layers.append(nn.Linear(before, width, bias=False))
            layers.append(ChannelNorm(width, "batch"))
            layers.append(nn.ReLU(inplace=True))
            before = width
        layers.append(nn.Linear(before, self.out_channels))
        self.layers = nn.Sequential(*layers)

    @property
    def config(self) -> dict[str, Any]:
        """Arguments of the constructor without the pyramid, JSON-serialisable."""
        return {
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "widths": list(self.widths),
        }

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``(*batch, vertex, out_channels)``."""
        y: Tensor = self.layers(self.checked_input(x))
        return y
