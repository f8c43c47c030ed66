"""Equivariance error of an operator on the sphere, degree by degree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, SupportsIndex

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from samplings.arguments import integers_argument, sampling_argument, shown
from samplings.arrays import FloatArray, IntArray, ReadOnly, read_only
from samplings.base import Sampling
from samplings.graphs.connection_laplacian import ConnectionLaplacian
from samplings.graphs.graph import SphericalGraph
from samplings.graphs.laplacian import Laplacian, laplacian
from samplings.resolution import nominal_bandlimit
from samplings.stencils.stencils import legendre_moments
from samplings.stencils.symmetry import commutes, orbits, vertex_permutations
from samplings.vertex_arrays import kept_vertices

# A^2 / B can exceed one by round-off where the operator commutes exactly.
ROUND_OFF = 1e-15
# The value that stands for an exact zero in a geometric mean: the root of round-off.
SMALLEST_ERROR = 1e-8


@dataclass(frozen=True, eq=False)
class EquivarianceSpectrum(ReadOnly):
    r"""Equivariance error and symbol of an operator, degree by degree.

    Parameters
    ----------
    degrees
        Degrees l, in the order asked for, shape ``(D,)``.
    error
        Equivariance error :math:`e_l = \sqrt{2 r_l}`, shape ``(D,)``.
    symbol
        Mean eigenvalue :math:`\mu_l = E\langle f, Lf \rangle / E\|f\|^2`, the best
        scalar approximation of L at degree l, exact if L commutes with rotations.
    residual
        :math:`r_l`, the share of :math:`E\|Lf\|^2` that is not along f.
    """

    degrees: IntArray
    error: FloatArray
    symbol: FloatArray
    residual: FloatArray

    def mean_error(self, first: int = 10) -> float:
        """Geometric mean of the error over the degrees from ``first`` on.

        Raises
        ------
        ValueError
            If there are no such degrees.
        """
        part = self.error[self.degrees >= first]
        if len(part) == 0:
            raise ValueError(
                f"first must be at most the largest degree {self.degrees.max()}, got "
                f"{first}; lower it"
            )
        return float(np.exp(np.log(np.maximum(part, SMALLEST_ERROR)).mean()))


def equivariance_spectrum(
    operator: Laplacian | ConnectionLaplacian | SphericalGraph | Any,
    degrees: Sequence[SupportsIndex] | npt.NDArray[np.integer] | None = None,
    *,
    vertices: npt.ArrayLike | None = None,
    sampling: Sampling | None = None,
) -> EquivarianceSpectrum:
    r"""Measure the equivariance error of a linear operator, without random rotations.

    For isotropic random signals f of degree l,

    .. math::
        r_l = 1 - \frac{(E\langle f, Lf \rangle)^2}{E\|f\|^2 \, E\|Lf\|^2},
        \qquad
        e_l = \sqrt{2 r_l} \approx \frac{\|R_g L f - L R_g f\|}{\|L f\|},

    with area-weighted products. By the addition theorem both expectations are sums of
    Legendre polynomials over pairs of points in each row of L, exact for any sampling
    or part of one. For fields of spin s they are sums of Wigner's :math:`d^l_{ss}`
    times the cosine of s times the area of the triangle of the row's vertex and the
    pair, by which transport turns.

    Parameters
    ----------
    operator
        A :class:`samplings.Laplacian` or :class:`samplings.ConnectionLaplacian` (their
        unrescaled matrices), a :class:`samplings.SphericalGraph` (its default
        Laplacian), or any sparse matrix ``(V, V)``, with ``sampling``.
    degrees
        Degrees l >= 0, for fields of spin s at least s; by default all from 1, or s, to
        below the nominal bandlimit, ``3 nside`` on HEALPix and :math:`\sqrt{3n/4}` for
        n even points elsewhere.
    vertices
        Boolean mask ``(V,)`` or indices of the rows to average over, such as those far
        from the edge of a masked sky; by default all.
    sampling
        The vertices of a sparse matrix.

    Returns
    -------
    EquivarianceSpectrum
        ``.degrees``, ``.error``, ``.symbol`` and ``.residual``, each ``(D,)``.

    Raises
    ------
    TypeError
        If the operator is not one of the above, or a degree is not an integer.
    ValueError
        If shapes do not fit, an entry is not finite, a degree is below s, the operator
        vanishes on one (0, for a Laplacian), no vertex is chosen, or ``sampling`` is
        missing or given twice.

    Notes
    -----
    The factor 2 holds where deviations before and after a rotation are independent.
    Random rotations agree within 20 % for l <= nside. Use the unrescaled Laplacian: the
    -I in :math:`2L/\lambda_\max - I` commutes with every rotation and lowers the error
    without making L any better. So does a kernel so wide that L is nearly a multiple of
    the identity at high degrees.

    The error of :math:`r_l` is some 1e-11, whatever its size.

    Examples
    --------
    >>> from samplings import HEALPix, knn_graph
    >>> spectrum = equivariance_spectrum(knn_graph(HEALPix(8), k=20), [4, 8, 16])
    >>> spectrum.error.shape, bool((spectrum.error < 0.2).all())
    ((3,), True)
    """
    spin = operator.spin if isinstance(operator, ConnectionLaplacian) else 0
    matrix, sampling = _matrix(operator, sampling)
    chosen = _degrees(degrees, sampling, spin)
    rows, weights = _rows(matrix, sampling, vertices)
    part = matrix if len(rows) == len(sampling) else sp.csr_array(matrix[rows])
    own, squared = legendre_moments(
        part, sampling.xyz, rows, weights, int(chosen.max()) + 1, spin
    )
    symbol, power = own[chosen], squared[chosen]
    # On a vanishing signal only round-off of this size is left.
    size = float((abs(matrix) @ np.ones(len(sampling))).max())
    if not (power > (1e-13 * size) ** 2).all():
        if size == 0:
            raise ValueError(
                "the operator is zero, such as the Laplacian of a graph without links, "
                "so that the relative error is undefined; link at least two vertices"
            )
        bad = int(chosen[~(power > (1e-13 * size) ** 2)][0])
        raise ValueError(
            f"the operator vanishes on signals of degree {bad}, so that the relative "
            "error is undefined; leave that degree out"
        )
    residual = 1 - symbol * symbol / power
    residual[np.abs(residual) < ROUND_OFF] = 0
    residual = np.maximum(residual, 0)
    return EquivarianceSpectrum(
        chosen, *(read_only(x) for x in (np.sqrt(2 * residual), symbol, residual))
    )


def _matrix(operator: Any, sampling: Sampling | None) -> tuple[sp.csr_array, Sampling]:
    """Return the operator as a float64 matrix, and where its vertices are.

    That of a connection Laplacian is without the transport, which the sums know.
    """
    if isinstance(operator, SphericalGraph):
        operator = laplacian(operator)
    if isinstance(operator, Laplacian | ConnectionLaplacian):
        if sampling is not None and sampling is not operator.graph.sampling:
            raise ValueError(
                "sampling must be left out for a Laplacian or graph, which has its own"
            )
        if isinstance(operator, ConnectionLaplacian):
            operator = laplacian(operator.graph, operator.kind)
        return operator.matrix, operator.graph.sampling
    if not isinstance(operator, sp.sparray | sp.spmatrix):
        raise TypeError(
            "the operator must be a Laplacian, a SphericalGraph or a sparse matrix, "
            f"got {type(operator).__name__}; wrap arrays in scipy.sparse.csr_array"
        )
    if sampling is None:
        raise ValueError(
            "a sparse matrix does not say where its vertices are; pass `sampling`"
        )
    sampling_argument("sampling", sampling)
    given: Any = operator
    if given.dtype.kind == "c":
        raise TypeError("the matrix must be real, got complex entries; take one part")
    matrix = sp.csr_array(given, dtype=np.float64)
    shape = (len(sampling), len(sampling))
    if matrix.shape != shape:
        raise ValueError(
            f"the matrix must have shape {shape}, one row and column per vertex, "
            f"got {matrix.shape}"
        )
    if not matrix.has_canonical_format:
        matrix = matrix.copy()
        matrix.sum_duplicates()
    if not np.isfinite(matrix.data).all():
        raise ValueError(
            "the matrix must be finite, got NaN or infinite entries; "
            "check the edge weights"
        )
    return matrix, sampling


def _degrees(degrees: Any, sampling: Sampling, spin: int) -> IntArray:
    """Return the degrees, checked, or the default ones."""
    if degrees is None:
        chosen = np.arange(max(1, spin), nominal_bandlimit(sampling))
        if len(chosen) == 0:
            raise ValueError(
                f"{sampling.name} resolves no degree of spin {spin}; use more vertices"
            )
    else:
        if not isinstance(degrees, Sequence | np.ndarray) or len(degrees) == 0:
            raise ValueError(
                "degrees must be a sequence of at least one degree, got "
                f"{shown(degrees)}; pass [l] for a single one"
            )
        chosen = np.array(integers_argument("degrees", degrees, 0))
        if chosen.min() < spin:
            raise ValueError(
                f"fields of spin {spin} have degrees of at least {spin}, got "
                f"{chosen.min()}; leave it out"
            )
    chosen.setflags(write=False)
    return chosen


def _rows(
    matrix: sp.csr_array, sampling: Sampling, vertices: npt.ArrayLike | None
) -> tuple[IntArray, FloatArray]:
    """Return the rows to sum over and their weights, of sum one.

    Of rows that a symmetry exchanges one is kept, with the area of all.
    """
    if vertices is None:
        permutations = [p for p in vertex_permutations(sampling) if commutes(matrix, p)]
        classes = orbits(len(sampling), permutations)
        rows = classes.first
        areas = np.bincount(classes.label, sampling.weights).astype(np.float64)
    else:
        rows = kept_vertices(vertices, len(sampling), "vertices")
        areas = sampling.weights[rows]
    return rows, areas / areas.sum()
