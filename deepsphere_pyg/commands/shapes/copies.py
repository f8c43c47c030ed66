"""Maps of some shapes, of which each has several copies."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.datasets import RenderedShapes, ShapeSource
from samplings.arrays import IntArray

# Largest number of copies that statistics of the channels are taken from.
_MEASURED = 500


class Copies(NamedTuple):
    """Maps of some shapes.

    Attributes
    ----------
    source
        The shapes.
    parts
        Data sets of them whose copies of a shape follow each other.
    which
        Numbers of the shapes in these data sets.
    """

    source: ShapeSource
    parts: tuple[RenderedShapes, ...]
    which: IntArray

    @property
    def each(self) -> int:
        """Number of copies of each shape."""
        return sum(part.x.shape[1] for part in self.parts)

    @property
    def labels(self) -> IntArray:
        """Class of each shape."""
        return self.source.labels[self.which]

    @property
    def ids(self) -> list[str]:
        """Name of each shape."""
        return [self.source.ids[i] for i in self.which]

    @property
    def failed(self) -> set[str]:
        """Names of the shapes that cannot be mapped."""
        return {one for part in self.parts for one in part.failed}

    @property
    def readable(self) -> Copies:
        """The same without the shapes that cannot be mapped."""
        failed = self.failed
        kept = [i for i in self.which if self.source.ids[i] not in failed]
        return self._replace(which=np.array(kept, dtype=np.int64))

    @property
    def sublabels(self) -> list[str] | None:
        """Class of each shape on the second level, if there are some."""
        found = self.source.sublabels
        return None if found is None else [found[i] for i in self.which]

    @property
    def y(self) -> IntArray:
        """Class of each copy; those of a shape follow each other."""
        return np.repeat(self.labels, self.each)

    def read(self, some: IntArray) -> Tensor:
        """Return copies ``(n, V, C)``, float32, by their numbers."""
        shape, copy = np.divmod(some, self.each)
        found: Tensor | None = None
        first = 0
        for part in self.parts:
            own = copy - first
            here = np.flatnonzero((own >= 0) & (own < part.x.shape[1]))
            maps = np.asarray(part.x[self.which[shape[here]], own[here]])
            if found is None:
                found = torch.empty((len(some), *maps.shape[1:]))
            found[torch.from_numpy(here)] = torch.from_numpy(maps).float()
            first += part.x.shape[1]
        assert found is not None
        return found

    def statistics(self) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation of each channel."""
        # At random: every n-th one could always be the same copy, or of one class.
        order = np.random.default_rng(0).permutation(len(self.y))
        x = self.read(np.sort(order[:_MEASURED])).double()
        return x.mean((0, 1)).float(), x.std((0, 1)).float()
