"""Baseline that classifies spheres as flat pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import SupportsIndex

import numpy as np
from torch import Tensor, nn
from torch.nn import functional as F

from deepsphere_pyg.models.base import SavedModel
from deepsphere_pyg.models.planar.pictures import Picture
from samplings import Sampling
from samplings.arguments import (
    counted,
    instance_argument,
    integer_argument,
    integers_argument,
)
from samplings.schemes.regular_grid import RegularGrid


class PlanarClassifier(SavedModel):
    """Convolve the picture of colatitudes by longitudes as if it were flat.

    A baseline, which shows how much respecting the curvature helps. Each level
    convolves 3 by 3 pixels, with batch normalisation and ReLU, and takes the maximum
    over 2 by 2. Longitudes are periodic; beyond the poles the picture is padded with
    zeros. The last level is averaged over 3 by 3 fields, which a linear map classifies.

    Parameters
    ----------
    in_channels, out_channels
        Channels of the input, and classes.
    sampling
        A grid with the same longitudes on each ring.
    channels
        Channels of each level.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> logits (*batch, out_channels)``

    Raises
    ------
    TypeError
        If the sampling is not such a grid, or a number is not an integer; in
        ``forward``, if ``x`` has another dtype.
    ValueError
        If the picture is too small for this many levels; in ``forward``, if ``x`` does
        not fit.

    Notes
    -----
    Equivariance: only under rotations about the axis by whole pixels of the last level.

    Examples
    --------
    >>> import torch
    >>> from samplings import Equiangular
    >>> model = PlanarClassifier(1, 10, Equiangular(8), channels=(4, 8))
    >>> model(torch.zeros(2, 128, 1)).shape
    torch.Size([2, 10])
    """

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        sampling: Sampling,
        *,
        channels: Sequence[SupportsIndex] = (16, 32, 48),
    ) -> None:
        super().__init__()
        remedy = "take Equiangular, GaussLegendre or McEwenWiaux"
        grid = instance_argument("sampling", sampling, RegularGrid, remedy)
        widths = [*integers_argument("channels", channels, 1)]
        pixels = grid.to_grid(np.arange(len(grid)))
        if min(pixels.shape) < 2 ** len(widths):
            raise ValueError(
                f"a picture of {pixels.shape[0]} by {pixels.shape[1]} is too small for "
                f"{counted(len(widths), 'level')}, each of which halves it; pass fewer "
                "channels"
            )
        self.geometry = self.sampling = grid
        before = integer_argument("in_channels", in_channels, 1)
        self.picture = Picture(pixels, before)
        n_classes = integer_argument("out_channels", out_channels, 1)
        self._config = {
            "in_channels": before,
            "out_channels": n_classes,
            "channels": widths,
        }
        self.convs = nn.ModuleList()
        for width in widths:
            # Normalisation subtracts the mean, and a bias with it.
            conv = nn.Conv2d(before, width, 3, padding=(1, 0), bias=False)
            self.convs.append(nn.Sequential(conv, nn.BatchNorm2d(width), nn.ReLU()))
            before = width
        self.fields = nn.Sequential(nn.AdaptiveAvgPool2d(3), nn.Flatten())
        self.head = nn.Linear(9 * before, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``(*batch, out_channels)``."""
        picture = self.picture(x, next(self.parameters()))
        for conv in self.convs:
            around = F.pad(picture, (1, 1, 0, 0), mode="circular")
            picture = F.max_pool2d(conv(around), 2)
        y: Tensor = self.head(self.fields(picture))
        return y.view(*x.shape[:-2], y.shape[-1])
