"""Digits as inputs of networks: transformed once, and shuffled by epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from deepsphere_pyg.commands.digits.stretches import stretch_matrices, stretched
from deepsphere_pyg.datasets import SphericalMNIST
from deepsphere_pyg.models import HarmonicClassifier, SavedModel
from deepsphere_pyg.training.samplers import EpochShuffle
from samplings.arrays import IntArray

# Digits transformed at once.
_STEP = 500


def reads_coefficients(network: SavedModel) -> bool:
    """Whether a network begins with a transform, which has no parameters."""
    return isinstance(network, HarmonicClassifier)


def prepared(network: SavedModel, x: Tensor) -> Tensor:
    """Return the input of the first layer that has parameters.

    These are coefficients for networks that begin with a transform, else the signals.
    """
    if isinstance(network, HarmonicClassifier):
        return network.coefficients(x)
    return x


def finished(network: SavedModel, x: Tensor) -> Tensor:
    """Return the output of a network for the result of :func:`prepared`."""
    if isinstance(network, HarmonicClassifier):
        return network.of_coefficients(x)
    y: Tensor = network(x)
    return y


@dataclass(frozen=True)
class DigitBatch:
    """A batch of digits.

    Attributes
    ----------
    x
        The result of :func:`prepared`; the first axis is the digit.
    y
        Digits, int64.
    """

    x: Tensor
    y: Tensor

    def to(self, device: torch.device | str, **options: Any) -> DigitBatch:
        """Return the digits on another device."""
        return DigitBatch(self.x.to(device, **options), self.y.to(device, **options))


class DigitBatches:
    """Batches of the digits of a data set, prepared for a network.

    Coefficients of all digits are computed once and kept: 1 kB a digit at L = 16.

    Parameters
    ----------
    dataset
        The digits.
    network
        Network that reads them, on the CPU.
    part
        Indices of the digits.
    batch_size
        Digits per batch.
    seed
        The digits are shuffled by the seed and the epoch, and an incomplete last batch
        is dropped unless it is the only one; None keeps the order of the digits.
    stretch
        Strength of random stretches by the seed and the epoch: see
        :func:`stretch_matrices`. Only coefficients can be stretched.
    """

    def __init__(
        self,
        dataset: SphericalMNIST,
        network: SavedModel,
        part: IntArray,
        batch_size: int,
        seed: int | None = None,
        stretch: float = 0.0,
    ) -> None:
        self.y = torch.from_numpy(dataset.labels[part])
        self.take = _taker(dataset, network, part)
        self.batch_size = batch_size
        # Lightning requires the first attribute, and tells its epoch to the second.
        self.batch_sampler = None
        self.sampler: EpochShuffle | range = (
            range(len(part)) if seed is None else EpochShuffle(len(part), seed)
        )
        # The statistics of a few digits would be too noisy.
        self.drop_last = seed is not None and len(part) >= batch_size
        self.seed = seed or 0
        self.matrices: Tensor | None = None
        if stretch:
            L = math.isqrt(self.take(np.zeros(1, dtype=np.int64)).shape[-2])
            self.matrices = stretch_matrices(L, stretch, self.seed)

    def __len__(self) -> int:
        whole, left = divmod(len(self.sampler), self.batch_size)
        return whole + bool(left and not self.drop_last)

    def __iter__(self) -> Iterator[DigitBatch]:
        order = np.array(list(self.sampler))
        epoch = getattr(self.sampler, "epoch", 0)
        rng = np.random.default_rng([self.seed, epoch, 1])
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            some = order[start : start + self.batch_size]
            x = self.take(some)
            if self.matrices is not None:
                x = stretched(x, self.matrices, rng)
            yield DigitBatch(x, self.y[torch.from_numpy(some)])


def _taker(
    dataset: SphericalMNIST, network: SavedModel, part: IntArray
) -> Callable[[IntArray], Tensor]:
    """Return a function from indices within a part to inputs."""
    if not reads_coefficients(network):
        # Signals are kept as bytes, a quarter of the size of float32.
        return lambda some: dataset.batch(part[some])[0]
    rows = []
    with torch.no_grad():
        for start in tqdm(
            range(0, len(part), _STEP), desc="transforming", leave=False, disable=None
        ):
            x, _ = dataset.batch(part[start : start + _STEP])
            rows.append(prepared(network, x))
    kept = torch.cat(rows)
    return lambda some: kept[torch.from_numpy(some)]
