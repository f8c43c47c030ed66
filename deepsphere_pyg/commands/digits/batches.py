"""Digits as inputs of networks: transformed once, and shuffled by epoch."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from torch import Tensor

from deepsphere_pyg.commands.digits.stretches import stretch_matrices, stretched
from deepsphere_pyg.commands.label_batches import LabelBatch
from deepsphere_pyg.commands.prepared_batches import PreparedBatches
from deepsphere_pyg.datasets import SphericalMNIST
from deepsphere_pyg.models import SavedModel
from samplings.arrays import IntArray


class DigitBatches(PreparedBatches):
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
        # Signals are kept as bytes, a quarter of the size of float32.
        super().__init__(
            lambda some: dataset.batch(part[some])[0],
            dataset.labels[part],
            network,
            batch_size,
            seed,
        )
        self.seed = seed or 0
        self.matrices: Tensor | None = None
        if stretch:
            L = math.isqrt(self.inputs(np.zeros(1, dtype=np.int64)).shape[-2])
            self.matrices = stretch_matrices(L, stretch, self.seed)

    def __iter__(self) -> Iterator[LabelBatch]:
        epoch = getattr(self.sampler, "epoch", 0)
        rng = np.random.default_rng([self.seed, epoch, 1])
        for batch in super().__iter__():
            x = batch.x
            if self.matrices is not None:
                x = stretched(x, self.matrices, rng)
            yield LabelBatch(x, batch.y)
