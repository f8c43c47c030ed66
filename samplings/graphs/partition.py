"""Vertices of the levels of a pyramid dealt to ranks, each of which has a region."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, SupportsIndex

import numpy as np
import scipy.sparse as sp

from samplings.arguments import instance_argument, integer_argument
from samplings.arrays import FloatArray, IntArray, ReadOnly
from samplings.base import Sampling, whole_sampling
from samplings.coarsening import Coarsening
from samplings.graphs.by_region import (
    GraphPlan,
    ListedOwners,
    Owners,
    OwnersInRuns,
    PyramidPlan,
)
from samplings.graphs.graph import SphericalGraph
from samplings.graphs.pyramid import Pyramid
from samplings.schemes import HEALPix


@dataclass(frozen=True, eq=False, repr=False)
class Partition(ReadOnly):
    """Deal the vertices of a sampling, a graph or a pyramid to ranks, by regions.

    The vertices of the coarsest level are dealt first: those of HEALPix in nested order
    as runs of it, others by recursive bisection across the longest axis of each region.
    Finer vertices go where the coarse cell is that they share most area with, so that
    pooling needs little from other ranks, and nothing between levels that are nested.
    Ranks have about as many edges each, of all levels together; of a
    :class:`samplings.PyramidPlan`, whose edges nobody knows, as many vertices of the
    coarsest level.

    Parameters
    ----------
    place
        A pyramid, a graph, or a sampling, each of whose vertices counts alike.
    ranks
        Number of ranks. Those beyond the number of coarsest vertices have none.

    Attributes
    ----------
    levels
        Which rank has each vertex of each level, finest first, without a number for
        each vertex where ranks have runs of them.

    Raises
    ------
    TypeError
        If ``place`` is neither, or ``ranks`` is not an integer.
    ValueError
        If ``ranks`` is less than 1.

    Notes
    -----
    Source: Simon 1991, Comput. Syst. Eng. 2, 135 (recursive bisection by coordinates).

    Examples
    --------
    >>> from samplings import build_pyramid
    >>> partition = Partition(build_pyramid(HEALPix(4, nest=True), 2, k=8), ranks=4)
    >>> partition
    Partition of 192, 48 vertices among 4 ranks
    >>> partition.vertices(rank=1, level=1)
    array([12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23])
    """

    place: Sampling | SphericalGraph | Pyramid
    ranks: SupportsIndex
    levels: tuple[Owners, ...] = field(init=False)

    def __post_init__(self) -> None:
        remedy = "pass one such as HEALPix(32), or one of build_pyramid"
        kinds = (Sampling, SphericalGraph, Pyramid)
        place = instance_argument("place", self.place, kinds, remedy)
        ranks = integer_argument("ranks", self.ranks, 1)
        object.__setattr__(self, "ranks", ranks)
        if isinstance(place, PyramidPlan) and _is_nested(place):
            levels = _nested(place, ranks)
        else:
            levels = tuple(map(ListedOwners, _owners(place, ranks)))
        object.__setattr__(self, "levels", levels)

    def __getstate__(self) -> dict[str, Any]:
        return {name: one for name, one in self.__dict__.items() if name != "owners"}

    @cached_property
    def owners(self) -> tuple[IntArray, ...]:
        """Rank of each vertex of each level, finest first, int64 arrays."""
        return tuple(level.array() for level in self.levels)

    def vertices(self, rank: SupportsIndex, level: SupportsIndex = 0) -> IntArray:
        """Return the vertices of a rank at a level, ascending.

        Raises
        ------
        TypeError
            If an argument is not an integer.
        ValueError
            If there is no such rank or level.
        """
        number = integer_argument("rank", rank, 0)
        if number >= int(self.ranks):
            raise ValueError(f"rank must be below {self.ranks}, got {number}")
        return self._level(level).vertices(number)

    def owners_at(self, level: SupportsIndex) -> IntArray:
        """Return the rank of each vertex of a level.

        Raises
        ------
        TypeError
            If ``level`` is not an integer.
        ValueError
            If there is no such level.
        """
        self._level(level)
        return self.owners[level]

    def _level(self, level: SupportsIndex) -> Owners:
        at = integer_argument("level", level, 0)
        if at >= len(self.levels):
            raise ValueError(
                f"level must be below {len(self.levels)}, the number of levels, got "
                f"{at}"
            )
        return self.levels[at]

    def __repr__(self) -> str:
        sizes = ", ".join(str(len(one)) for one in self.levels)
        return f"Partition of {sizes} vertices among {self.ranks} ranks"


def _is_nested(plan: PyramidPlan) -> bool:
    """Whether all levels are of nested HEALPix, so that ranks have runs of them."""
    levels = (graph.sampling for graph in plan.graphs)
    return all(isinstance(level, HEALPix) and level.nest for level in levels)


def _nested(plan: PyramidPlan, ranks: int) -> tuple[Owners, ...]:
    """Deal runs of nested pixels, as many of the coarsest level to each rank."""
    sizes = [len(graph.sampling) for graph in plan.graphs]
    owners = _dealt(plan.graphs[-1].sampling, np.ones(sizes[-1]), ranks)
    bounds = np.searchsorted(owners, np.arange(ranks + 1))
    return tuple(OwnersInRuns(bounds * (size // sizes[-1])) for size in sizes)


def _owners(place: Any, ranks: int) -> list[IntArray]:
    """Return the rank of each vertex of each level, finest first."""
    samplings, parents, edges = _levels(place)
    weights = np.zeros(0)
    for level, counts in enumerate(edges):
        weights = (
            counts
            if level == 0
            else counts + np.bincount(parents[level - 1], weights, len(counts))
        )
    owners = [_dealt(samplings[-1], weights, ranks)]
    for parent in reversed(parents):
        owners.insert(0, owners[0][parent])
    for one in owners:
        one.setflags(write=False)
    return owners


def _levels(
    place: Any,
) -> tuple[list[Sampling], list[IntArray], list[FloatArray]]:
    """Return the samplings of the levels, parents, and edges of each vertex."""
    if isinstance(place, Sampling):
        return [place], [], [np.ones(len(place))]
    if isinstance(place, SphericalGraph):
        return [place.sampling], [], [_edges(place)]
    coarse = [coarsening.coarse for coarsening in place.coarsenings]
    parents = [_parents(coarsening) for coarsening in place.coarsenings]
    first = place.first_graph
    samplings = [place.sampling, *coarse]
    # Levels without a graph cost what their vertices cost in pooling.
    edges = [np.ones(len(sampling)) for sampling in samplings[:first]]
    return samplings, parents, [*edges, *map(_edges, place.graphs)]


def _edges(graph: SphericalGraph | GraphPlan) -> FloatArray:
    """Return the number of edges of each vertex, and itself; ones if not known."""
    if isinstance(graph, GraphPlan):
        return np.ones(len(graph.sampling))
    return np.diff(sp.csr_array(graph.adjacency).indptr) + 1.0


def _parents(coarsening: Coarsening) -> IntArray:
    """Return the coarse vertex with the largest share of each fine one."""
    columns = sp.csc_array(coarsening.assign)
    # Sorted by share within each column, the last is the largest.
    order = np.lexsort((columns.data, _repeated(columns)))
    found: IntArray = columns.indices[order][columns.indptr[1:] - 1].astype(np.int64)
    return found


def _repeated(columns: sp.csc_array) -> IntArray:
    return np.repeat(np.arange(columns.shape[1]), np.diff(columns.indptr))


def _dealt(sampling: Sampling, weights: FloatArray, ranks: int) -> IntArray:
    """Return the rank of each vertex of the coarsest level."""
    whole = whole_sampling(sampling)[0]
    if isinstance(whole, HEALPix) and whole.nest:
        # The middle of each vertex, on the way through all of them.
        middle = np.cumsum(weights) - weights / 2
        run: IntArray = (middle / weights.sum() * ranks).astype(np.int64)
        return np.minimum(run, ranks - 1)
    owners = np.zeros(len(sampling), dtype=np.int64)
    _bisect(sampling.xyz, weights, np.arange(len(sampling)), 0, ranks, owners)
    return owners


def _bisect(
    xyz: FloatArray,
    weights: FloatArray,
    some: IntArray,
    first: int,
    ranks: int,
    owners: IntArray,
) -> None:
    """Deal some vertices to as many ranks from a first one on."""
    if ranks == 1 or not len(some):
        owners[some] = first
        return
    centred = xyz[some] - xyz[some].mean(axis=0)
    axis = np.linalg.svd(centred, full_matrices=False)[2][0]
    order = some[np.argsort(centred @ axis, kind="stable")]
    half = ranks // 2
    middle = np.cumsum(weights[order]) - weights[order] / 2
    cut = int(np.searchsorted(middle, weights[some].sum() * half / ranks))
    _bisect(xyz, weights, np.sort(order[:cut]), first, half, owners)
    _bisect(xyz, weights, np.sort(order[cut:]), first + half, ranks - half, owners)
