"""U-Net on a pyramid of samplings, for a class at every vertex."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import torch
from torch import Tensor, nn

from deepsphere_pyg.layers import ChebConv, Unpool
from deepsphere_pyg.models.base import SphericalModel, check_depth
from deepsphere_pyg.models.blocks import ConvBlock, pooling_layer
from deepsphere_pyg.models.configurations import DEEPSPHERE, UNetConfiguration
from deepsphere_pyg.operators import (
    laplacian_operator,
    pooling_operator,
    unpooling_operator,
)
from samplings import Pyramid, laplacian
from samplings.arguments import instance_argument


class SphericalUNet(SphericalModel):
    r"""Give every vertex of a sphere its class, from the whole sphere around it.

    The encoder convolves and pools down the pyramid; the decoder unpools, convolves,
    joins the encoder's output of the level and convolves again. All convolutions are
    :class:`~deepsphere_pyg.layers.ChebConv` with batch normalisation and ReLU, but
    the one at the coarsest level and the last.

    Parameters
    ----------
    in_channels, out_channels
        Channels of the input, and classes.
    pyramid
        As many levels as the configuration has.
    configuration
        Widths and options.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> logits (*batch, vertex, out_channels)``

    Raises
    ------
    ValueError
        If the pyramid has another number of levels; in ``forward``, if ``x`` does not
        fit.

    Notes
    -----
    Source: Defferrard et al. 2020, arXiv:2012.15000, section 4.3 and its public
    PyTorch implementation.

    Equivariance: exact for the rotations that map every level onto itself, approximate
    for others.

    Examples
    --------
    >>> from deepsphere_pyg.models import SMALL
    >>> from samplings import HEALPix, build_pyramid
    >>> model = SphericalUNet(16, 3, build_pyramid(HEALPix(8), SMALL.levels, 8), SMALL)
    >>> model(torch.zeros(2, 768, 16)).shape
    torch.Size([2, 768, 3])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        pyramid: Pyramid,
        configuration: UNetConfiguration = DEEPSPHERE,
    ) -> None:
        instance_argument(
            "configuration",
            configuration,
            UNetConfiguration,
            "make one, or take SMALL or DEEPSPHERE of deepsphere_pyg.models",
        )
        check_depth(pyramid, configuration.levels, f"{configuration.name!r}")
        super().__init__(in_channels, pyramid)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.configuration = configuration
        stem, widths = configuration.stem, configuration.widths
        K, norm = configuration.K, configuration.normalization

        self.laplacians = nn.ModuleList(
            laplacian_operator(laplacian(graph, configuration.laplacian))
            for graph in pyramid.graphs
        )
        self.pooling_operators = nn.ModuleList(
            pooling_operator(coarsening) for coarsening in pyramid.coarsenings
        )
        self.unpooling_operators = nn.ModuleList(
            unpooling_operator(coarsening) for coarsening in pyramid.coarsenings
        )
        self.pool = pooling_layer(configuration.pooling)
        self.unpool = Unpool()

        self.stem = ConvBlock(in_channels, stem, K, norm)
        self.encoder = nn.ModuleList(
            ConvBlock(before, width, K, norm)
            for before, width in zip((stem, *widths[:-2]), widths[:-1], strict=True)
        )
        self.bottom = ChebConv(widths[-2], widths[-1], K)
        # From coarse to fine; level i gives the width of level i - 1.
        self.widen = nn.ModuleList()
        self.merge = nn.ModuleList()
        before = widths[-1]
        for level in range(configuration.levels - 2, -1, -1):
            width = widths[level - 1] if level else stem
            self.widen.append(ConvBlock(before, width, K, norm))
            if level or configuration.finest_skip:
                self.merge.append(ConvBlock(width + widths[level], width, K, norm))
            before = width
        self.head = ChebConv(stem, out_channels, K)

    @property
    def config(self) -> dict[str, Any]:
        """Arguments of the constructor without the pyramid, JSON-serialisable."""
        return {
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "configuration": self.configuration.config,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], geometry: Pyramid) -> Self:
        """Build an untrained model from :attr:`config`."""
        configuration = UNetConfiguration.from_config(config["configuration"])
        return cls(
            **{**config, "configuration": configuration},
            pyramid=geometry,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``(*batch, vertex, out_channels)``."""
        x = self.checked_input(x)
        x = self.stem(x, self.laplacians[0])
        skips = []
        for level, block in enumerate(self.encoder):
            x = block(x, self.laplacians[level])
            skips.append(x)
            x = self.pool(x, self.pooling_operators[level])
        x = self.bottom(x, self.laplacians[-1])
        for step, widen in enumerate(self.widen):
            level = len(self.widen) - 1 - step
            laplacian = self.laplacians[level]
            x = widen(self.unpool(x, self.unpooling_operators[level]), laplacian)
            if step < len(self.merge):
                x = torch.cat([x, skips[level]], dim=-1)
                x = self.merge[step](x, laplacian)
        y: Tensor = self.head(x, self.laplacians[0])
        return y
