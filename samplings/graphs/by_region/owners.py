"""Which rank has each vertex of a level."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from samplings.arrays import IntArray, ReadOnly


class Owners(ABC):
    """The rank of each vertex of a level."""

    @abstractmethod
    def __len__(self) -> int:
        """Number of vertices of the level."""

    @abstractmethod
    def vertices(self, rank: int) -> IntArray:
        """Return the vertices of a rank, ascending."""

    @abstractmethod
    def of(self, vertices: IntArray) -> IntArray:
        """Return the ranks of some vertices."""

    def array(self) -> IntArray:
        """Return the rank of each vertex, read-only."""
        ranks = self.of(np.arange(len(self)))
        ranks.setflags(write=False)
        return ranks

    @property
    @abstractmethod
    def highest(self) -> int:
        """The highest rank that has a vertex."""


@dataclass(frozen=True, eq=False)
class ListedOwners(ReadOnly, Owners):
    """Ranks that are listed, vertex by vertex."""

    ranks: IntArray

    def __len__(self) -> int:
        return len(self.ranks)

    def vertices(self, rank: int) -> IntArray:
        """Return the vertices of a rank, ascending."""
        return np.flatnonzero(self.ranks == rank)

    def of(self, vertices: IntArray) -> IntArray:
        """Return the ranks of some vertices."""
        return self.ranks[vertices]

    @property
    def highest(self) -> int:
        """The highest rank that has a vertex."""
        return int(self.ranks.max())


@dataclass(frozen=True, eq=False)
class OwnersInRuns(ReadOnly, Owners):
    """Ranks that have consecutive vertices: a few numbers, however many vertices.

    ``bounds`` has the first vertex of each rank, and the number of all vertices.
    """

    bounds: IntArray

    def __len__(self) -> int:
        return int(self.bounds[-1])

    def vertices(self, rank: int) -> IntArray:
        """Return the vertices of a rank, ascending."""
        if rank + 1 >= len(self.bounds):
            return np.arange(0)
        return np.arange(self.bounds[rank], self.bounds[rank + 1])

    def of(self, vertices: IntArray) -> IntArray:
        """Return the ranks of some vertices."""
        # Of ranks that begin at the same vertex, the last one has it.
        return np.searchsorted(self.bounds, vertices, side="right") - 1

    @property
    def highest(self) -> int:
        """The highest rank that has a vertex."""
        return int(self.of(np.array([len(self) - 1]))[0])


def same_owners(a: Owners, b: Owners) -> bool:
    """Whether two levels are dealt alike."""
    if a is b:
        return True
    if isinstance(a, OwnersInRuns) and isinstance(b, OwnersInRuns):
        return np.array_equal(a.bounds, b.bounds)
    return len(a) == len(b) and np.array_equal(a.array(), b.array())
