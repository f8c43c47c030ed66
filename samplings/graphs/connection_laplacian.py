"""Laplacians of tangent vectors, polarization and other fields of spin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, SupportsIndex

import numpy as np
import scipy.sparse as sp

from samplings.arrays import freeze
from samplings.base import Sampling
from samplings.frames import spin_argument, transport_angles
from samplings.graphs.graph import SphericalGraph
from samplings.graphs.laplacian import laplacian
from samplings.graphs.self_adjoint import SelfAdjointMatrix


@dataclass(frozen=True, eq=False, repr=False)
class ConnectionLaplacian(SelfAdjointMatrix):
    r"""A Laplacian of fields of spin, with its largest eigenvalue.

    Parameters
    ----------
    graph
        The graph it belongs to.
    kind
        ``"combinatorial"``, ``"normalized"`` or ``"mass-weighted"``.
    matrix
        Sparse positive semi-definite matrix, shape ``(2 V, 2 V)``: rows 2 i and 2 i + 1
        are the two components at vertex i. It is symmetric or self-adjoint as that of a
        :class:`samplings.Laplacian`.
    spin
        s: 1 for tangent vectors, 2 for polarization; with 0, it is the Laplacian of
        scalars, on two of them.
    """

    spin: int

    components: ClassVar[int] = 2

    def __repr__(self) -> str:
        return f"ConnectionLaplacian({self.kind}, spin={self.spin}) of {self.graph!r}"


def connection_laplacian(
    graph: SphericalGraph, spin: SupportsIndex, kind: str | None = None
) -> ConnectionLaplacian:
    r"""Return the Laplacian of fields of spin on a graph.

    .. math::
        (L f)_i = \frac{1}{m_i}
            \sum_j w_{ij} \bigl( f_i - e^{i s \alpha_{ij}} f_j \bigr)

    for :math:`f = f_0 + i f_1` in the frames (south, east) of the vertices, where
    :math:`e^{i s \alpha_{ij}}` is the parallel transport from vertex j to i
    (:func:`samplings.transport_angles`). Weights, masses and kinds are those of
    :func:`samplings.laplacian`: only the transport is new.

    Parameters
    ----------
    graph
        A graph of ``V`` vertices.
    spin
        s, not negative: 1 for tangent vectors, with components to the south and east;
        2 for Stokes Q and U in healpy's convention (COSMO). 0 gives the scalar
        Laplacian on two scalars.
    kind
        ``"combinatorial"``, ``"normalized"`` or ``"mass-weighted"``, by default as for
        :func:`samplings.laplacian`.

    Returns
    -------
    ConnectionLaplacian
        ``.matrix`` has shape ``(2 V, 2 V)`` and acts on fields ``(V, 2)``, flattened.

    Raises
    ------
    TypeError
        If ``graph`` is not a :class:`SphericalGraph`, or ``spin`` not an integer.
    ValueError
        If ``spin`` is negative, ``kind`` is unknown, or an edge joins antipodal points.

    Notes
    -----
    It is positive semi-definite, and commutes with quarter turns of all components. Its
    symbol is near a concave function of :math:`l (l + 1) - s^2`, for degrees
    :math:`l \geq s`: fields of spin have no constants, and no eigenvalue need be zero.

    Source: Singer and Wu 2012, Vector diffusion maps and the connection Laplacian,
    Comm. Pure Appl. Math. 65, 1067, arXiv:1102.0075, with the transport of the sphere.

    Equivariance: exact for the rotations that map the graph onto itself and turn the
    frames, approximate for others; exact for any other choice of frames, which turns
    components.

    Examples
    --------
    >>> from samplings import HEALPix, knn_graph
    >>> L = connection_laplacian(knn_graph(HEALPix(2), k=8), spin=1)
    >>> L.matrix.shape
    (96, 96)
    >>> bool(abs(L.symmetric() - L.symmetric().T).max() < 1e-14)
    True
    """
    spin = spin_argument(spin)
    scalar = laplacian(graph, kind)
    matrix = transported(scalar.matrix, graph.sampling, graph.sampling, spin)
    return ConnectionLaplacian(graph, scalar.kind, freeze(matrix), spin)


def transported(
    matrix: sp.csr_array, source: Sampling, target: Sampling, spin: SupportsIndex
) -> sp.csr_array:
    r"""Return a matrix between samplings that carries fields of spin along its edges.

    Each entry :math:`w_{ij}` of ``matrix`` ``(n, m)``, from vertices of ``source`` to
    those of ``target``, becomes a block of the result, ``(2 n, 2 m)``:

    .. math::
        w_{ij} \begin{pmatrix} \cos s \alpha_{ij} & -\sin s \alpha_{ij} \\
        \sin s \alpha_{ij} & \cos s \alpha_{ij} \end{pmatrix}

    with the parallel transport :math:`\alpha_{ij}`. Zeros are not stored.
    """
    spin = spin_argument(spin)
    rows = np.repeat(np.arange(len(target)), np.diff(matrix.indptr))
    angles = transport_angles(target, rows, matrix.indices, source_sampling=source)
    angles *= spin
    real, imaginary = matrix.data * np.cos(angles), matrix.data * np.sin(angles)
    blocks = np.stack([real, -imaginary, imaginary, real], axis=1).reshape(-1, 2, 2)
    n, m = matrix.shape
    whole = sp.bsr_array(
        (blocks, matrix.indices, matrix.indptr), shape=(2 * n, 2 * m)
    ).tocsr()
    whole.eliminate_zeros()
    whole.sort_indices()
    return sp.csr_array(whole)
