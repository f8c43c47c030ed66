"""Plans of graphs, Laplacians and coarsenings, of which ranks build rows."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import scipy.sparse as sp

from samplings.arguments import choice_argument
from samplings.arrays import IntArray
from samplings.base import Sampling
from samplings.graphs.by_region.graph_rows import graph_rows
from samplings.graphs.by_region.laplacian_rows import laplacian_rows
from samplings.graphs.by_region.owners import Owners
from samplings.graphs.by_region.ranks import Ranks
from samplings.graphs.laplacian import KINDS
from samplings.graphs.self_adjoint import MOST, UNEVEN, UnevenSpectrumWarning
from samplings.graphs.weightings import Kernel
from samplings.schemes.healpix import HEALPix


class MatrixPlan(Protocol):
    """A sparse matrix whose rows can be built rank by rank."""

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and of columns."""

    def rows(self, targets: Owners, sources: Owners, ranks: Ranks) -> sp.csr_array:
        """Build the rows at the targets of this rank; collective.

        Returns
        -------
        scipy.sparse.csr_array
            Shape ``(own targets, all sources)``.
        """


@dataclass(frozen=True)
class GraphPlan:
    """A graph of nearest neighbours, as by :func:`samplings.knn_graph`.

    Parameters
    ----------
    sampling, k, weighting, connect
        As in :func:`samplings.knn_graph`; the weighting is a kernel.
    """

    sampling: Sampling
    k: int
    weighting: Kernel
    connect: bool = True

    @property
    def name(self) -> str:
        """Short name, as of the graph."""
        return f"{self.sampling.name}-k{self.k}"


@dataclass(frozen=True)
class LaplacianPlan:
    """The Laplacian of a graph, rescaled to a spectrum in [-1, 1].

    Parameters
    ----------
    graph
        The plan of the graph.
    kind
        As in :func:`samplings.laplacian`.

    Raises
    ------
    ValueError
        If there is no such kind.
    """

    graph: GraphPlan
    kind: str | None = None

    def __post_init__(self) -> None:
        if self.kind is not None:
            choice_argument("kind", self.kind, KINDS)

    @property
    def shape(self) -> tuple[int, int]:
        """Vertices, twice."""
        n = len(self.graph.sampling)
        return n, n

    def rows(self, targets: Owners, sources: Owners, ranks: Ranks) -> sp.csr_array:
        """Build the rows of this rank; collective.

        Raises
        ------
        ValueError
            In all ranks: if the Laplacian is zero, or as :func:`graph_rows`.

        Warns
        -----
        UnevenSpectrumWarning
            In the first rank, where :meth:`samplings.Laplacian.rescaled` does.
        """
        graph = graph_rows(self.graph, targets, ranks)
        matrix, largest = laplacian_rows(graph, self.kind, targets, ranks)
        if not largest > 0:
            raise ValueError(
                f"the Laplacian of {self.graph.name} is zero and cannot be rescaled; "
                "plan the graph with more neighbours or a larger t"
            )
        self._warn_if_uneven(matrix, largest, graph.vertices, ranks)
        n = len(graph.vertices)
        entries = np.ones(n), (np.arange(n), graph.vertices)
        identity = sp.csr_array(entries, shape=matrix.shape)
        return sp.csr_array(matrix * (2 / largest) - identity)

    def _warn_if_uneven(
        self, matrix: sp.csr_array, largest: float, own: IntArray, ranks: Ranks
    ) -> None:
        """Warn if the diagonal is mostly far below the largest eigenvalue."""
        areas = self.graph.sampling.areas(own)
        row = np.repeat(np.arange(len(own)), np.diff(matrix.indptr))
        at_own = matrix.indices == own[row]
        diagonal = np.bincount(row[at_own], matrix.data[at_own], len(own))
        idle = areas[diagonal * UNEVEN < largest].sum()
        few, all_ = ranks.total(np.array([idle, areas.sum()]))
        if few > MOST * all_ and ranks.rank == 0:
            warnings.warn(
                f"the diagonal of the Laplacian of {self.graph.name} is less than its "
                f"largest eigenvalue over {UNEVEN:g} on {100 * few / all_:.3g} % of "
                "the area that the vertices cover, on which filters of low order "
                "hardly act; use kind='normalized', or points of more even density",
                UnevenSpectrumWarning,
                stacklevel=3,
            )


@dataclass(frozen=True)
class CoarseningPlan:
    """The merging of the children of each pixel of nested HEALPix.

    Parameters
    ----------
    fine, coarse
        The two samplings.
    """

    fine: HEALPix
    coarse: HEALPix

    @property
    def children(self) -> int:
        """Number of children of each pixel."""
        return len(self.fine) // len(self.coarse)


@dataclass(frozen=True)
class PoolingPlan:
    """Means over the children of each pixel."""

    coarsening: CoarseningPlan

    @property
    def shape(self) -> tuple[int, int]:
        """Coarse and fine pixels."""
        return len(self.coarsening.coarse), len(self.coarsening.fine)

    def rows(self, targets: Owners, sources: Owners, ranks: Ranks) -> sp.csr_array:
        """Return the rows of this rank."""
        count = self.coarsening.children
        mine = targets.vertices(ranks.rank)
        columns = (mine[:, None] * count + np.arange(count)).ravel()
        ends = np.arange(len(mine) + 1) * count
        parts = np.full(len(columns), 1 / count), columns, ends
        return sp.csr_array(parts, shape=(len(mine), len(sources)))


@dataclass(frozen=True)
class UnpoolingPlan:
    """Copies of each pixel to its children."""

    coarsening: CoarseningPlan

    @property
    def shape(self) -> tuple[int, int]:
        """Fine and coarse pixels."""
        return len(self.coarsening.fine), len(self.coarsening.coarse)

    def rows(self, targets: Owners, sources: Owners, ranks: Ranks) -> sp.csr_array:
        """Return the rows of this rank."""
        mine = targets.vertices(ranks.rank)
        columns = mine // self.coarsening.children
        parts = np.ones(len(mine)), columns, np.arange(len(mine) + 1)
        return sp.csr_array(parts, shape=(len(mine), len(sources)))
