"""Digits as inputs of networks: transformed once, and shuffled by epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from deepsphere_pyg.commands.digits.stretches import stretch_matrices, stretched
from deepsphere_pyg.commands.label_batches import LabelBatch, LabelBatches
from deepsphere_pyg.datasets import SphericalMNIST
from deepsphere_pyg.models import HarmonicClassifier, SavedModel
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


class DigitBatches(LabelBatches):
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
    batch_size, seed
        As for :class:`LabelBatches`.
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
        super().__init__(dataset.labels[part], batch_size, seed)
        self.take = _taker(dataset, network, part)
        self.seed = seed or 0
        self.matrices: Tensor | None = None
        if stretch:
            L = math.isqrt(self.take(np.zeros(1, dtype=np.int64)).shape[-2])
            self.matrices = stretch_matrices(L, stretch, self.seed)

    def __iter__(self) -> Iterator[LabelBatch]:
        epoch = getattr(self.sampler, "epoch", 0)
        rng = np.random.default_rng([self.seed, epoch, 1])
        for batch in super().__iter__():
            x = batch.x
            if self.matrices is not None:
                x = stretched(x, self.matrices, rng)
            yield LabelBatch(x, batch.y)

    def inputs(self, some: IntArray) -> Tensor:
        """Return what the first layer with parameters reads."""
        return self.take(some)


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
