"""Weights of the edges of a DISCO convolution from values of its basis."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.layers.graph.disco.discs import Discs
from deepsphere_pyg.layers.graph.disco.filter_basis import FilterBasis
from samplings import Sampling
from samplings.arrays import FloatArray, IntArray

NORMALIZATIONS = (
    "nodal",
    "modal",
    "contrast",
    "mean",
    "support",
    "geometric",
    "none",
)
# Values, of functions of the size of one, that are zero but for round-off.
TINY = 1e-12
# Integrals that are zero but for round-off, as a share of the disc's area.
ZERO = 1e-9
# Integrals of a function, over that of its absolute value, that others cannot be freed
# of: weights would be a hundred times as large.
FLAT = 1e-2


def quadrature_weights(sampling: Sampling) -> FloatArray:
    """Return the quadrature weights in steradian, or areas if some are not positive.

    Rules with weights that are zero or negative are exact for integrals over the whole
    sphere, but not in discs.
    """
    weights = sampling.quadrature
    return weights if (weights > 0).all() else sampling.weights


def basis_values(basis: FilterBasis, discs: Discs, cutoff: float) -> FloatArray:
    """Return the functions at each edge; without a direction, their means."""
    radius = discs.angle / cutoff
    values = basis.values(radius, discs.azimuth)
    undirected = ~discs.directed
    values[:, undirected] = basis.azimuthal_means(radius[undirected])
    # No edges where functions are zero but for round-off, as hats at their borders are.
    values[np.abs(values) < TINY] = 0.0
    return values


def edge_weights(
    values: FloatArray,
    support: npt.NDArray[np.bool_],
    isotropic: npt.NDArray[np.bool_],
    discs: Discs,
    q: FloatArray,
    normalization: str,
    cutoff: float,
) -> tuple[FloatArray, FloatArray]:
    r"""Return the weights of the edges, and integrals of the absolute functions.

    Parameters
    ----------
    values, support
        Functions at each edge, and where they are supported, shape ``(B, E)``.
    isotropic
        Which functions are isotropic, shape ``(B,)``.
    discs
        Edges, of T targets.
    q
        Quadrature weight of the source of each edge in steradian, shape ``(E,)``.
    normalization
        One of ``NORMALIZATIONS``.
    cutoff
        Radius of the discs in radian.

    Returns
    -------
    weights
        Shape ``(B, E)``; for ``"mean"`` before the division.
    integrals
        :math:`\sum_j |\psi_b| q_j` at each target, shape ``(B, T)``.

    Raises
    ------
    ValueError
        If ``"contrast"`` has a first function whose integral vanishes.
    """

    def integral(some: FloatArray) -> FloatArray:
        sums = [np.bincount(discs.target, r, minlength=discs.n_targets) for r in some]
        return np.stack(sums)

    area = integral(np.where(support, q, 0.0))
    disc = integral(q[None])
    if normalization == "modal":
        bias = _quotient(integral(values * support * q), area, ZERO * disc)
        bias[isotropic] = 0.0
        values = np.where(support, values - bias[:, discs.target], 0.0)
    scale = integral(np.abs(values) * q)
    weights = values * q
    if normalization in ("nodal", "modal", "contrast"):
        weights = _quotient(
            weights, scale[:, discs.target], ZERO * disc[:, discs.target]
        )
        if normalization == "contrast":
            weights = _contrasts(weights, integral(weights), discs.target)
    elif normalization == "support":
        weights = _quotient(
            weights, area[:, discs.target], ZERO * disc[:, discs.target]
        )
    elif normalization == "geometric":
        weights = weights / (2 * math.pi * (1 - math.cos(cutoff)))
    return weights, scale


def _contrasts(weights: FloatArray, sums: FloatArray, target: IntArray) -> FloatArray:
    """Subtract the first function from the others, so that their sums are zero."""
    # Its absolute weights add up to one, or there is nothing in its reach.
    reached = np.bincount(target, np.abs(weights[0]), minlength=sums.shape[1]) > 0
    if (np.abs(sums[0, reached]) < FLAT).any():
        raise ValueError(
            "normalization='contrast' subtracts the first function of the basis, whose "
            "integral must not be zero, got one that is positive and negative alike; "
            "put a positive function first, or use 'modal'"
        )
    share = np.where(reached, sums / np.where(reached, sums[0], 1.0), 0.0)
    share[0] = 0.0
    subtracted: FloatArray = weights - share[:, target] * weights[0]
    return subtracted


def _quotient(a: FloatArray, b: FloatArray, zero: FloatArray) -> FloatArray:
    """Return a / b, and zero where b is zero but for round-off."""
    known = b > zero
    quotient: FloatArray = np.where(known, a / np.where(known, b, 1.0), 0.0)
    return quotient
