"""Gaussian grids: rings at the zeros of a Legendre polynomial, full and reduced."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from samplings.arguments import counted, integer_argument
from samplings.arrays import FloatArray, IntArray
from samplings.coarsening import Coarsening
from samplings.rings import RingSampling
from samplings.schemes.quadrature import gauss_legendre
from samplings.schemes.regular_grid import RegularGrid
from samplings.schemes.ring_aliasing import degree_without_aliasing
from samplings.transfer.ring_overlap import conservative_coarsening


class GaussLegendre(RegularGrid):
    r"""Gaussian grid of L rings, with an exact transform for bandlimit L.

    .. math:: P_L(\cos\theta_t) = 0, \quad \varphi_p = 2\pi p / n_\varphi

    The areas of the cells *are* the quadrature weights: in :math:`\cos\theta` the
    boundary between two rings is at the sum of the Gauss-Legendre weights from the
    pole, which lies between the rings (Chebyshev, Markov, Stieltjes). Vertices go from
    north to south, and eastwards on each ring.

    Parameters
    ----------
    L
        Bandlimit L, the number of rings; degrees 0 ... L - 1.
    n_phi
        Number of points on a ring, by default ``2 * L``.

    Attributes
    ----------
    n_theta, n_phi
        Shape of a map.

    Raises
    ------
    TypeError, ValueError
        If ``L`` or ``n_phi`` is not an integer, or below 1.

    Notes
    -----
    ECMWF's regular Gaussian grid ``N`` is ``GaussLegendre(2 * N)``. Source of the
    interlacing: Szegő 1939, Orthogonal Polynomials, theorem 3.41.1.

    Examples
    --------
    >>> sampling = GaussLegendre(8)
    >>> sampling, sampling.exact_degree
    (GaussLegendre(L=8, n_phi=16) with 128 vertices, 15)
    """

    config_type = "gauss-legendre"
    config_keys = ("L", "n_phi")
    L: int

    def __init__(self, L: int, n_phi: int | None = None) -> None:
        L = integer_argument("L", L, 1)
        default = 2 * L if n_phi is None else n_phi
        n_phi = integer_argument("n_phi", default, 1)
        object.__setattr__(self, "L", L)
        theta, weights, _ = gauss_legendre(L)
        area = weights * (2 * np.pi / n_phi)
        super().__init__(theta, n_phi, 0, _boundaries(weights), area)

    @property
    def exact_degree(self) -> int:
        """The lesser of ``2 * L - 1`` and ``n_phi - 1``."""
        return min(2 * self.L, self.n_phi) - 1

    def coarsen(self) -> Coarsening:
        """Halve the bandlimit and ``n_phi``, rounded up; share cells by overlap.

        Raises
        ------
        ValueError
            If ``L`` is 1.
        """
        if self.L == 1:
            raise ValueError(
                "L must be at least 2 to halve it, got 1; "
                "start from twice as much for each coarsening"
            )
        half = (self.L + 1) // 2
        default = self.n_phi == 2 * self.L
        n_phi = 2 * half if default else (self.n_phi + 1) // 2
        return conservative_coarsening(self, GaussLegendre(half, n_phi))


class ReducedGaussian(RingSampling):
    r"""Gaussian grid with fewer longitudes on the rings near the poles.

    .. math:: P_R(\cos\theta_t) = 0, \quad \varphi_{tp} = 2\pi p / n_t

    As for :class:`GaussLegendre`, areas are quadrature weights.

    Parameters
    ----------
    n_phi_per_ring
        Numbers of longitudes :math:`n_t` of all R rings, from north to south: the list
        ``pl`` of a GRIB file.

    Raises
    ------
    TypeError
        If a number is not an integer.
    ValueError
        If the list is not one-dimensional, is empty, or a number is below 1.

    Notes
    -----
    Source: Hortal and Simmons 1991, Mon. Weather Rev. 119, 1057; the octahedral grid:
    Malardel et al. 2016, ECMWF Newsletter 146, 23.

    Examples
    --------
    >>> ReducedGaussian([4, 8, 12, 12, 8, 4])
    ReducedGaussian with 6 rings of 4 to 12 longitudes and 48 vertices
    >>> ReducedGaussian.octahedral(32)
    ReducedGaussian.octahedral(32) with 5248 vertices
    """

    config_type = "reduced-gaussian"

    def __init__(self, n_phi_per_ring: npt.ArrayLike) -> None:
        n_phi = _counts(n_phi_per_ring)
        theta, weights, _ = gauss_legendre(len(n_phi))
        area = weights * (2 * np.pi / n_phi)
        super().__init__(theta, n_phi, 0, _boundaries(weights), area)

    @classmethod
    def octahedral(cls, n: int) -> ReducedGaussian:
        """Return ECMWF's octahedral grid ``O(n)`` of ``4 n (n + 9)`` vertices.

        It has 2n rings, of ``20 + 4 (i - 1)`` points on the i-th from either pole.

        Parameters
        ----------
        n
            Number of rings between a pole and the equator.

        Raises
        ------
        TypeError, ValueError
            If ``n`` is not an integer, or below 1.
        """
        north = 20 + 4 * np.arange(integer_argument("n", n, 1))
        return cls(np.concatenate([north, north[::-1]]))

    @property
    def config(self) -> dict[str, Any]:
        """``{"type": "reduced-gaussian", "n_phi_per_ring": [...]}``."""
        counts = [int(n) for n in self.ring_n_phi]
        return {"type": self.config_type, "n_phi_per_ring": counts}

    @property
    def name(self) -> str:
        """``reducedgaussian-o<n>``, or ``reducedgaussian-<rings>-<vertices>``."""
        n = self._octahedral()
        kind = f"{len(self.ring_theta)}-{len(self)}" if n is None else f"o{n}"
        return f"reducedgaussian-{kind}"

    def __repr__(self) -> str:
        n = self._octahedral()
        if n is not None:
            return f"ReducedGaussian.octahedral({n}) with {len(self)} vertices"
        counts = self.ring_n_phi
        return (
            f"ReducedGaussian with {len(counts)} rings of {counts.min()} to "
            f"{counted(counts.max(), 'longitude')} and "
            f"{counted(len(self), 'vertex', 'vertices')}"
        )

    @cached_property
    def exact_degree(self) -> int:
        """Degree up to which no ring aliases above round-off, at most 2R - 1.

        A ring of n longitudes mistakes order n for order 0. Near a pole those harmonics
        are too small to matter: see
        :func:`samplings.schemes.ring_aliasing.degree_without_aliasing`.
        """
        return degree_without_aliasing(
            self.ring_theta,
            self.ring_n_phi,
            self.weights[self.ring_start[:-1]] * self.ring_n_phi,
            2 * len(self.ring_theta) - 1,
        )

    def coarsen(self) -> Coarsening:
        """Halve the rings, rounded up, and their longitudes; share cells by overlap.

        ``O(n)`` becomes ``O(n / 2)``, rounded up. Otherwise a ring gets half of the
        mean longitudes of the two that it replaces, rounded up, or of every other ring
        if their number is odd.

        Raises
        ------
        ValueError
            If there is one ring, or the grid is ``O(1)``.
        """
        n = self._octahedral()
        counts = self.ring_n_phi
        if n == 1 or len(counts) == 1:
            raise ValueError(f"{self!r} has no coarser one; start from more rings")
        if n is not None:
            coarse = ReducedGaussian.octahedral((n + 1) // 2)
        elif len(counts) % 2:
            coarse = ReducedGaussian((counts[::2] + 1) // 2)
        else:
            coarse = ReducedGaussian((counts[::2] + counts[1::2] + 3) // 4)
        return conservative_coarsening(self, coarse)

    def _octahedral(self) -> int | None:
        """Return n if this is ``O(n)``, and None otherwise."""
        n, odd = divmod(len(self.ring_n_phi), 2)
        ring = np.arange(n)
        north = 20 + 4 * ring
        expected = np.concatenate([north, north[::-1]])
        return None if odd or not np.array_equal(self.ring_n_phi, expected) else n


def _counts(n_phi_per_ring: npt.ArrayLike) -> IntArray:
    """Return the checked numbers of longitudes."""
    array = np.asarray(n_phi_per_ring)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(
            "n_phi_per_ring must be a list with one number of longitudes per ring, "
            f"got shape {array.shape}; pass both hemispheres, from north to south"
        )
    if not np.issubdtype(array.dtype, np.integer):
        raise TypeError(
            f"n_phi_per_ring must be integers, got {array.dtype}; convert with "
            "numpy.asarray(n_phi_per_ring, dtype=int)"
        )
    if array.min() < 1:
        ring = int(array.argmin())
        raise ValueError(
            f"each ring needs at least 1 longitude, got {array[ring]} on ring {ring}; "
            "for part of a grid, mask the whole one"
        )
    return array.astype(np.int64)


def _boundaries(weights: FloatArray) -> FloatArray:
    """Return colatitudes up to which a symmetric rule's weights sum in cos(theta)."""
    # Summed from the nearer pole, whose distance in cos(theta) is 2 sin(theta / 2)**2:
    # differences from 1 would lose thin rings.
    n = len(weights)
    north = 2 * np.arcsin(np.sqrt(np.cumsum(weights[: (n - 1) // 2]) / 2))
    equator = [] if n % 2 else [np.pi / 2]
    return np.concatenate([[0.0], north, equator, np.pi - north[::-1], [np.pi]])
