"""Rings of a sampling: places, mirror symmetry, and the bandlimits they resolve."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from deepsphere_pyg.harmonics.sht.tables import Interpolation
from samplings import (
    Equiangular,
    GaussLegendre,
    HEALPix,
    McEwenWiaux,
    ReducedGaussian,
    Sampling,
)
from samplings.arrays import FloatArray, IntArray
from samplings.rings import RingSampling
from samplings.schemes.quadrature import gauss_legendre
from samplings.schemes.regular_grid import RegularGrid

# Round-off of the mirror symmetry of a scheme, in radian.
_MIRROR_TOLERANCE = 1e-13
# A bandlimit L is resolved while L * h <= 2, with h the radius of the largest hole
# between the points. Measured on HEALPix, icosahedral, equiangular and uniformly random
# points: the area-weighted Gram matrix of the harmonics has eigenvalues in [.5, 1.5]
# there, and some are zero at L * h = 2.4.
_BANDLIMIT_TIMES_HOLE = 2.0
# HEALPix has holes of radius sqrt(2/3) / nside where three base pixels meet, and 2.4 is
# below 2 / sqrt(2/3).
_BANDLIMIT_PER_NSIDE = 2.4


@dataclass(frozen=True, eq=False)
class RingGeometry:
    """Rings of a sampling from north to south, in the order of their vertices.

    Parameters
    ----------
    theta
        Colatitudes in radian, shape ``(T,)``.
    n_phi
        Longitudes of each ring, 0 for a pole, which is one vertex, shape ``(T,)``.
    first_phi
        Longitude of the first vertex of each ring in radian, shape ``(T,)``.
    quadrature
        Weight of each vertex of a ring in steradian, shape ``(T,)``.
    order
        Vertex of the sampling at each place, if that order differs from this one.
    """

    theta: FloatArray
    n_phi: IntArray
    first_phi: FloatArray
    quadrature: FloatArray
    order: IntArray | None = None

    def __len__(self) -> int:
        return len(self.theta)

    def folding(self) -> tuple[int, int]:
        """Return the numbers of unpaired rings in the north, and of pairs after them.

        Pair i is ring ``lone + i`` and ring ``T - 1 - i``, its mirror image. There are
        no pairs if the rings are not symmetric about the equator.
        """
        for lone in (0, 1):
            pairs = (len(self) - lone) // 2
            north = slice(lone, lone + pairs)
            if pairs == 0:
                continue
            ends = self.theta[north] + self.theta[::-1][:pairs] - np.pi
            if np.abs(ends).max() < _MIRROR_TOLERANCE and all(
                np.allclose(a[north], a[::-1][:pairs], rtol=1e-11, atol=1e-13)
                for a in (self.n_phi, self.first_phi, self.quadrature)
            ):
                return lone, pairs
        return 0, 0

    def with_mirrors(self, first: int, stop: int) -> IntArray:
        """Return numbers of northern rings, ``first`` to ``stop``, and of mirrors.

        All rings are northern if they are not symmetric about the equator.
        """
        lone, pairs = self.folding()
        north = np.arange(first, stop)
        paired = north[(lone <= north) & (north < lone + pairs)]
        return np.concatenate([north, (len(self) - 1 + lone - paired)[::-1]])

    def part(self, some: IntArray) -> RingGeometry:
        """Return some of the rings, ascending, with their vertices as ``order``."""
        counts = np.maximum(self.n_phi, 1)
        start = np.cumsum(counts) - counts
        places = np.concatenate([start[r] + np.arange(counts[r]) for r in some])
        return RingGeometry(
            self.theta[some],
            self.n_phi[some],
            self.first_phi[some],
            self.quadrature[some],
            places if self.order is None else self.order[places],
        )


def ring_geometry(sampling: Sampling) -> RingGeometry | None:
    """Return the rings of a sampling, or None if it has no rings."""
    if isinstance(sampling, HEALPix):
        return _healpix_rings(sampling)
    if not isinstance(sampling, RingSampling):
        return None
    theta, counts = sampling.ring_theta, sampling.ring_n_phi
    pole = np.zeros(len(theta), dtype=bool)
    if isinstance(sampling, RegularGrid):
        pole = (theta == 0) | (theta == np.pi)
    return RingGeometry(
        theta,
        np.where(pole, 0, counts),
        np.where(pole, 0.0, sampling.ring_shift * (np.pi / counts)),
        sampling.quadrature[sampling.ring_start[:-1]],
    )


def _healpix_rings(sampling: HEALPix) -> RingGeometry:
    """Return the rings in RING ordering, with the vertices of NEST if needed."""
    import healpy

    nside = sampling.nside
    ring = np.arange(1, 4 * nside)
    counts = 4 * np.minimum(np.minimum(ring, 4 * nside - ring), nside)
    start = np.cumsum(counts) - counts
    order = None
    first = start
    if sampling.nest:
        order = healpy.ring2nest(nside, np.arange(len(sampling))).astype(np.int64)
        first = order[start]
    theta, phi = sampling.theta[first], sampling.phi[first]
    return RingGeometry(theta, counts, phi, sampling.quadrature[first], order)


def exact_bandlimit(sampling: Sampling) -> int | None:
    """Return the largest L for which the analysis of a sampling is exact.

    ===================  =============================================================
    sampling             L allowed by the rings
    ===================  =============================================================
    ``GaussLegendre``    ``n_theta``
    ``McEwenWiaux``      ``n_theta``
    ``Equiangular``      ``n_theta`` for ``"fejer"``, ``n_theta - 1`` for
                         ``"clenshaw-curtis"``, ``n_theta // 2`` for
                         ``"driscoll-healy"``
    ``ReducedGaussian``  half the degree that its quadrature integrates, plus 1
    ===================  =============================================================

    Rings of ``n_phi`` longitudes allow L up to ``(n_phi + 1) // 2``. Samplings without
    a sampling theorem return None.

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


