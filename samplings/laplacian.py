"""Graph Laplacians, and their rescaling for Chebyshev polynomials."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from samplings.arguments import choice_argument
from samplings.base import ReadOnly, freeze
from samplings.graph import SphericalGraph
from samplings.spectrum import lambda_max

KINDS = ("combinatorial", "normalized")


@dataclass(frozen=True, eq=False, repr=False)
class Laplacian(ReadOnly):
    """A graph Laplacian with its largest eigenvalue.

    Parameters
    ----------
    graph
        The graph it belongs to.
    kind
        ``"combinatorial"`` or ``"normalized"``.
    matrix
        Sparse symmetric positive semi-definite matrix, shape ``(V, V)``.
    """

    graph: SphericalGraph
    kind: str
    matrix: sp.csr_array

    def __repr__(self) -> str:
        return f"Laplacian({self.kind}) of {self.graph!r}"

    @cached_property
    def lambda_max(self) -> float:
        """Largest eigenvalue, never from below: see :func:`samplings.lambda_max`."""
        return lambda_max(self.matrix)

    def rescaled(self) -> sp.csr_array:
        r"""Return :math:`2 L / \lambda_\max - I`, whose spectrum is in [-1, 1].

        Raises
        ------
        ValueError
            If the Laplacian is zero, as on a graph without edges.
        """
        if not self.lambda_max > 0:
            raise ValueError(
                f"the Laplacian of {self.graph.name} is zero and cannot be rescaled; "
                "build the graph with more neighbours or a larger t"
            )
        identity = sp.eye_array(self.matrix.shape[0], format="csr")
        return sp.csr_array(self.matrix * (2 / self.lambda_max) - identity)


def laplacian(graph: SphericalGraph, kind: str = "combinatorial") -> Laplacian:
    r"""Return the Laplacian of a graph.

    .. math::
        L = D - A \quad\text{(combinatorial)}, \qquad
        L = I - D^{-1/2} A D^{-1/2} \quad\text{(normalized)}

    with :math:`D` the diagonal matrix of the degrees :math:`d_i = \sum_j A_{ij}`.

    Parameters
    ----------
    graph
        A graph of ``V`` vertices.
    kind
        ``"combinatorial"``, as published for DeepSphere, or ``"normalized"``.

    Returns
    -------
    Laplacian
        ``.matrix`` has shape ``(V, V)``. A vertex without neighbours has a zero row in
        both kinds: it is a component of its own, on which every signal is constant.

    Raises
    ------
    ValueError
        If ``kind`` is another.

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
    choice_argument("kind", kind, KINDS)
    adjacency = graph.adjacency
    degree = np.asarray(adjacency.sum(axis=1)).ravel()
    if kind == "combinatorial":
        matrix = -adjacency + sp.diags_array(degree, format="csr")
    else:
        linked = degree > 0
        scale = np.zeros_like(degree)
        scale[linked] = degree[linked] ** -0.5
        normalized = adjacency.copy()
        normalized.data = -normalized.data * np.repeat(
            scale, np.diff(normalized.indptr)
        )
        normalized.data *= scale[normalized.indices]
        matrix = normalized + sp.diags_array(linked.astype(np.float64), format="csr")
    return Laplacian(graph, kind, freeze(sp.csr_array(matrix)))
