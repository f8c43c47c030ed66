"""The operator of a DISCO convolution: integrals of a signal over discs."""

from __future__ import annotations

import math

import numpy as np
import scipy.sparse as sp
import torch

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.layers.graph.disco.discs import TIE, discs, largest_spacing
from deepsphere_pyg.layers.graph.disco.filter_basis import FilterBasis
from deepsphere_pyg.layers.graph.disco.normalization import (
    NORMALIZATIONS,
    basis_values,
    edge_weights,
    quadrature_weights,
)
from samplings import Masked, Sampling
from samplings.arguments import (
    choice_argument,
    instance_argument,
    integer_argument,
    positive_argument,
    sampling_argument,
)
from samplings.arrays import FloatArray, IntArray

# Values of functions that are computed at once, which bounds the memory.
BLOCK = 1 << 22


class DiscoOperator(EdgeOperator):
    """Integrals of a signal times each function of a basis about each vertex.

    :func:`disco_operator` makes it. The functions are stacked: row ``B i + b`` of the
    matrix is function b about vertex i, so that one sum over edges serves all of them,
    and its result, viewed as ``(vertex, B * channel)``, is mixed by one dense product.

    Parameters
    ----------
    matrix
        Sparse matrix ``(B * V_out, V_in)`` of SciPy.
    n_basis
        Number of functions B.
    dtype, execution
        As in :class:`~deepsphere_pyg.edge_operator.EdgeOperator`.

    Shapes
    ------
    ``x : (*batch, V_in, channel) -> (*batch, B * V_out, channel)``

    Raises
    ------
    TypeError, ValueError
        As for an EdgeOperator; and if the number of rows is no multiple of ``n_basis``.

    Notes
    -----
    Equivariance: as :class:`~deepsphere_pyg.layers.DiscoConv`.

    Examples
    --------
    >>> DiscoOperator(sp.csr_array([[0.5, 0.5], [0.5, -0.5]]), 2)
    DiscoOperator(2 -> 2, 4 edges, execution='auto')
    """

    def __init__(
        self,
        matrix: sp.sparray | sp.spmatrix,
        n_basis: int,
        *,
        dtype: torch.dtype | None = None,
        execution: str = "auto",
    ) -> None:
        super().__init__(matrix, dtype=dtype, execution=execution)
        self.n_basis = integer_argument("n_basis", n_basis, 1)
        if self.n_out % self.n_basis:
            raise ValueError(
                "matrix must have n_basis rows for each vertex, got "
                f"{self.n_out} rows for n_basis={n_basis}; stack them as in "
                "disco_operator"
            )


def disco_operator(
    sampling_in: Sampling,
    sampling_out: Sampling | None = None,
    *,
    basis: FilterBasis,
    theta_cutoff: float | None = None,
    normalization: str = "nodal",
    execution: str = "auto",
) -> DiscoOperator:
    r"""Return the integrals over discs that DISCO convolutions are made of.

    .. math:: (K_b x)_i = \sum_{j:\, \theta_{ij} \le \theta_c}
              \psi_b(\theta_{ij} / \theta_c, \alpha_{ij})\, q_j\, x_j

    with the angle :math:`\theta_{ij}` from output vertex i to input vertex j, the
    azimuth :math:`\alpha_{ij}` of j as seen from i, counterclockwise from the south,
    and the quadrature weight :math:`q_j` of j in steradian (its area where the rule of
    the sampling has weights that are not positive).

    Parameters
    ----------
    sampling_in
        Sampling of the input. Missing vertices of a masked one count for nothing.
    sampling_out
        Sampling of the output, ``sampling_in`` by default: a coarser one for
        downsampling, a finer one for upsampling.
    basis
        Functions on a disc, such as ``PiecewiseLinearBasis(3, 4)``.
    theta_cutoff
        Radius :math:`\theta_c` of the discs in radian, at most pi; by default
        ``basis.rings`` times the spacing, the largest angle between a vertex of either
        sampling and its nearest.
    normalization
        How each function is scaled:

        - ``"nodal"``: about each vertex, so that
          :math:`\sum_j |\psi_b| q_j = 1`. Positive functions are then means, also at
          the border of a mask.
        - ``"modal"``: the same, after oriented functions were shifted to mean zero
          over their support.
        - ``"contrast"``: the same as ``"nodal"``, after which multiples of the first
          function are subtracted from the others, which then vanish on constants.
          Filters can be the same, but networks learn them in fewer steps: means over
          discs and rings of a smooth field are all alike, their differences are not.
        - ``"mean"``: by one number a function, so that this sum is one on average over
          the area.
        - ``"support"``: about each vertex, by the area of the function's support.
        - ``"geometric"``: by the area of the disc, :math:`2\pi(1 - \cos\theta_c)`.
        - ``"none"``: not at all; the result is the integral in steradian.
    execution
        As in :class:`~deepsphere_pyg.edge_operator.EdgeOperator`.

    Returns
    -------
    DiscoOperator
        From V_in to ``basis.n_basis * V_out`` rows, in PyTorch's default dtype.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If the cutoff is less than the spacing or above pi; if nothing of the input lies
        within it from an output vertex, where no vertices are missing; if a function is
        zero at all vertices; if the normalization is unknown, or ``"contrast"`` has a
        first function whose integral vanishes.

    Notes
    -----
    Source: Ocampo, Price and McEwen 2023, arXiv:2209.13603; normalizations as in
    torch-harmonics, whose quadrature weights add up to one, not 4 pi (``"none"``), and
    which averages over rings instead of areas (``"mean"``) and divides by half the area
    of the disc (``"geometric"``); ``"contrast"`` is ours.

    At the poles north is undefined. About a pole each function is replaced by its mean
    over azimuth, the only choice that commutes with rotations about the axis; so is its
    value at the centre of any disc.

    Output vertices of masked samplings with nothing in reach get zeros.

    Examples
    --------
    >>> from deepsphere_pyg.layers import PiecewiseLinearBasis
    >>> from samplings import HEALPix
    >>> disco_operator(HEALPix(4), basis=PiecewiseLinearBasis(3))
    DiscoOperator(192 -> 384, 4696 edges, execution='auto')
    """
    source = sampling_argument("sampling_in", sampling_in)
    target = source
    if sampling_out is not None:
        target = sampling_argument("sampling_out", sampling_out)
    remedy = "pass one, such as PiecewiseLinearBasis(3, 4)"
    basis = instance_argument("basis", basis, FilterBasis, remedy)
    choice_argument("normalization", normalization, NORMALIZATIONS)
    cutoff = _checked_cutoff(theta_cutoff, source, target, basis)
    matrix = _stacked(source, target, basis, cutoff, normalization)
    return DiscoOperator(matrix, basis.n_basis, execution=execution)


