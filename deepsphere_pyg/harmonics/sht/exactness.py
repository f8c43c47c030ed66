"""Up to which bandlimit rings determine a signal, and by which rule."""

from __future__ import annotations

import numpy as np

from deepsphere_pyg.harmonics.sht.tables import Interpolation
from samplings import Equiangular, GaussLegendre, McEwenWiaux, ReducedGaussian, Sampling
from samplings.arrays import FloatArray
from samplings.schemes.quadrature import gauss_legendre


def exact_bandlimit(sampling: Sampling) -> int | None:
    """Return the largest L for which the analysis of a sampling is exact.

    ==================  =============================================================
    sampling            rings allow
    ==================  =============================================================
    ``GaussLegendre``   as many as there are
    ``McEwenWiaux``     as many as there are
    ``Equiangular``     ``n_theta`` for ``"fejer"``, ``n_theta - 1`` for
                        ``"clenshaw-curtis"``, ``n_theta // 2`` for
                        ``"driscoll-healy"``
    ``ReducedGaussian`` half of what its quadrature integrates
    ==================  =============================================================

    and rings of ``n_phi`` longitudes ``(n_phi + 1) // 2``. Samplings without such a
    theorem have None.

    Examples
    --------
    >>> exact_bandlimit(GaussLegendre(16)), exact_bandlimit(Equiangular(16))
    (16, 16)
    """
    if isinstance(sampling, ReducedGaussian):
        return sampling.exact_degree // 2 + 1
    if isinstance(sampling, GaussLegendre | McEwenWiaux):
        rings = sampling.n_theta
    elif isinstance(sampling, Equiangular):
        n = sampling.n_theta
        rings = {"fejer": n, "clenshaw-curtis": n - 1, "driscoll-healy": n // 2}[
            sampling.scheme
        ]
    else:
        return None
    return min(rings, (sampling.n_phi + 1) // 2)


def interpolation(sampling: Sampling, L: int) -> Interpolation | None:
    r"""Return what the analysis needs besides quadrature, or nothing.

    Where the rule of the rings integrates products of two functions of degrees below L,
    the quadrature is the analysis. Half as many equiangular rings are enough: continued
    over both halves of the circle of a meridian, evenly for even orders and oddly for
    odd ones, the order m of a signal is a trigonometric polynomial of degree L - 1, and
    known from :math:`N \geq 2L - 1` equally spaced points, by

    .. math:: D(\theta) = \frac1N \sum_{|k| \leq N/2} e^{ik\theta}

    with half of the terms where 2|k| = N. It is evaluated at nodes of Gauss and
    Legendre, whose rule is exact for it. L does not enter: coefficients stay the same
    where more degrees are asked for.

    Notes
    -----
    Equivalent to section III of McEwen and Wiaux 2011, IEEE Trans. Signal Process. 59,
    5876 (arXiv:1110.6298), with the integrals as sums over other nodes.
    """
    if isinstance(sampling, McEwenWiaux):
        around = 2 * sampling.n_theta - 1
        degree = sampling.n_theta - 1
    elif isinstance(sampling, Equiangular) and sampling.scheme != "driscoll-healy":
        n = sampling.n_theta
        around = 2 * (n - (sampling.scheme == "clenshaw-curtis"))
        degree = n - 1 + n % 2
    else:
        return None
    if 2 * L - 2 <= degree:
        return None
    nodes, weights, _ = gauss_legendre((around + 1) // 2)
    theta = sampling.ring_theta
    toward = _kernel(nodes[:, None] - theta, around)
    beyond = _kernel(nodes[:, None] + theta, around)
    # A pole is on both halves of the circle, but once.
    pole = (theta == 0) | (theta == np.pi)
    beyond[:, pole] = 0
    odd = np.where(pole, 0.0, toward - beyond)
    return Interpolation(nodes, weights, toward + beyond, odd)


def _kernel(theta: FloatArray, around: int) -> FloatArray:
    """Sum of exp(i k theta) over |k| <= N / 2, over N."""
    sine, cosine = np.sin(theta / 2), np.cos(theta / 2)
    near = np.abs(sine) < 1e-12
    # Of an even N, half of the terms with 2 |k| = N makes the cosine.
    factor = cosine if around % 2 == 0 else 1.0
    ratio = factor * np.sin(around * theta / 2) / np.where(near, 1.0, sine)
    return np.asarray(np.where(near, around, ratio) / around)