def resolved_bandlimit(sampling: Sampling) -> int:
    """Return the L that the vertices of a whole sampling determine by least squares.

    It is 2 / h, at least 1, for the radius h in radian of the largest empty disc.
    """
    if isinstance(sampling, HEALPix):
        return max(1, int(_BANDLIMIT_PER_NSIDE * sampling.nside))
    try:
        # Delaunay faces are facets of the hull, at the cosine of their circumradius.
        cosine = -ConvexHull(sampling.xyz).equations[:, 3].max()
    except QhullError:
        cosine = 0.0
    return max(1, int(_BANDLIMIT_TIMES_HOLE / math.acos(min(max(cosine, -1.0), 1.0))))


def interpolation(sampling: Sampling, L: int) -> Interpolation | None:
    r"""Return the interpolation that the analysis needs, or None for plain quadrature.

    If the rule of the rings integrates products of two functions of degrees below L,
    quadrature is the analysis. Half as many equiangular rings suffice: continued over
    the whole circle of a meridian, evenly for even orders and oddly for odd ones, the
    order m of a signal is a trigonometric polynomial of degree L - 1, and determined by
    :math:`N \geq 2L - 1` equally spaced points through

    .. math:: D(\theta) = \frac1N \sum_{|k| \leq N/2} e^{ik\theta}

    with half of the terms with 2|k| = N. It is evaluated at Gauss-Legendre nodes, whose
    rule is exact for it. Coefficients do not depend on L.

    Equivalent to section III of McEwen and Wiaux 2011, IEEE Trans. Signal Process. 59,
    5876 (arXiv:1110.6298), with sums over other nodes for the integrals.
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
    # A pole, on both halves of the circle, counts once.
    pole = (theta == 0) | (theta == np.pi)
    beyond[:, pole] = 0
    odd = np.where(pole, 0.0, toward - beyond)
    return Interpolation(nodes, weights, toward + beyond, odd)


def _kernel(theta: FloatArray, around: int) -> FloatArray:
    r"""Return the mean of exp(i k theta) over \|k\| <= N / 2 for N points around."""
    sine, cosine = np.sin(theta / 2), np.cos(theta / 2)
    near = np.abs(sine) < 1e-12
    # For even N, half of the terms with 2 |k| = N gives the cosine.
    factor = cosine if around % 2 == 0 else 1.0
    ratio = factor * np.sin(around * theta / 2) / np.where(near, 1.0, sine)
    return np.asarray(np.where(near, around, ratio) / around)
