"""Batches of copies of shapes."""

from __future__ import annotations

import numpy as np

from deepsphere_pyg.commands.prepared_batches import PreparedBatches
from deepsphere_pyg.commands.shapes.copies import Copies
from deepsphere_pyg.models import SavedModel
from deepsphere_pyg.training.samplers import EpochShuffle


class OneOfEach(EpochShuffle):
    """Shuffle shapes, and take one copy of each, by the seed and the epoch.

    Parameters
    ----------
    n_shapes
        Number of shapes.
    copies
        Number of copies of each, which follow each other.
    seed
        Seed of the order and of the choice.
    """

    def __init__(self, n_shapes: int, copies: int, seed: int) -> None:
        super().__init__(n_shapes, seed)
        self.copies = copies

    def order(self) -> list[int]:
        """Return the copies of this process."""
        rng = np.random.default_rng([self.seed, self.epoch, 2])
        chosen = rng.integers(self.copies, size=self.length)
        return [i * self.copies + int(chosen[i]) for i in super().order()]


class CopyBatches(PreparedBatches):
    """Batches of copies of shapes.

    Parameters
    ----------
    copies
        The copies; those of a shape follow each other.
    network, batch_size, seed
        As for :class:`PreparedBatches`.
    one_copy
        Whether an epoch has one copy of each shape, in place of all; needs a seed.
    """

    def __init__(
        self,
        copies: Copies,
        network: SavedModel,
        batch_size: int,
        seed: int | None = None,
        *,
        one_copy: bool = False,
    ) -> None:
        super().__init__(copies.read, copies.y, network, batch_size, seed)
        if one_copy and seed is not None:
            self.sampler = OneOfEach(len(copies.which), copies.each, seed)
            self.drop_last = len(copies.which) >= batch_size
