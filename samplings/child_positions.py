"""Where the children of a cell lie in it, and functions of their positions."""

from __future__ import annotations

from math import factorial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from samplings.arrays import FloatArray

if TYPE_CHECKING:
    from samplings.base import Sampling
    from samplings.coarsening import Coarsening

# Nearer to a pole than this, a longitude is round-off.
_AT_POLE = 1e-9
# Of polynomials of size one of differences of unit vectors that are some 1e-3 apart.
_ROUND_OFF = 1e-12


def tangent_frames(sampling: Sampling) -> tuple[FloatArray, FloatArray]:
    """Return the directions east and north at each vertex, each ``(V, 3)``.

    At the poles they are those of longitude zero.
    """
    theta = sampling.theta
    phi = np.where(np.sin(theta) > _AT_POLE, sampling.phi, 0.0)
    zero = np.zeros_like(phi)
    east = np.stack([-np.sin(phi), np.cos(phi), zero], axis=1)
    cos = np.cos(theta)
    north = np.stack([-cos * np.cos(phi), -cos * np.sin(phi), np.sin(theta)], axis=1)
    return east, north


def child_positions(coarsening: Coarsening) -> tuple[FloatArray, FloatArray]:
    r"""Return distance and direction of each child from the centre of its parent.

    Parameters
    ----------
    coarsening
        Its shares list the children.

    Returns
    -------
    radius : ndarray
        Distance in radii of the parent, in the order of ``assign.data``. It is that of
        Lambert's azimuthal equal-area projection, :math:`|x_f - x_c| \sqrt{\pi / A_c}`,
        so that a round parent of any area is the unit disc.
    angle : ndarray
        Direction in radian, from east to north in the parent's tangent plane; 0 for a
        child at the centre.
    """
    coarse, assign = coarsening.coarse, coarsening.assign
    parent = np.repeat(np.arange(len(coarse)), np.diff(assign.indptr))
    step = coarsening.fine.xyz[assign.indices] - coarse.xyz[parent]
    east, north = tangent_frames(coarse)
    u = np.einsum("ij,ij->i", step, east[parent])
    v = np.einsum("ij,ij->i", step, north[parent])
    radius = np.linalg.norm(step, axis=1) * np.sqrt(np.pi / coarse.weights[parent])
    return radius, np.arctan2(v, u)


def zernike_indices(degree: int, isotropic: bool = False) -> list[tuple[int, int]]:
    """Return the indices ``(n, m)`` of Zernike polynomials up to a degree n.

    Isotropic ones have ``m = 0``: they depend on the distance alone.
    """
    found = [(n, m) for n in range(degree + 1) for m in range(-n, n + 1, 2)]
    return [(n, m) for n, m in found if m == 0 or not isotropic]


def zernike(n: int, m: int, radius: npt.ArrayLike, angle: npt.ArrayLike) -> FloatArray:
    r"""Return a Zernike polynomial, of mean square one over the unit disc.

    .. math::
        Z_{nm} = N\, R_{n|m|}(\rho)\, (\cos m\alpha \text{ or } \sin |m|\alpha), \quad
        R_{nm}(\rho) = \sum_s \frac{(-1)^s (n - s)!}{s!\, (\frac{n+m}{2} - s)!\,
        (\frac{n-m}{2} - s)!}\, \rho^{n - 2s}

    with :math:`N^2 = n + 1`, doubled for :math:`m \ne 0`; sines for ``m < 0``.

    Source: Noll 1976, J. Opt. Soc. Am. 66, 207, equations 1 to 3.
    """
    order = abs(m)
    rho = np.asarray(radius, dtype=np.float64)
    radial = np.zeros_like(rho)
    for s in range((n - order) // 2 + 1):
        below = factorial(s) * factorial((n + order) // 2 - s)
        below *= factorial((n - order) // 2 - s)
        radial += (-1) ** s * factorial(n - s) / below * rho ** (n - 2 * s)
    norm = np.sqrt((n + 1) * (1 if m == 0 else 2))
    turn = order * np.asarray(angle, dtype=np.float64)
    wave = np.cos(turn) if m >= 0 else np.sin(turn)
    return np.asarray(norm * radial * wave)


def position_shares(
    coarsening: Coarsening, degree: int, isotropic: bool
) -> list[sp.csr_array]:
    """Return the shares of the children times each Zernike polynomial.

    Each is ``(V_coarse, V_fine)``; the first is ``assign`` itself. From the others,
    their mean over the area of the parent is subtracted, so that constants have no
    moment but the first.
    """
    assign = coarsening.assign
    radius, angle = child_positions(coarsening)
    counts = np.diff(assign.indptr)
    parent = np.repeat(np.arange(len(counts)), counts)
    share = assign.data * coarsening.fine.weights[assign.indices]
    share /= coarsening.coarse.weights[parent]
    matrices = []
    for n, m in zernike_indices(degree, isotropic):
        values = zernike(n, m, radius, angle)
        if n > 0:
            values -= np.bincount(parent, share * values, len(counts))[parent]
        # Round-off in place of zero would make edges on some processors only.
        values[np.abs(values) < _ROUND_OFF] = 0
        entries = (assign.data * values, assign.indices, assign.indptr)
        matrices.append(sp.csr_array(entries, shape=assign.shape))
    return matrices


def place_shares(coarsening: Coarsening) -> list[sp.csr_array] | None:
    """Return matrices of ones that pick the child at each place of the parents.

    Each is ``(V_coarse, V_fine)``. None unless the schemes number the children of a
    cell; rows are empty where a child is missing, on masked samplings.
    """
    places = coarsening.fine.places_in(coarsening.coarse)
    if places is None:
        return None
    place, count = places
    assign = sp.coo_array(coarsening.assign)
    ones = np.ones(assign.nnz)
    return [
        sp.csr_array(
            (ones[there], (assign.row[there], assign.col[there])), shape=assign.shape
        )
        for there in (place[assign.col] == k for k in range(count))
    ]
