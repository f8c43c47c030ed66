"""Weights of the edges of a DISCO convolution from values of its basis."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.layers.graph.disco.discs import Discs
from deepsphere_pyg.layers.graph.disco.filter_basis import FilterBasis
from samplings import Sampling
from samplings.arrays import FloatArray

NORMALIZATIONS = ("nodal", "modal", "mean", "support", "geometric", "none")
# Values, of functions of the size of one, that are zero but for round-off.
TINY = 1e-12
# Integrals that are zero but for round-off, as a share of the disc's area.
ZERO = 1e-9


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
    if normalization in ("nodal", "modal"):
        weights = _quotient(
            weights, scale[:, discs.target], ZERO * disc[:, discs.target]
        )
    elif normalization == "support":
        weights = _quotient(
            weights, area[:, discs.target], ZERO * disc[:, discs.target]
        )
    elif normalization == "geometric":
        weights = weights / (2 * math.pi * (1 - math.cos(cutoff)))
    return weights, scale


def _quotient(a: FloatArray, b: FloatArray, zero: FloatArray) -> FloatArray:
    """Return a / b, and zero where b is zero but for round-off."""
    known = b > zero
    quotient: FloatArray = np.where(known, a / np.where(known, b, 1.0), 0.0)
    return quotient
