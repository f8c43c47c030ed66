"""A weighted graph whose vertices are the points of a sampling."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from samplings.base import ReadOnly, Sampling, freeze


class DisconnectedGraphWarning(UserWarning):
    """A graph fell into several components, between which nothing can flow."""


@dataclass(frozen=True, eq=False, repr=False)
class SphericalGraph(ReadOnly):
    """Vertices of a sampling, linked by symmetric non-negative weights.

    Parameters
    ----------
    sampling
        Where the vertices are.
    adjacency
        Weights, sparse, shape ``(V, V)``, symmetric and without diagonal.
    k
        Number of neighbours asked for (a minimum: ties and the symmetrisation add
        some).
    t
        Width of the heat kernel in squared radian.
    distance
        ``"chordal"`` or ``"geodesic"``: the distance in the kernel.
    symmetrize
        ``"average"`` or ``"union"``: how one-sided links became symmetric.

    Attributes
    ----------
    n_components
        Number of connected components.

    Raises
    ------
    ValueError
        If the adjacency has another shape, a negative or non-finite weight, a
        diagonal, or is not symmetric.

    Warns
    -----
    DisconnectedGraphWarning
        If there is more than one component.
    """

    sampling: Sampling
    adjacency: sp.csr_array
    k: int
    t: float
    distance: str = "chordal"
    symmetrize: str = "average"
    n_components: int = field(init=False)

    def __post_init__(self) -> None:
        adjacency = sp.csr_array(self.adjacency)
        # A writeable matrix may change under us; a frozen one need not be copied.
        if adjacency.data.flags.writeable or adjacency.dtype != np.float64:
            adjacency = adjacency.astype(np.float64)
        adjacency = _checked(adjacency, len(self.sampling))
        object.__setattr__(self, "adjacency", freeze(adjacency))
        # In a symmetric graph strong and weak components are the same, and the search
        # for strong ones needs no transposed copy.
        count, _ = connected_components(adjacency, directed=True, connection="strong")
        object.__setattr__(self, "n_components", int(count))
        if self.n_components > 1:
            warnings.warn(
                f"the graph {self.name} has {self.n_components} connected components, "
                "between which a graph convolution carries nothing; a larger k or t "
                "joins them",
                DisconnectedGraphWarning,
                stacklevel=3,
            )

    def __repr__(self) -> str:
        return (
            f"SphericalGraph({self.name}, t={self.t:.4g}, {self.distance}, "
            f"{self.symmetrize}) with {len(self.sampling)} vertices and "
            f"{self.adjacency.nnz // 2} edges"
        )

    @property
    def n_vertices(self) -> int:
        """Number of vertices V."""
        return len(self.sampling)

    @property
    def name(self) -> str:
        """Short name for tables and file names, such as ``healpix-32-k8``."""
        return f"{self.sampling.name}-k{self.k}"


def _checked(adjacency: sp.csr_array, n: int) -> sp.csr_array:
    """Refuse what is not the weight matrix of an undirected graph on ``n`` vertices."""
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


def _is_symmetric(matrix: sp.csr_array) -> bool:
    """Compare a canonical matrix with its transpose, in place of subtracting them."""
    transpose = matrix.T.tocsr()
    return (
        np.array_equal(matrix.indptr, transpose.indptr)
        and np.array_equal(matrix.indices, transpose.indices)
        # Round-off of weights that went through an average in another order.
        and np.allclose(matrix.data, transpose.data, rtol=1e-12, atol=0)
    )
