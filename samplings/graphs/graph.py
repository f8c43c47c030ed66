"""A weighted graph whose vertices are the points of a sampling."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from samplings.arguments import (
    array_argument,
    counted,
    sampling_argument,
    sparse_argument,
)
from samplings.arrays import FloatArray, ReadOnly, freeze, read_only
from samplings.base import Sampling

# Masses that differ by less, relatively, are equal.
EQUAL_MASS = 1e-12


class DisconnectedGraphWarning(UserWarning):
    """A graph has several components, between which nothing can flow."""


@dataclass(frozen=True, eq=False, repr=False)
class SphericalGraph(ReadOnly):
    """Vertices of a sampling, linked by symmetric non-negative weights.

    Parameters
    ----------
    sampling
        The vertices.
    adjacency
        Weights, sparse, shape ``(V, V)``, symmetric and without diagonal.
    k
        Number of neighbours asked for; ties and the symmetrisation add some.
    t
        Width of the heat kernel in squared radian; NaN for weights without a width.
    distance
        ``"chordal"`` or ``"geodesic"``: the distance in the kernel.
    symmetrize
        ``"average"`` or ``"union"``: how one-sided links became symmetric.
    weighting
        Key of :data:`samplings.WEIGHTINGS`.
    mass
        Mass of each vertex in the Laplacian :math:`M^{-1}(D - A)`, shape ``(V,)``,
        scaled to mean one; None where all are equal.
    n_joined
        Number of edges added to those of the nearest neighbours, to join pieces, to
        surround scattered points, or to reach far from dense places. The fit may have
        left some of them without weight, and out of the edges.
    note
        Remark, such as why the graph is in pieces; one in pieces without a note warns.

    Attributes
    ----------
    n_components
        Number of connected components.

    Raises
    ------
    ValueError
        If the adjacency does not fit, has a negative or non-finite weight or a
        diagonal, or is not symmetric; or if masses are not positive.

    Warns
    -----
    DisconnectedGraphWarning
        If there is more than one component, and no note.
    """

    sampling: Sampling
    adjacency: sp.csr_array
    k: int
    t: float
    distance: str = "chordal"
    symmetrize: str = "average"
    weighting: str = "heat"
    mass: FloatArray | None = None
    n_joined: int = 0
    note: str = ""
    n_components: int = field(init=False)

    def __post_init__(self) -> None:
        sampling = sampling_argument("sampling", self.sampling)
        adjacency = sparse_argument("adjacency", self.adjacency)
        # A writeable matrix may change under us; a frozen one need not be copied.
        if adjacency.data.flags.writeable:
            adjacency = adjacency.copy()
        adjacency = _checked(adjacency, len(sampling))
        adjacency = _narrow(adjacency)
        object.__setattr__(self, "adjacency", freeze(adjacency))
        mass = None if self.mass is None else _checked_mass(self.mass, adjacency)
        object.__setattr__(self, "mass", mass)
        # In a symmetric graph strong components are the weak ones, and finding them
        # takes no transposed copy.
        count, _ = connected_components(adjacency, directed=True, connection="strong")
        object.__setattr__(self, "n_components", int(count))
        if self.n_components > 1 and not self.note:
            warnings.warn(
                f"the graph {self.name} has {self.n_components} connected components, "
                "between which graph convolutions carry nothing; connect=True or a "
                "larger k joins them",
                DisconnectedGraphWarning,
                stacklevel=3,
            )

    def __repr__(self) -> str:
        facts = [self.name, self.weighting]
        if not math.isnan(self.t):
            facts += [f"t={self.t:.4g}", self.distance, self.symmetrize]
        if self.n_joined:
            facts.append(f"{counted(self.n_joined, 'edge')} added")
        if self.note:
            facts.append(self.note)
        return (
            f"SphericalGraph({', '.join(facts)}) with "
            f"{counted(len(self.sampling), 'vertex', 'vertices')} and "
            f"{counted(self.n_edges, 'edge')}"
        )

    @property
    def n_vertices(self) -> int:
        """Number of vertices V."""
        return len(self.sampling)

    @property
    def n_edges(self) -> int:
        """Number of links between two vertices, each counted once."""
        return int(self.adjacency.nnz // 2)

    @property
    def name(self) -> str:
        """Short name for tables and file names, such as ``healpix-32-k8``."""
        return f"{self.sampling.name}-k{self.k}"


def _checked_mass(mass: FloatArray, adjacency: sp.csr_array) -> FloatArray | None:
    """Scale masses to mean one; return None if they are equal."""
    mass = array_argument("mass", mass)
    n = adjacency.shape[0]
    if mass.shape != (n,):
        raise ValueError(
            f"mass must have shape ({n},), one per vertex, got {mass.shape}"
        )
    if not (np.isfinite(mass).all() and (mass > 0).all()):
        bad = int(np.flatnonzero(~(np.isfinite(mass) & (mass > 0)))[0])
        raise ValueError(
            f"mass must be positive and finite, got {mass[bad]} at vertex {bad}; "
            "pass the areas of the cells"
        )
    mean = float(mass.mean())
    # Equal areas may differ by the round-off of the angles they come from.
    if np.ptp(mass) <= EQUAL_MASS * mean:
        return None
    # Dividing by a mean of one again would change the last bits of a rebuilt graph.
    return read_only(mass if abs(mean - 1) < 1e-14 else mass / mean)


def _checked(adjacency: sp.csr_array, n: int) -> sp.csr_array:
    """Refuse a matrix unless it holds the weights of an undirected graph."""
    if adjacency.shape != (n, n):
        raise ValueError(
            f"adjacency must have shape ({n}, {n}), one row per vertex, "
            f"got {adjacency.shape}"
        )
    if not adjacency.has_canonical_format:
        adjacency.sum_duplicates()
    weights = adjacency.data
    if len(weights) and not (weights.min() >= 0 and np.isfinite(weights.max())):
        raise ValueError(
            "edge weights must be finite and not negative, got "
            f"{weights.min()} to {weights.max()}"
        )
    loops = np.count_nonzero(adjacency.diagonal())
    if loops:
        raise ValueError(
            f"adjacency must have no diagonal, got {loops} vertices linked to "
            "themselves; set it to zero"
        )
    if len(weights) and weights.min() == 0:
        adjacency = adjacency.copy()
        adjacency.eliminate_zeros()
    if not _is_symmetric(adjacency):
        raise ValueError(
            "adjacency must be symmetric, got weights that differ between the two "
            "directions; average it with its transpose"
        )
    return adjacency


def _narrow(adjacency: sp.csr_array) -> sp.csr_array:
    """Store indices in 32 bits, half the memory, where possible."""
    if adjacency.indices.dtype == np.int32 or adjacency.nnz >= 2**31:
        return adjacency
    indices, indptr = (
        part.astype(np.int32) for part in (adjacency.indices, adjacency.indptr)
    )
    return sp.csr_array((adjacency.data, indices, indptr), shape=adjacency.shape)


def _is_symmetric(matrix: sp.csr_array) -> bool:
    """Compare a canonical matrix with its transpose, without subtracting them."""
    transpose = matrix.T.tocsr()
    return (
        np.array_equal(matrix.indptr, transpose.indptr)
        and np.array_equal(matrix.indices, transpose.indices)
        and (
            np.array_equal(matrix.data, transpose.data)
            # Round-off of averages taken in a different order.
            or np.allclose(matrix.data, transpose.data, rtol=1e-12, atol=0)
        )
    )
