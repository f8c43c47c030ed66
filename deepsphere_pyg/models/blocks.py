"""Pieces that several models are made of, and checks of their sizes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import SupportsIndex

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from deepsphere_pyg.fixed_tensors import FixedTensors
from deepsphere_pyg.layers import ChannelNorm
from deepsphere_pyg.layers.graph.channel_norm import CENTRED
from deepsphere_pyg.models.local_layers import LocalLayers
from samplings.arguments import integers_argument


def level_sizes(
    least: int = 1, **sizes: Sequence[SupportsIndex]
) -> Iterable[list[int]]:
    """Return sizes of levels as lists of integers, the first of them bandlimits.

    Raises
    ------
    TypeError
        If a size is not an integer.
    ValueError
        If there are not as many of each, or fewer than ``least``, or a size is less
        than 1, or bandlimits rise.
    """
    checked = [[*integers_argument(name, values, 1)] for name, values in sizes.items()]
    counts = [len(values) for values in checked]
    if len(set(counts)) > 1 or counts[0] < least:
        raise ValueError(
            f"{' and '.join(sizes)} must have one number for each level, got "
            f"{' and '.join(map(str, counts))}; pass as many of each, at least {least}"
        )
    refuse_rising(next(iter(sizes)), checked[0])
    return checked


def refuse_rising(name: str, bandlimits: Sequence[int]) -> None:
    """Refuse bandlimits that rise from level to level.

    Raises
    ------
    ValueError
        If one is higher than the one before it: layers make no new degrees.
    """
    for before, after in pairwise(bandlimits):
        if after > before:
            raise ValueError(
                f"{name} must not rise, got {after} after {before}; start with a "
                "higher one"
            )


def rectified(x: Tensor) -> Tensor:
    """Return the positive part of signals, which are not used any more.

    In place where no gradient is recorded. Where one is, the gradient of a change in
    place of a view, as linear maps and normalisations return, would be copied twice.
    """
    return F.relu(x, inplace=not torch.is_grad_enabled())


class ConvBlock(nn.Module):
    """A layer that looks at neighbours, normalisation and ReLU.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    layers
        Kind of the layer, such as ``ChebyshevLayers(K=4)``.
    normalization
        As in :class:`~deepsphere_pyg.layers.ChannelNorm`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        layers: LocalLayers,
        normalization: str,
    ) -> None:
        super().__init__()
        # These normalisations subtract the mean, and a bias with it.
        bias = normalization not in CENTRED
        self.conv = layers.layer(in_channels, out_channels, bias=bias)
        self.norm = ChannelNorm(out_channels, normalization)

    def forward(self, x: Tensor, operator: FixedTensors) -> Tensor:
        """Return ``(*batch, vertex, out_channels)``."""
        return rectified(self.norm(self.conv(x, operator)))


class InvariantNorm(nn.BatchNorm1d):
    """Batch normalisation of invariants, ``(signal, invariant)``.

    Raises
    ------
    ValueError
        In training, if there is one signal, which has no spread.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised invariants."""
        if self.training and len(input) == 1:
            raise ValueError(
                "in training, invariants are normalised over the batch, which must "
                "have two or more signals, got one; pass more at once, or call eval()"
            )
        return super().forward(input)


class DenseHead(nn.Sequential):
    """Dense network on invariants, which it normalises first.

    Parameters
    ----------
    in_channels, out_channels
        Invariants, and outputs.
    hidden
        Widths of the hidden layers.
    dropout
        Share of invariants left out in training.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        hidden: Sequence[int],
        dropout: float = 0.0,
    ) -> None:
        layers: list[nn.Module] = [InvariantNorm(in_channels)]
        if dropout:
            layers.append(nn.Dropout(dropout))
        for before, width in pairwise([in_channels, *hidden]):
            layers += [nn.Linear(before, width), nn.SiLU()]
        layers.append(nn.Linear([in_channels, *hidden][-1], out_channels))
        super().__init__(*layers)

    def forward(self, input: Tensor) -> Tensor:
        """Return outputs ``(*batch, out_channels)`` of ``(*batch, in_channels)``."""
        # Batch normalisation takes one axis of samples.
        y = input.reshape(-1, input.shape[-1])
        for layer in self:
            y = layer(y)
        return y.view(*input.shape[:-1], y.shape[-1])
