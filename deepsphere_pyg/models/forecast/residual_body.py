"""Residual blocks down and up a pyramid, which several networks are made of."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from deepsphere_pyg.fixed_tensors import FixedTensors
from deepsphere_pyg.models.blocks import rectified
from deepsphere_pyg.models.forecast.configurations import ResidualUNetConfiguration
from deepsphere_pyg.models.level_pooling import poolings, unpoolings
from deepsphere_pyg.models.local_layers import LocalLayers
from samplings import Pyramid


class ReZeroBlock(nn.Module):
    """Two layers with a ReLU between, times a learned number, plus the signal.

    The number is zero at first, so that a new block is the identity, or a linear map of
    the channels where their number changes.

    Parameters
    ----------
    in_channels
        Channels of the signal.
    channels
        Channels after each of the two layers.
    layers
        Kind of the layers.
    dropout
        Share of the numbers between them that training leaves out.
    """

    def __init__(
        self,
        in_channels: int,
        channels: tuple[int, int],
        layers: LocalLayers,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        hidden, out_channels = channels
        self.first = layers.layer(in_channels, hidden)
        self.second = layers.layer(hidden, out_channels)
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
        self.scale = nn.Parameter(torch.zeros(()))
        self.shortcut: nn.Module = (
            nn.Identity()
            if in_channels == out_channels
            else nn.Linear(in_channels, out_channels, bias=False)
        )

    def forward(self, x: Tensor, operator: FixedTensors) -> Tensor:
        """Return ``(*batch, vertex, channels[1])``."""
        hidden = self.dropout(rectified(self.first(x, operator)))
        y: Tensor = self.second(hidden, operator)
        kept: Tensor = self.shortcut(x)
        return kept + self.scale * y


class ResidualBody(nn.Module):
    """Encoder and decoder of residual blocks, level by level.

    Parameters
    ----------
    in_channels, out_channels
        Channels of the input and the output.
    pyramid
        Graphs and coarsenings.
    configuration
        Sizes and options.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        pyramid: Pyramid,
        configuration: ResidualUNetConfiguration,
    ) -> None:
        super().__init__()
        layers, rate = configuration.layers, configuration.dropout
        self.operators = layers.operators(pyramid.graphs)
        self.encoder = nn.ModuleList()
        before = in_channels
        for pair in configuration.channels:
            self.encoder.append(ReZeroBlock(before, pair, layers, rate))
            before = pair[1]
        # Widths at each level of what is pooled, and of what is unpooled to it.
        down = [pair[1] for pair in configuration.channels[:-1]]
        self.decoder = nn.ModuleList()
        up = []
        for pair, skip in zip(
            configuration.decoder_channels, reversed(down), strict=True
        ):
            up.append(before)
            self.decoder.append(ReZeroBlock(before + skip, pair, layers, rate))
            before = pair[1]
        self.head = ReZeroBlock(before, (before, out_channels), layers, rate)
        name, coarsenings = configuration.pooling, pyramid.coarsenings
        self.pool, self.pooling_operators = poolings(name, coarsenings, down)
        self.unpool, self.unpooling_operators = unpoolings(name, coarsenings, up[::-1])

    def encoded(self, level: int, x: Tensor) -> Tensor:
        """Return the signals at a level after its block."""
        y: Tensor = self.encoder[level](x, self.operators[level])
        return y

    def pooled(self, level: int, x: Tensor) -> Tensor:
        """Return the signals of a level at the next coarser one."""
        y: Tensor = self.pool[level](x, self.pooling_operators[level])
        return y

    def decoded(self, x: Tensor, skips: Sequence[Tensor]) -> Tensor:
        """Return the output from the coarsest level and the skips of the finer ones."""
        for step, block in enumerate(self.decoder):
            level = len(self.decoder) - 1 - step
            x = self.unpool[level](x, self.unpooling_operators[level])
            x = block(torch.cat([x, skips[level]], dim=-1), self.operators[level])
        y: Tensor = self.head(x, self.operators[0])
        return y
