"""Graph Laplacians."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from samplings.arguments import choice_argument
from samplings.arrays import freeze
from samplings.graphs.graph import SphericalGraph
from samplings.graphs.self_adjoint import SelfAdjointMatrix

KINDS = ("combinatorial", "normalized", "mass-weighted")


@dataclass(frozen=True, eq=False, repr=False)
class Laplacian(SelfAdjointMatrix):
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

    def __repr__(self) -> str:
        return f"Laplacian({self.kind}) of {self.graph!r}"


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