def _checked_cutoff(
    cutoff: float | None, source: Sampling, target: Sampling, basis: FilterBasis
) -> float:
    """Return the radius of the discs, or what is right by default."""
    spacing = largest_spacing(source)
    wide = spacing if target is source else max(spacing, largest_spacing(target))
    default = min(math.pi, basis.rings * wide)
    if cutoff is None:
        return default
    remedy = f"use {default:.3g} radian, or leave it out"
    cutoff = positive_argument("theta_cutoff", cutoff, remedy)
    if cutoff > math.pi:
        raise ValueError(
            f"theta_cutoff must be an angle of at most pi radian, got {cutoff}; "
            f"convert degrees with numpy.deg2rad, or {remedy}"
        )
    if cutoff < spacing * (1 - TIE):
        raise ValueError(
            "theta_cutoff must be at least the spacing, the largest angle between a "
            f"vertex of {source.name} and its nearest, {spacing:.4g} radian, got "
            f"{cutoff:.4g}; {remedy}"
        )
    return cutoff


def _stacked(
    source: Sampling,
    target: Sampling,
    basis: FilterBasis,
    cutoff: float,
    normalization: str,
) -> sp.csr_array:
    """Return the matrix ``(V_out * B, V_in)``, its rows grouped by vertex."""
    q, areas, n = quadrature_weights(source), target.weights, basis.n_basis
    whole = not isinstance(source, Masked) and not isinstance(target, Masked)
    scale = np.zeros(n)
    parts: list[tuple[FloatArray, IntArray, IntArray]] = []
    for some in discs(source.xyz, target.xyz, cutoff, max(1, BLOCK // n)):
        if whole:
            _check_reach(
                some.target, some.first, some.n_targets, cutoff, source, target
            )
        values = basis_values(basis, some, cutoff)
        weights, integrals = edge_weights(
            values,
            basis.support(values),
            basis.isotropic,
            some,
            q[some.source],
            normalization,
            cutoff,
        )
        scale += integrals @ areas[some.first : some.first + some.n_targets]
        b, edge = np.nonzero(weights)
        row = (some.first + some.target[edge]) * n + b
        parts.append((weights[b, edge], row, some.source[edge]))
    data, rows, columns = (np.concatenate(p) for p in zip(*parts, strict=True))
    if normalization == "mean":
        data *= target.area / scale[rows % n]
    empty = np.flatnonzero(np.bincount(rows % n, minlength=n) == 0)
    if len(empty):
        raise ValueError(
            "theta_cutoff must reach vertices where each function of the basis is not "
            f"zero, got {cutoff:.4g} radian, within which function {empty[0]} of "
            f"{basis} is zero everywhere; use a larger cutoff, such as {2 * cutoff:.3g}"
            ", or fewer functions"
        )
    shape = (len(target) * n, len(source))
    return sp.csr_array(sp.coo_array((data, (rows, columns)), shape=shape))


def _check_reach(
    reached: IntArray,
    first: int,
    count: int,
    cutoff: float,
    source: Sampling,
    target: Sampling,
) -> None:
    """Raise if one of some output vertices has no input vertex in its disc."""
    alone = np.flatnonzero(np.bincount(reached, minlength=count) == 0)
    if len(alone):
        vertex = first + int(alone[0])
        nearest = float((source.xyz @ target.xyz[vertex]).max())
        raise ValueError(
            f"theta_cutoff must reach a vertex of {source.name} from each vertex of "
            f"{target.name}, got {cutoff:.4g} radian, and the nearest to vertex "
            f"{vertex} is {math.acos(min(1.0, nearest)):.4g} away; use a larger cutoff,"
            " or keep the vertices in reach, as in sampling_out[index]"
        )
