"""Samplings made of rings: circles of latitude with equally spaced longitudes."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from samplings.arrays import FloatArray, IntArray, read_only
from samplings.base import Sampling
from samplings.tessellation.bands import Bands


class RingSampling(Sampling):
    r"""Base of samplings made of rings: their geometry, areas and symmetries.

    .. math:: \varphi_{tj} = \frac{\pi (2j + s_t)}{n_t}, \quad
        a_{tj} = \frac{2\pi}{n_t} (\cos\theta_{t-1/2} - \cos\theta_{t+1/2})

    Vertices are ordered ring by ring from the north, and eastwards along a ring. A ring
    at a pole has one vertex. The cell of a vertex reaches half a step to the west and
    east, and from one boundary of its ring to the other.

    Parameters
    ----------
    theta
        Colatitudes of the rings in radian, from the north, shape ``(R,)``.
    n_phi
        Number of vertices on each ring, shape ``(R,)``.
    shift
        First longitude of each ring in half steps, 0 for a vertex at longitude 0 and 1
        for a boundary; one for all rings, or shape ``(R,)``.
    edges
        Colatitudes of the boundaries of the rings in radian, from 0 to pi,
        shape ``(R + 1,)``.
    area
        Areas of the cells of each ring in steradian, shape ``(R,)``; by default those
        between the boundaries.

    Attributes
    ----------
    ring_theta, ring_n_phi, ring_shift, ring_edges
        The parameters.
    ring_start
        First vertex of each ring, and the number of vertices, shape ``(R + 1,)``.

    Examples
    --------
    >>> from samplings import ReducedGaussian
    >>> sampling = ReducedGaussian([4, 6, 4])
    >>> sampling.ring_start, np.rad2deg(sampling.ring_theta).round()
    (array([ 0,  4, 10, 14]), array([ 39.,  90., 141.]))
    """

    ring_theta: FloatArray
    ring_n_phi: IntArray
    ring_shift: IntArray
    ring_edges: FloatArray
    ring_start: IntArray

    def __init__(
        self,
        theta: npt.ArrayLike,
        n_phi: npt.ArrayLike,
        shift: npt.ArrayLike,
        edges: npt.ArrayLike,
        area: npt.ArrayLike | None = None,
    ) -> None:
        theta, edges = read_only(theta), read_only(edges)
        n_phi = _integers(n_phi, len(theta))
        start = _integers(np.concatenate([[0], np.cumsum(n_phi)]), len(theta) + 1)
        shift = _integers(shift, len(theta))
        names, rings = ("theta", "n_phi", "shift", "edges", "start"), (theta, n_phi)
        for name, value in zip(names, (*rings, shift, edges, start), strict=True):
            object.__setattr__(self, f"ring_{name}", value)
        if area is None:
            area = 2 * np.pi / n_phi * band_heights(edges[:-1], edges[1:])
        ring = np.repeat(np.arange(len(theta)), n_phi)
        steps = 2 * (np.arange(start[-1]) - start[ring]) + shift[ring]
        phi = steps * (np.pi / n_phi)[ring]
        # np.sin of pi is 1.2e-16; at a pole it must be 0.
        sine = np.where((theta == 0) | (theta == np.pi), 0.0, np.sin(theta))[ring]
        xyz = np.stack([sine * np.cos(phi), sine * np.sin(phi), np.cos(theta)[ring]], 1)
        super().__init__(xyz, np.asarray(area)[ring])

    def per_vertex(self, ring_weights: FloatArray) -> FloatArray:
        r"""Share a rule's ring weights ``(R,)``, of sum 2, among the vertices ``(V,)``.

        The result is in steradian, and sums to :math:`4\pi`.
        """
        return read_only(
            np.repeat(ring_weights * (2 * np.pi / self.ring_n_phi), self.ring_n_phi)
        )

    def bands(self) -> Bands:
        """Return the boundaries of the rings, and of their equally spaced cells."""
        n = self.ring_n_phi[::-1]
        west = (self.ring_shift[::-1] - 1) * np.pi / n
        z = np.cos(self.ring_edges[::-1])
        z[0], z[-1] = -1.0, 1.0
        start, apart = self.ring_start[:-1][::-1], np.zeros(len(n), dtype=bool)
        return Bands(z, n, west, start, None, n, apart)

    @property
    def symmetries(self) -> tuple[FloatArray, ...]:
        """Mirrors, and the smallest common turn of all rings about the axis."""
        generators = [read_only(np.diag([1.0, -1.0, 1.0]))]
        off_pole = (self.ring_theta > 0) & (self.ring_theta < np.pi)
        turns = math.gcd(*(int(n) for n in self.ring_n_phi[off_pole]))
        if turns > 1:
            c, s = math.cos(2 * math.pi / turns), math.sin(2 * math.pi / turns)
            generators.append(read_only([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]]))
        if self._is_mirrored():
            generators.append(read_only(np.diag([1.0, 1.0, -1.0])))
        return tuple(generators)

    def _is_mirrored(self) -> bool:
        """Whether the mirror at the equator maps rings onto rings."""
        # 1e-13 rad bounds the round-off of a symmetric scheme.
        return all(
            np.array_equal(rings, rings[::-1])
            for rings in (self.ring_n_phi, self.ring_shift)
        ) and all(
            np.abs(theta + theta[::-1] - np.pi).max() < 1e-13
            for theta in (self.ring_theta, self.ring_edges)
        )


def _integers(values: npt.ArrayLike, n: int) -> IntArray:
    """Return a read-only integer array of n values."""
    array = np.array(np.broadcast_to(values, n), dtype=np.int64)
    array.setflags(write=False)
    return array


def band_heights(north: FloatArray, south: FloatArray) -> FloatArray:
    """Return differences of cosines of colatitudes, accurate for thin polar bands."""
    return np.asarray(2 * np.sin((north + south) / 2) * np.sin((south - north) / 2))


def mid_parallels(theta: FloatArray) -> FloatArray:
    """Return the boundaries halfway between rings, and the poles, ``(R + 1,)``."""
    return np.concatenate([[0.0], (theta[:-1] + theta[1:]) / 2, [np.pi]])
