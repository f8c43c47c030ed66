"""Batches of inputs with one label each, shuffled by epoch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.training.samplers import EpochShuffle
from samplings.arrays import IntArray


@dataclass(frozen=True)
class LabelBatch:
    """A batch of inputs.

    Attributes
    ----------
    x
        Inputs; the first axis is the sample.
    y
        Classes, int64.
    """

    x: Tensor
    y: Tensor

    def to(self, device: torch.device | str, **options: Any) -> LabelBatch:
        """Return the batch on another device."""
        return LabelBatch(self.x.to(device, **options), self.y.to(device, **options))


class LabelBatches(ABC):
    """Batches of inputs in memory, for Lightning; a subclass defines :meth:`inputs`.

    Parameters
    ----------
    y
        Classes, shape ``(samples,)``.
    batch_size
        Samples per batch.
    seed
        Samples are shuffled by the seed and the epoch, and an incomplete last batch is
        dropped unless it is the only one, since the statistics of a few samples would
        be too noisy; None keeps their order.
    """

    def __init__(self, y: IntArray, batch_size: int, seed: int | None = None) -> None:
        self.y = torch.from_numpy(y)
        self.batch_size = batch_size
        # Lightning requires the first attribute, and tells its epoch to the second.
        self.batch_sampler = None
        self.sampler: EpochShuffle | range = (
            range(len(y)) if seed is None else EpochShuffle(len(y), seed)
        )
        self.drop_last = seed is not None and len(y) >= batch_size

    @abstractmethod
    def inputs(self, some: IntArray) -> Tensor:
        """Return the inputs of some samples, by their numbers."""

    def __len__(self) -> int:
        whole, left = divmod(len(self.sampler), self.batch_size)
        return whole + bool(left and not self.drop_last)

    def __iter__(self) -> Iterator[LabelBatch]:
        order = np.array(list(self.sampler))
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            some = order[start : start + self.batch_size]
            yield LabelBatch(self.inputs(some), self.y[torch.from_numpy(some)])
