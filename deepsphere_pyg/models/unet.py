"""U-Net on a pyramid of samplings, which classifies every vertex."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Self, SupportsIndex

import torch
from torch import Tensor, nn

from deepsphere_pyg.layers.graph.channel_norm import CENTRED
from deepsphere_pyg.models.base import SphericalModel
from deepsphere_pyg.models.blocks import ConvBlock
from deepsphere_pyg.models.configurations import (
    DEEPSPHERE,
    UNET_CONFIGURATIONS,
    UNetConfiguration,
)
from deepsphere_pyg.models.level_pooling import (
    poolings,
    refuse_other_terms,
    unpoolings,
)
from samplings import Pyramid, Sampling
from samplings.arguments import instance_argument


class SphericalUNet(SphericalModel):
    r"""Classify every vertex of a sphere, with the whole sphere as its context.

    The encoder convolves and pools down the pyramid; the decoder unpools, convolves,
    joins the encoder's output of the level and convolves again. Every convolution is a
    :class:`~deepsphere_pyg.layers.ChebConv`, or another kind of layer if the
    configuration says so, with batch normalisation and ReLU except at the coarsest
    level and before the output.

    Parameters
    ----------
    in_channels, out_channels
        Channels of the input, and classes.
    sampling
        Sampling of the inputs; or a pyramid with the levels of the configuration.
    configuration
        Widths and options.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> logits (*batch, vertex, out_channels)``

    Raises
    ------
    TypeError, ValueError
        If the pyramid has another number of levels; in ``forward``, if ``x`` does not
        fit.

    Notes
    -----
    Source: Defferrard et al. 2020, arXiv:2012.15000, section 4.3 and its public
    PyTorch implementation.

    Equivariance: exact for the rotations that map every level onto itself, approximate
    for others. Layers that are oriented to north leave those about the axis.

    Examples
    --------
    >>> from deepsphere_pyg.models import SMALL
    >>> from samplings import HEALPix
    >>> model = SphericalUNet(16, 3, HEALPix(8), configuration=SMALL)
    >>> model(torch.zeros(2, 768, 16)).shape
    torch.Size([2, 768, 3])
    """

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        sampling: Sampling | Pyramid,
        *,
        configuration: UNetConfiguration = DEEPSPHERE,
    ) -> None:
        remedy = (
            "make one, or take one of UNET_CONFIGURATIONS of deepsphere_pyg.models: "
            f"{', '.join(map(repr, UNET_CONFIGURATIONS))}"
        )
        instance_argument("configuration", configuration, UNetConfiguration, remedy)
        stem, widths = configuration.stem, configuration.widths
        layers, norm = configuration.layers, configuration.normalization
        super().__init__(in_channels, out_channels, sampling, widths, (len(widths),))
        self.configuration = configuration
        self._config = {
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "configuration": configuration.config,
        }
        graphs, coarsenings = self.pyramid.graphs, self.pyramid.coarsenings
        self.operators = layers.operators(graphs)
        # These normalisations subtract the mean, and a bias with it.
        bias = norm not in CENTRED
        name = configuration.pooling
        self.pool, self.pooling_operators = poolings(
            name, coarsenings, widths[:-1], bias=bias
        )
        self.unpool, self.unpooling_operators = unpoolings(
            name, coarsenings, (*widths[:-2], widths[-1]), bias=bias
        )

        self.stem = ConvBlock(self.in_channels, stem, layers, norm)
        self.encoder = nn.ModuleList(
            ConvBlock(before, width, layers, norm)
            for before, width in pairwise((stem, *widths[:-1]))
        )
        self.bottom = layers.layer(widths[-2], widths[-1])
        # From coarse to fine; level i gives the width of level i - 1.
        self.widen = nn.ModuleList()
        self.merge = nn.ModuleList()
        before = widths[-1]
        for level in range(configuration.levels - 2, -1, -1):
            width = widths[level - 1] if level else stem
            self.widen.append(ConvBlock(before, width, layers, norm))
            if level or configuration.finest_skip:
                self.merge.append(ConvBlock(width + widths[level], width, layers, norm))
            before = width
        self.head = layers.layer(stem, self.out_channels)

    @classmethod
    def from_config(cls, config: Mapping[str, Any], geometry: Any) -> Self:
        """Build an untrained model from :attr:`config` and a sampling or pyramid."""
        configuration = UNetConfiguration.from_config(config["configuration"])
        return super().from_config({**config, "configuration": configuration}, geometry)

    def geometry_on(self, sampling: Any) -> Any:
        """Return a pyramid on another sampling, if the weights fit it."""
        pyramid = super().geometry_on(sampling)
        if len(pyramid) == len(self.pyramid):
            name = self.configuration.pooling
            refuse_other_terms(name, pyramid.coarsenings, self.pool)
        return pyramid

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``(*batch, vertex, out_channels)``."""
        x = self.checked_input(x)
        x = self.stem(x, self.operators[0])
        skips = []
        for level, block in enumerate(self.encoder):
            x = block(x, self.operators[level])
            skips.append(x)
            x = self.pool[level](x, self.pooling_operators[level])
        x = self.bottom(x, self.operators[-1])
        for step, widen in enumerate(self.widen):
            level = len(self.widen) - 1 - step
            operator = self.operators[level]
            x = self.unpool[level](x, self.unpooling_operators[level])
            x = widen(x, operator)
            if step < len(self.merge):
                x = torch.cat([x, skips[level]], dim=-1)
                x = self.merge[step](x, operator)
        y: Tensor = self.head(x, self.operators[0])
        return y
