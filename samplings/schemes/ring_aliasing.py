"""Degree up to which rings with few longitudes integrate harmonics exactly."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from samplings.arrays import FloatArray, IntArray

# Tolerated error of the integral of an orthonormal harmonic: round-off of its sum.
ROUND_OFF = 1e-14


def degree_without_aliasing(
    theta: FloatArray, n_phi: IntArray, area: FloatArray, limit: int
) -> int:
    r"""Return the degree up to which rings integrate the orders that they alias to 0.

    A ring of n equally spaced longitudes does not sum harmonics of the orders n, 2n,
    ... to zero. The error is at most

    .. math:: \sum_t \sqrt2 a_t |\bar P_l^{n_t}(\cos\theta_t)|,

    with :math:`a_t` the area of a ring and :math:`\bar P_l^m` orthonormal Legendre
    functions. Near a pole, where :math:`l \sin\theta < m`, these fall exponentially
    with the order, and reduced grids rely on that.

    For R rings of colatitudes ``theta`` in radian (not poles), ``n_phi`` longitudes and
    ``area`` in steradian, shape ``(R,)`` each, the result is the largest degree, at
    most ``limit``, up to which each term of the sum is below :math:`10^{-14} / R`.

    Notes
    -----
    The ratio of functions of successive degrees is followed upwards from the degree m,
    where they are known in closed form, in logarithms against underflow. All ratios are
    positive up to the turning point :math:`l \sin\theta = m`, before which the bound is
    met. Multiples of n are smaller still.
    """
    m = n_phi.astype(np.float64)
    x = np.abs(np.cos(theta))
    size = np.log(np.sqrt(2) * area / ROUND_OFF * len(theta))
    size += 0.5 * (np.log((2 * m + 1) / (4 * np.pi)) + gammaln(m + 0.5))
    size += m * np.log(np.sin(theta)) - 0.5 * (gammaln(0.5) + gammaln(m + 1))
    ratio = np.full(len(theta), np.inf)
    for degree in range(int(n_phi.min()), limit + 1):
        now = n_phi == degree
        above = n_phi < degree
        # P_l = a_l (x P_(l-1) - P_(l-2) / a_(l-1)), with a_m infinite.
        scale = np.sqrt((4.0 * degree**2 - 1) / (degree**2 - m[above] ** 2))
        below = ((degree - 1.0) ** 2 - m[above] ** 2) / (4 * (degree - 1.0) ** 2 - 1)
        ratio[above] = scale * (x[above] - np.sqrt(below) / ratio[above])
        size[above] += np.log(ratio[above])
        if (size[now | above] > 0).any():
            return degree - 1
    return limit
