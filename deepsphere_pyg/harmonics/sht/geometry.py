"""Where rings of equally spaced longitudes lie, and how their hemispheres fold."""

from __future__ import annotations

from dataclasses import dataclass

import healpy
import numpy as np

from samplings import HEALPix, Sampling
from samplings.arrays import FloatArray, IntArray
from samplings.rings import RingSampling
from samplings.schemes.regular_grid import RegularGrid

# What round-off leaves of the mirror symmetry of a scheme, in radian.
MIRROR_TOLERANCE = 1e-13


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
        Vertex of the sampling at each place of that order, where it is another.
    """

    theta: FloatArray
    n_phi: IntArray
    first_phi: FloatArray
    quadrature: FloatArray
    order: IntArray | None = None

    def __len__(self) -> int:
        return len(self.theta)

    def folding(self) -> tuple[int, int]:
        """Return how many rings stand alone in the north, and how many pairs follow.

        Pair i is ring ``lone + i`` and ring ``T - 1 - i``, its mirror at the equator.
        No pairs where the rings are not mirrored.
        """
        for lone in (0, 1):
            pairs = (len(self) - lone) // 2
            north = slice(lone, lone + pairs)
            if pairs == 0:
                continue
            ends = self.theta[north] + self.theta[::-1][:pairs] - np.pi
            if np.abs(ends).max() < MIRROR_TOLERANCE and all(
                np.allclose(a[north], a[::-1][:pairs], rtol=1e-11, atol=1e-13)
                for a in (self.n_phi, self.first_phi, self.quadrature)
            ):
                return lone, pairs
        return 0, 0


def ring_geometry(sampling: Sampling) -> RingGeometry | None:
    """Return the rings of a sampling, or nothing where it has none."""
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
    """Rings of the RING ordering; NEST is another order of the same pixels."""
    nside = sampling.nside
    ring = np.arange(1, 4 * nside)
    counts = 4 * np.minimum(np.minimum(ring, 4 * nside - ring), nside)
    start = np.cumsum(counts) - counts
    order = None
    first = start
    if sampling.nest:
        order = healpy.ring2nest(nside, np.arange(len(sampling))).astype(np.int64)
        first = order[start]
    return RingGeometry(
        sampling.theta[first],
        counts,
        sampling.phi[first],
        sampling.quadrature[first],
        order,
    )
