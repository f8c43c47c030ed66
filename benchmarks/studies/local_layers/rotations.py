"""How much the answers of whole networks change with rotations of their inputs."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
from torch import Tensor, nn

from deepsphere_pyg.harmonics import ISHT, SHT
from deepsphere_pyg.metrics import layer_equivariance_error

#: Samples of an error, each of a signal or of some, and a rotation.
SAMPLES = 12
#: Signals that are rotated together, whose answers are compared as one vector.
TOGETHER = 16


class _OfNoise(nn.Module):
    """A network as a function of coefficients, in units of its training.

    Coefficients of variance one become signals of variance one in every channel, as
    those of the training are after the network's first layer, which is left out.
    """

    def __init__(self, network: Any, L: int) -> None:
        super().__init__()
        self.network = copy.deepcopy(network)
        channels = self.network.in_channels
        self.network.standardize.fit_(torch.zeros(channels), torch.ones(channels))
        self.signals = ISHT(network.sampling, L)
        # The mean square of a signal is (2 l + 1) / (4 pi), summed over degrees.
        self.size = math.sqrt(4 * math.pi) / L


class _Maps(_OfNoise):
    """Coefficients of the logits of a U-Net, without their constant parts."""

    def __init__(self, network: Any, L: int, L_out: int) -> None:
        super().__init__(network, L)
        self.coefficients = SHT(network.sampling, L_out)

    def forward(self, c: Tensor) -> Tensor:
        y = self.network(self.signals(c) * self.size)
        # A number added to the logits of all classes does not change the answer; what
        # does not vary over the sphere cannot show an error.
        y = self.coefficients(y - y.mean(dim=-1, keepdim=True))
        return torch.cat([torch.zeros_like(y[:, :1]), y[:, 1:]], dim=1)


class _Answers(_OfNoise):
    """Answers for some signals at once, without their mean over these signals."""

    def forward(self, c: Tensor) -> Tensor:
        x = self.signals(c) * self.size
        batch, vertices, channels = x.shape
        x = x.view(batch, vertices, TOGETHER, channels // TOGETHER).movedim(2, 1)
        y = self.network(x)
        return y - y.mean(dim=1, keepdim=True)


def map_error(network: Any, L: int, seed: int) -> float:
    """Return the relative error under rotation of the logits of a U-Net.

    Parameters
    ----------
    network
        The network.
    L
        Bandlimit of the random inputs, white below it. Logits are compared up to twice
        as many degrees.
    seed
        Seed of the inputs and rotations.
    """
    layer = _Maps(network, L, 2 * L)
    return layer_equivariance_error(
        layer,
        L,
        2 * L,
        in_channels=network.in_channels,
        n_samples=SAMPLES,
        seed=seed,
        batch_size=4,
    ).mean


def answer_error(network: Any, L: int, seed: int) -> float:
    """Return the change of answers with rotations over their spread between signals.

    Parameters
    ----------
    network
        A network whose answers are of whole maps.
    L
        Bandlimit of the random inputs, white below it.
    seed
        Seed of the inputs and rotations.
    """
    return layer_equivariance_error(
        _Answers(network, L),
        L,
        None,
        in_channels=network.in_channels * TOGETHER,
        n_samples=SAMPLES,
        seed=seed,
        batch_size=4,
    ).mean
