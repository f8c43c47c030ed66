"""Digits as networks read them: transformed once, and shuffled by epoch."""

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
from deepsphere_pyg.training.callbacks import EpochShuffle
from samplings.arrays import IntArray

# Digits transformed at once.
_STEP = 500


def reads_coefficients(network: SavedModel) -> bool:
    """Whether a network begins with a transform, which has nothing to be learned."""
    return isinstance(network, HarmonicClassifier)


def prepared(network: SavedModel, x: Tensor) -> Tensor:
    """Return what a network makes of signals before anything that is learned.

    Coefficients, of networks that begin with a transform; else the signals.
    """
    if isinstance(network, HarmonicClassifier):
        return network.coefficients(x)
    return x


def finished(network: SavedModel, x: Tensor) -> Tensor:
    """Return what a network makes of what :func:`prepared` returned."""
    if isinstance(network, HarmonicClassifier):
        return network.of_coefficients(x)
    y: Tensor = network(x)
    return y


@dataclass(frozen=True)
class DigitBatch:
    """Some digits.

    Attributes
    ----------
    x
        As :func:`prepared`, first axis the digit.
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

    Coefficients of all of them are computed once and kept: 1 kB a digit at L = 16.

    Parameters
    ----------
    dataset
        The digits.
    network
        For which, on the CPU.
    part
        Which digits.
    batch_size
        Digits a batch.
    seed
        Shuffle by it and the epoch, and leave out what is left of the last batch, if
        there is a whole one; None goes through the digits in order.
    stretch
        How much to stretch them at random, by the seed and the epoch: the strength of
        :func:`stretch_matrices`. Only what is read as coefficients can be.
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
        # Lightning tells its epoch to what has the first of these names, and asks for
        # the other.
        self.batch_sampler = None
        self.sampler: EpochShuffle | range = (
            range(len(part)) if seed is None else EpochShuffle(len(part), seed)
        )
        # The statistics of a few digits alone would be too rough.
        self.drop_last = seed is not None and len(part) >= batch_size
        self.seed = seed or 0
        self.matrices: Tensor | None = None
        if stretch:
            L = math.isqrt(self.take(np.zeros(1, dtype=np.int64)).shape[-2])
            self.matrices = stretch_matrices(L, stretch, self.seed)

    def __len__(self) -> int:
        whole, left = divmod(len(self.y), self.batch_size)
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
    """Return what makes inputs of numbers within a part."""
    if not reads_coefficients(network):
        # Signals are kept as bytes: as numbers they would take four times as much.
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
