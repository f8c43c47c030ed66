"""Bases of filters: piecewise linear functions, Zernike polynomials, Morlet waves."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import eval_jacobi

from deepsphere_pyg.layers.graph.disco.filter_basis import FilterBasis
from samplings.arguments import integer_argument
from samplings.arrays import FloatArray

# Values of hats that are zero but for round-off.
ZERO = 1e-9


@dataclass(frozen=True)
class PiecewiseLinearBasis(FilterBasis):
    r"""Hats over the nodes of a polar grid.

    .. math::
        \psi_{ij}(r, \alpha) = h\!\left(\frac{r - r_i}{\Delta r}\right)
        h\!\left(\frac{\alpha - \alpha_j}{\Delta\alpha}\right), \quad
        h(t) = \max(0, 1 - |t|)

    Nodes are ``2 / (radial + 1)`` apart along a diameter, in units of the cutoff, and
    at azimuths :math:`\alpha_j = 2\pi j / n - \pi`, the first to the north. With an odd
    ``radial`` the first function is a cone about the centre. With an even one the
    innermost hats cross the centre. All vanish at the cutoff.

    Parameters
    ----------
    radial
        Number of nodes along a diameter.
    azimuthal
        Number n of nodes on a circle; with 1, functions are isotropic.

    Raises
    ------
    TypeError, ValueError
        If a number is not an integer, or below 1.

    Notes
    -----
    Functions and order are those of torch-harmonics,
    ``kernel_shape=(radial, azimuthal)``.

    Examples
    --------
    >>> PiecewiseLinearBasis(3, 4).n_basis
    5
    >>> PiecewiseLinearBasis(3).values(np.array([0.0, 0.25, 1.0]), np.zeros(3))
    array([[1. , 0.5, 0. ],
           [0. , 0.5, 0. ]])
    """

    radial: int
    azimuthal: int = 1

    def __post_init__(self) -> None:
        integer_argument("radial", self.radial, 1)
        integer_argument("azimuthal", self.azimuthal, 1)

    @property
    def n_basis(self) -> int:
        """``radial // 2`` rings of ``azimuthal`` nodes, and the centre."""
        return self.radial // 2 * self.azimuthal + self.radial % 2

    @property
    def isotropic(self) -> npt.NDArray[np.bool_]:
        """All functions with one azimuthal node, else that of the centre."""
        centre = np.arange(self.n_basis) < self.radial % 2
        return np.full(self.n_basis, True) if self.azimuthal == 1 else centre

    @property
    def rings(self) -> float:
        """Nodes are as far apart as vertices, or somewhat farther."""
        return self.radial / 2 + 1

    @property
    def period(self) -> int:
        """Number of azimuthal nodes."""
        return self.azimuthal

    def values(self, radius: FloatArray, azimuth: FloatArray) -> FloatArray:
        """Return the hats, shape ``(B, E)``."""
        step = 2 / (self.radial + 1)
        odd = self.radial % 2
        rows = [_hat(radius / step)] if odd else []
        # Nodes start at -pi; what lies across the centre is turned by pi.
        turns = 2 * np.pi * np.arange(self.azimuthal) / self.azimuthal
        sectors = [self._sector(azimuth - turn + np.pi) for turn in turns]
        for ring in range(self.radial // 2):
            along = _hat(radius / step - ring - (1.0 if odd else 0.5))
            if self.azimuthal == 1:
                rows.append(along)
                continue
            some = [along * sector for sector in sectors]
            if ring == 0 and not odd:
                beyond = _hat(radius / step + 0.5)
                for row, turn in zip(some, turns, strict=True):
                    row += beyond * self._sector(azimuth - turn)
            rows += some
        return np.stack(rows)

    def _sector(self, azimuth: FloatArray) -> FloatArray:
        """Return the hat over azimuths, of differences of any number of turns."""
        distance = np.abs((azimuth + np.pi) % (2 * np.pi) - np.pi)
        return _hat(distance * self.azimuthal / (2 * np.pi))

    def support(self, values: FloatArray) -> npt.NDArray[np.bool_]:
        """Return where hats are positive."""
        return values > ZERO


@dataclass(frozen=True)
class ZernikeBasis(FilterBasis):
    r"""Zernike polynomials, orthonormal on the disc.

    .. math::
        Z_{nm}(r, \alpha) = \sqrt{\frac{2 (n + 1)}{\pi (1 + \delta_{m0})}}\;
        R_n^{|m|}(r) \begin{cases} \cos m\alpha & m \ge 0 \\ \sin m\alpha & m < 0
        \end{cases}

    for n < ``order`` and m = -n, -n + 2, ..., n, in this order. They do not vanish at
    the cutoff.

    Parameters
    ----------
    order
        Number of degrees n.

    Raises
    ------
    TypeError, ValueError
        If ``order`` is not an integer, or below 1.

    Notes
    -----
    Functions and order are those of torch-harmonics, ``kernel_shape=order``.

    Examples
    --------
    >>> ZernikeBasis(3).n_basis
    6
    """

    order: int

    def __post_init__(self) -> None:
        integer_argument("order", self.order, 1)

    @property
    def n_basis(self) -> int:
        """``order (order + 1) / 2``."""
        return self.order * (self.order + 1) // 2

    @property
    def isotropic(self) -> npt.NDArray[np.bool_]:
        """The functions of m = 0."""
        return np.array([m == 0 for _, m in self._degrees()])

    @property
    def rings(self) -> float:
        """Polynomials of degree ``order - 1`` have as many zeros along a diameter."""
        return self.order / 2 + 1

    def _degrees(self) -> list[tuple[int, int]]:
        return [(n, m) for n in range(self.order) for m in range(-n, n + 1, 2)]

    def values(self, radius: FloatArray, azimuth: FloatArray) -> FloatArray:
        """Return the polynomials, shape ``(B, E)``."""
        rows = []
        for n, m in self._degrees():
            k, low = (n - abs(m)) // 2, abs(m)
            along = radius**low * eval_jacobi(k, 0, low, 2 * radius**2 - 1)
            around = np.sin(m * azimuth) if m < 0 else np.cos(m * azimuth)
            norm = math.sqrt(2 * (n + 1) / (math.pi * (2 if m == 0 else 1)))
            rows.append(norm * along * around)
        return np.stack(rows)


@dataclass(frozen=True)
class MorletBasis(FilterBasis):
    r"""Waves along the two axes under a window.

    .. math::
        \psi_{ij}(r, \alpha) = \cos^2\!\left(\frac{\pi r}{2}\right)
        t_i(r \cos\alpha)\; t_j(r \sin\alpha), \quad
        t = 1, \sin \pi x, \cos \pi x, \sin 2 \pi x, \ldots

    They vanish at the cutoff.

    Parameters
    ----------
    meridional
        Number of waves i along the meridian, from north to south.
    zonal
        Number of waves j along the parallel, from west to east; as many if None. The
        last index runs fastest.

    Raises
    ------
    TypeError, ValueError
        If a number is not an integer, or below 1.

    Notes
    -----
    Functions and order are those of torch-harmonics, basis ``"morlet"`` with
    ``kernel_shape=(meridional, zonal)``; its ``"harmonic"`` basis divides each by its
    norm on the disc.

    Examples
    --------
    >>> MorletBasis(3).n_basis
    9
    """

    meridional: int
    zonal: int | None = None

    def __post_init__(self) -> None:
        integer_argument("meridional", self.meridional, 1)
        if self.zonal is not None:
            integer_argument("zonal", self.zonal, 1)

    @property
    def _counts(self) -> tuple[int, int]:
        return self.meridional, self.meridional if self.zonal is None else self.zonal

    @property
    def n_basis(self) -> int:
        """``meridional * zonal``."""
        return math.prod(self._counts)

    @property
    def isotropic(self) -> npt.NDArray[np.bool_]:
        """The first function, the window itself."""
        first: npt.NDArray[np.bool_] = np.arange(self.n_basis) == 0
        return first

    @property
    def rings(self) -> float:
        """Half a wave is at least as long as the spacing."""
        return max(self._counts) // 2 + 1.5

    def values(self, radius: FloatArray, azimuth: FloatArray) -> FloatArray:
        """Return the waves, shape ``(B, E)``."""
        south = _waves(radius * np.cos(azimuth), self._counts[0])
        east = _waves(radius * np.sin(azimuth), self._counts[1])
        window = np.cos(np.pi / 2 * radius) ** 2
        product = window * south[:, None] * east[None]
        values: FloatArray = product.reshape(self.n_basis, *radius.shape)
        return values


def _hat(t: FloatArray) -> FloatArray:
    hat: FloatArray = np.clip(1 - np.abs(t), 0.0, None)
    return hat


def _waves(x: FloatArray, count: int) -> FloatArray:
    """Return 1, sin(pi x), cos(pi x), sin(2 pi x), ..., shape ``(count, E)``."""
    return np.stack(
        [
            np.sin((i + 1) // 2 * np.pi * x) if i % 2 else np.cos(i // 2 * np.pi * x)
            for i in range(count)
        ]
    )
