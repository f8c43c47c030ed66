"""Spherical Fibonacci lattice: points along a spiral, a golden angle apart."""

from __future__ import annotations

import math

import numpy as np

from samplings.arguments import integer_argument
from samplings.arrays import FloatArray, IntArray, read_only
from samplings.base import Sampling
from samplings.coarsening import Coarsening
from samplings.tessellation.voronoi import point_areas
from samplings.transfer.transfer import Transfer

# The golden angle as a fraction of a turn, (3 - sqrt(5)) / 2, times 2^64: its multiples
# wrap around exactly.
GOLDEN_TURN = np.uint64((3 * 2**64 - math.isqrt(5 * 2**128)) // 2)


class Fibonacci(Sampling):
    r"""Points of the spherical Fibonacci lattice: ``n`` of nearly equal area.

    .. math::
        z_i = 1 - \frac{2i + 1}{n}, \quad
        \varphi_i = 2\pi i \, \frac{3 - \sqrt 5}{2}

    Vertex 0 is the northernmost; the others follow southwards on a spiral.

    Parameters
    ----------
    n
        Number of points, any number from 4.

    Raises
    ------
    TypeError, ValueError
        If ``n`` is not an integer, or below 4.

    Notes
    -----
    Areas are those of the Voronoi cells, mostly hexagons, within some 2 % of
    :math:`4\pi / n` away from the poles.

    Sources: Swinbank and Purser 2006, Quarterly Journal of the Royal Meteorological
    Society 132, 1769; González 2010, Mathematical Geosciences 42, 49
    (arXiv:0912.4540).

    Examples
    --------
    >>> sampling = Fibonacci(100)
    >>> sampling.coarsen().coarse
    Fibonacci(n=25) with 25 vertices
    """

    config_type = "fibonacci"
    config_keys = ("n",)
    n: int

    def __init__(self, n: int) -> None:
        n = integer_argument("n", n, 4)
        object.__setattr__(self, "n", n)
        i = np.arange(n)
        z = (n - 1 - 2 * i) / n
        rho = np.sqrt((2 * i + 1) / n * ((2 * (n - i) - 1) / n))
        phi = _turns(i) * (2 * np.pi)
        xyz = np.stack([rho * np.cos(phi), rho * np.sin(phi), z], axis=1)
        xyz /= np.linalg.norm(xyz, axis=1)[:, None]
        super().__init__(xyz, point_areas(xyz))

    @property
    def symmetries(self) -> tuple[FloatArray, ...]:
        """The half turn about a point of the equator that reverses the spiral."""
        middle = float(_turns(np.array([self.n - 1]))[0]) * 2 * np.pi
        cos, sin = math.cos(middle), math.sin(middle)
        turn = np.array([[cos, sin, 0], [sin, -cos, 0], [0, 0, -1]])
        return (read_only(turn),)

    def coarsen(self) -> Coarsening:
        """Share the cells among those of the lattice with a quarter of the points.

        Lattices do not nest: each cell goes to the coarse cells it overlaps, by area.

        Raises
        ------
        ValueError
            If ``n < 16``.
        """
        if self.n < 16:
            raise ValueError(
                f"n must be at least 16 to leave 4 points, got {self.n}; "
                "start from four times as many for each coarsening"
            )
        coarse = Fibonacci(self.n // 4)
        return Transfer.conservative(self, coarse).coarsening()


def _turns(i: IntArray) -> FloatArray:
    """Return golden angles as fractions of a turn, in [0, 1)."""
    wrapped = i.astype(np.uint64) * GOLDEN_TURN
    # The upper 53 bits are a float exactly.
    return (wrapped >> np.uint64(11)).astype(np.float64) * 2.0**-53
