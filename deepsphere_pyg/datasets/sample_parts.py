"""Some samples of a data set, with some of their targets."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset, Subset

from samplings.arrays import IntArray


class SamplePart(Dataset[Any]):
    """Some samples of any data set, whose targets count at some vertices.

    Parameters
    ----------
    dataset
        The samples.
    indices
        Which of them.
    keep
        True where targets count, shape ``(V,)``; None for everywhere.
    """

    def __init__(self, dataset: Any, indices: IntArray, keep: Any = None) -> None:
        self.dataset = dataset
        self.indices = np.asarray(indices, dtype=np.int64)
        self.keep = None if keep is None else torch.from_numpy(np.array(keep))
        self._vertices: IntArray | None = None

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Any:
        """Return a sample, with the smaller mask."""
        sample = self.dataset[int(self.indices[index])]
        if self.keep is None:
            return sample
        keep = self.keep
        if self._vertices is not None and len(sample.mask) < len(keep):
            keep = keep[self._vertices]
        mask = sample.mask & keep
        shown = mask if sample.y.ndim == 1 else mask[:, None]
        return sample._replace(y=torch.where(shown, sample.y, 0), mask=mask)

    def take_vertices(self, vertices: IntArray | None) -> None:
        """Return some vertices of maps, or all, if the data set can."""
        self._vertices = vertices
        take_vertices(self.dataset, vertices)

    @property
    def blocks(self) -> IntArray | None:
        """Number of the block that each sample is read with; None without blocks."""
        found = getattr(self.dataset, "blocks", None)
        return None if found is None else found[self.indices]

    def reading_order(self) -> IntArray:
        """Return the indices of the samples, those of a block one after another."""
        blocks = self.blocks
        if blocks is None:
            return np.arange(len(self))
        return np.argsort(blocks, kind="stable")


def take_vertices(dataset: Any, vertices: IntArray | None) -> None:
    """Make a data set return some vertices of its maps, or all again, if it can.

    Those that cannot return whole maps. Only a class that defines ``take_vertices``
    itself can, since one that derives from it may do more with the maps.

    Parameters
    ----------
    dataset
        Any data set, or some samples of one.
    vertices
        Which vertices, ascending, or None for all.
    """
    if type(dataset) is Subset:
        take_vertices(dataset.dataset, vertices)
    elif "take_vertices" in type(dataset).__dict__:
        dataset.take_vertices(vertices)
