"""What ranks tell each other while each builds its part of a graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from samplings.arrays import FloatArray, IntArray
from samplings.graphs.by_region.owners import Owners

Numbers = npt.NDArray[Any]
T = TypeVar("T")


class Ranks(Protocol):
    """Ranks that call the same methods in the same order."""

    @property
    def rank(self) -> int:
        """Number of this one."""

    @property
    def size(self) -> int:
        """Number of all."""

    def total(self, x: FloatArray) -> FloatArray:
        """Return sums over the ranks of arrays of one shape."""

    def largest(self, x: FloatArray) -> FloatArray:
        """Return the largest of the ranks, of arrays of one shape."""

    def exchanged(self, parts: Sequence[Numbers]) -> list[Numbers]:
        """Send an array ``(n,)`` to each rank, of one dtype, and return those sent."""


def agreed(ranks: Ranks, make: Callable[[], T]) -> T:
    """Return what this rank makes, unless one of them fails.

    Raises
    ------
    ValueError
        That of this rank; in the others one that says so, which would wait for it.
    """
    error, made = None, None
    try:
        made = make()
    except ValueError as raised:
        error = raised
    failed = ranks.largest(np.array([-1.0 if error is None else ranks.rank]))
    if error is not None:
        raise error
    if failed[0] >= 0:
        raise ValueError(
            f"process {int(failed[0])} could not build its part of a graph; its own "
            "message says why"
        )
    return made  # type: ignore[return-value]


class Fetched:
    """Values at vertices of other ranks, asked for once and sent as often as needed.

    Making one is collective, and so are calls.

    Parameters
    ----------
    owners
        Rank of each vertex.
    wanted
        Vertices of other ranks, sorted by rank and number.
    ranks
        Those among which vertices are dealt.

    Attributes
    ----------
    counts
        How many of the wanted vertices each rank has.
    sent
        For each rank, the places among the vertices of this one that it asks for.
    """

    def __init__(self, owners: Owners, wanted: IntArray, ranks: Ranks) -> None:
        self._ranks = ranks
        self.wanted = wanted
        self.counts = np.bincount(owners.of(wanted), minlength=ranks.size)
        own = owners.vertices(ranks.rank)
        asked = ranks.exchanged(split(wanted, self.counts))
        self.sent = [np.searchsorted(own, numbers) for numbers in asked]

    def __call__(self, values: Numbers) -> Numbers:
        """Return values ``(wanted,)``, from those of this rank ``(own,)``."""
        return np.concatenate(self._ranks.exchanged([values[p] for p in self.sent]))

    def rows(self, rows: sp.csr_array) -> sp.csr_array:
        """Return the rows of a matrix at the wanted vertices, from own rows."""
        parts = [rows[places] for places in self.sent]
        ranks = self._ranks
        counts = ranks.exchanged([np.diff(part.indptr).astype(int) for part in parts])
        columns = ranks.exchanged([part.indices.astype(int) for part in parts])
        values = ranks.exchanged([part.data for part in parts])
        ends = np.concatenate([[0], *counts]).cumsum()
        found = np.concatenate(values), np.concatenate(columns), ends
        return sp.csr_array(found, shape=(len(self.wanted), rows.shape[1]))


def split(values: Numbers, counts: npt.ArrayLike) -> list[Numbers]:
    """Return consecutive parts of given lengths."""
    ends = np.concatenate([[0], np.cumsum(counts)])
    return [values[first:stop] for first, stop in pairwise(ends)]


def by_owner(owners: Owners, vertices: IntArray) -> IntArray:
    """Return ascending vertices sorted by their ranks."""
    return vertices[np.argsort(owners.of(vertices), kind="stable")]


def beyond(rows: sp.csr_array, own: IntArray, owners: Owners) -> IntArray:
    """Return the columns of rows that other ranks have, sorted by rank and number."""
    return by_owner(owners, np.setdiff1d(rows.indices, own).astype(np.int64))


def renumbered(rows: sp.csr_array, columns: IntArray) -> sp.csr_array:
    """Return rows whose columns are the places in ``columns``; others are left out."""
    order = np.argsort(columns)
    ascending = columns[order]
    at = np.searchsorted(ascending, rows.indices)
    at[at == len(columns)] = 0
    kept = ascending[at] == rows.indices if len(columns) else at < 0
    row = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))[kept]
    entries = rows.data[kept], (row, order[at[kept]])
    return sp.csr_array(entries, shape=(rows.shape[0], len(columns)))


def transposed(
    rows: sp.csr_array, targets: Owners, sources: Owners, ranks: Ranks
) -> sp.csr_array:
    """Return the rows of this rank in the transpose of a matrix dealt by rows.

    Collective. Each entry is sent to the rank that has its column.
    """
    row = np.repeat(targets.vertices(ranks.rank), np.diff(rows.indptr))
    column = rows.indices.astype(np.int64)
    owner = sources.of(column)
    order = np.argsort(owner, kind="stable")
    counts = np.bincount(owner, minlength=ranks.size)
    found, others, values = (
        np.concatenate(ranks.exchanged(split(entries[order], counts)))
        for entries in (column, row, rows.data)
    )
    own = sources.vertices(ranks.rank)
    entries = values, (np.searchsorted(own, found), others)
    return sp.csr_array(entries, shape=(len(own), len(targets)))
