"""Graph Laplacians, and their rescaling for Chebyshev polynomials."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from samplings.arguments import choice_argument
from samplings.arrays import FloatArray, ReadOnly, freeze, read_only
from samplings.graphs.graph import SphericalGraph
from samplings.graphs.spectrum import lambda_max

KINDS = ("combinatorial", "normalized", "mass-weighted")


# A polynomial of low order in L / lambda_max hardly acts where the diagonal, which
# bounds L near a vertex, is this many times smaller than lambda_max.
UNEVEN = 300.0
# Share of the area (most vertices may lie in the dense place) on which filters may
# hardly act.
MOST = 0.5


class UnevenSpectrumWarning(UserWarning):
    """Dense places dominate the spectrum, and filters hardly act elsewhere."""


@dataclass(frozen=True, eq=False, repr=False)
class Laplacian(ReadOnly):
    r"""A graph Laplacian with its largest eigenvalue.

    Parameters
    ----------
    graph
        The graph it belongs to.
    kind
        ``"combinatorial"``, ``"normalized"`` or ``"mass-weighted"``.
    matrix
        Sparse positive semi-definite matrix, shape ``(V, V)``, symmetric except for the
        mass-weighted kind, which is self-adjoint in the inner product
        :math:`\sum_i m_i f_i g_i` of the masses; its eigenvalues are real and not
        negative too.
    """

    graph: SphericalGraph
    kind: str
    matrix: sp.csr_array

    def __repr__(self) -> str:
        return f"Laplacian({self.kind}) of {self.graph!r}"

    @property
    def is_symmetric(self) -> bool:
        """Whether the matrix itself is symmetric."""
        return self.kind != "mass-weighted" or self.graph.mass is None

    @cached_property
    def mass(self) -> FloatArray:
        """Weights of the inner product in which it is self-adjoint, ``(V,)``.

        The graph's masses for the mass-weighted kind, ones for the others.
        """
        mass = self.graph.mass if self.kind == "mass-weighted" else None
        return read_only(np.ones(len(self.graph.sampling)) if mass is None else mass)

    def symmetric(self) -> sp.csr_array:
        r"""Return :math:`M^{1/2} L M^{-1/2}`, symmetric, with the same eigenvalues."""
        if self.is_symmetric:
            return self.matrix
        root = np.sqrt(self.mass)
        matrix = self.matrix.copy()
        matrix.data *= np.repeat(root, np.diff(matrix.indptr))
        matrix.data /= root[matrix.indices]
        return matrix

    @cached_property
    def lambda_max(self) -> float:
        """Largest eigenvalue, or slightly more: see :func:`samplings.lambda_max`."""
        return lambda_max(self.symmetric())

    def rescaled(self) -> sp.csr_array:
        r"""Return :math:`2 L / \lambda_\max - I`, whose spectrum is in [-1, 1].

        Raises
        ------
        ValueError
            If the Laplacian is zero, as on a graph without edges.

        Warns
        -----
        UnevenSpectrumWarning
            If on more than half of the area the diagonal is below 1 in 300 of the
            largest eigenvalue, as of fitted weights on stations dense in places.
        """
        if not self.lambda_max > 0:
            raise ValueError(
                f"the Laplacian of {self.graph.name} is zero and cannot be rescaled; "
                "build the graph with more neighbours or a larger t"
            )
        areas = self.graph.sampling.weights
        diagonal = self.matrix.diagonal()
        idle = float(areas[diagonal * UNEVEN < self.lambda_max].sum() / areas.sum())
        if idle > MOST:
            order = np.argsort(diagonal)
            half = np.searchsorted(np.cumsum(areas[order]), areas.sum() / 2)
            middle = max(float(diagonal[order[half]]), 1e-300)
            warnings.warn(
                f"the largest eigenvalue of {self.graph.name} is "
                f"{self.lambda_max / middle:.3g} times the median of the diagonal over "
                f"the area: filters of low order hardly act on {100 * idle:.3g} % of "
                "the area that the vertices cover; use kind='normalized', "
                "weighting='heat', or points of more even density",
                UnevenSpectrumWarning,
                stacklevel=2,
            )
        identity = sp.eye_array(self.matrix.shape[0], format="csr")
        return sp.csr_array(self.matrix * (2 / self.lambda_max) - identity)


def laplacian(graph: SphericalGraph, kind: str | None = None) -> Laplacian:
    r"""Return the Laplacian of a graph.

    .. math::
        L = D - A \quad\text{(combinatorial)}, \qquad
        L = I - D^{-1/2} A D^{-1/2} \quad\text{(normalized)}, \qquad
        L = M^{-1} (D - A) \quad\text{(mass-weighted)}

    with :math:`D` the diagonal matrix of the degrees :math:`d_i = \sum_j A_{ij}`, and
    :math:`M` that of the graph's masses.

    Parameters
    ----------
    graph
        A graph of ``V`` vertices.
    kind
        ``"combinatorial"``, as published for DeepSphere, ``"normalized"``, or
        ``"mass-weighted"``, for weightings that know areas, which without masses is the
        combinatorial one. By default mass-weighted if the graph has masses,
        combinatorial if not.

    Returns
    -------
    Laplacian
        ``.matrix`` has shape ``(V, V)``. A vertex without neighbours, a component of
        its own, has a zero row in all kinds.

    Raises
    ------
    TypeError
        If ``graph`` is not a :class:`SphericalGraph`.
    ValueError
        If ``kind`` is not one of these.

    Notes
    -----
    Source: Defferrard et al. 2020, arXiv:2012.15000, section 3.

    Equivariance: exact for the rotations that map the graph onto itself, approximate
    for others.

    Examples
    --------
    >>> from samplings import HEALPix, knn_graph
    >>> L = laplacian(knn_graph(HEALPix(2), k=8))
    >>> bool(abs(L.matrix.sum(axis=1)).max() < 1e-14)
    True
    """
    if not isinstance(graph, SphericalGraph):
        raise TypeError(
            f"graph must be a SphericalGraph, got {type(graph).__name__}; make one of "
            "a sampling by knn_graph or delaunay_graph"
        )
    if kind is None:
        kind = "combinatorial" if graph.mass is None else "mass-weighted"
    choice_argument("kind", kind, KINDS)
    adjacency = graph.adjacency
    degree = np.asarray(adjacency.sum(axis=1)).ravel()
    if kind != "normalized":
        matrix = sp.csr_array(sp.diags_array(degree, format="csr") - adjacency)
        if kind == "mass-weighted" and graph.mass is not None:
            matrix.data /= np.repeat(graph.mass, np.diff(matrix.indptr))
    else:
        linked = degree > 0
        scale = np.zeros_like(degree)
        scale[linked] = degree[linked] ** -0.5
        normalized = adjacency.copy()
        normalized.data = -normalized.data * np.repeat(scale, np.diff(adjacency.indptr))
        normalized.data *= scale[normalized.indices]
        matrix = normalized + sp.diags_array(linked.astype(np.float64), format="csr")
    return Laplacian(graph, kind, freeze(sp.csr_array(matrix)))
