"""Wigner's small d: turns about y, for complex or real harmonics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.harmonics.rotations.wigner_recursion import (
    any_orders,
    real_part,
    refuse_beyond_recursion,
    wedges,
)
from samplings.arguments import integer_argument
from samplings.arrays import FloatArray, IntArray
from samplings.quantities import radians


def wigner_d(
    beta: npt.ArrayLike, L: SupportsIndex, N: SupportsIndex | None = None
) -> Iterator[tuple[int, FloatArray]]:
    r"""Yield Wigner's small d in the complex basis, degree after degree.

    .. math:: d^l_{mn}(\beta) = \langle Y_l^m | e^{-i \beta J_y} | Y_l^n \rangle

    Parameters
    ----------
    beta
        Angles in radian, of any shape.
    L
        Bandlimit: degrees below L.
    N
        Azimuthal bandlimit: orders n with :math:`|n| < N` only; by default all.

    Yields
    ------
    l : int
        Degree, 0 ... L - 1.
    d : ndarray
        Shape ``(*beta, 2l + 1, 2k + 1)`` with k = min(l, N - 1): rows are orders
        m = -l ... l, columns n = -k ... k.

    Raises
    ------
    TypeError, ValueError
        If L or N is not an integer, below 1, L above 900, N above L, or an angle is
        not finite.

    Notes
    -----
    Orders with :math:`m \ge |n|` start at l = m from
    :math:`\sqrt{\binom{2m}{m+n}} \cos^{m+n}\frac\beta2 (-\sin\frac\beta2)^{m-n}` and
    continue by the three-term recurrence in l, stable because d grows and then
    oscillates; the other orders follow by symmetry. It is written in differences of
    consecutive degrees and :math:`2\sin^2\frac\beta2`, which do not cancel for small
    :math:`\beta` (Reinsch's modification); angles beyond a right angle are mirrored.
    Matrices are orthogonal within 2e-14 at L = 256.

    Sources: Varshalovich et al. 1988, Quantum Theory of Angular Momentum, 4.8; Kostelec
    and Rockmore 2008, J. Fourier Anal. Appl. 14, 145.

    Examples
    --------
    >>> for l, d in wigner_d(np.pi / 2, 2):
    ...     print(l, d[0].round(3))
    0 [1.]
    1 [0.5   0.707 0.5  ]
    """
    return _matrices(*_checked(beta, L, N), real=False)


def real_wigner_d(
    beta: npt.ArrayLike, L: SupportsIndex, N: SupportsIndex | None = None
) -> Iterator[tuple[int, FloatArray]]:
    r"""Yield the matrices of turns about y of real harmonics, degree after degree.

    With :math:`\delta^\pm_{mn} = (-1)^m (\mp 1)^{n} d_{m,\pm n}` for m, n > 0,

    .. math::
        \Delta_{mn} = \delta^+_{mn} + \delta^-_{mn}, \quad
        \Delta_{-m,-n} = \delta^+_{mn} - \delta^-_{mn}, \quad
        \Delta_{m0} = \sqrt2 (-1)^m d_{m0}, \quad \Delta_{00} = d_{00}

    Cosines do not mix with sines: :math:`\Delta_{m,-n} = 0`.

    Parameters
    ----------
    beta, L, N
        As for :func:`wigner_d`.

    Yields
    ------
    l : int
        Degree, 0 ... L - 1.
    d : ndarray
        Shape ``(*beta, 2l + 1, 2k + 1)`` with k = min(l, N - 1).

    Raises
    ------
    TypeError, ValueError
        As for :func:`wigner_d`.

    Examples
    --------
    In the order (y, z, x), the rotation by a quarter turn takes z to x and x to -z:

    >>> *_, (l, d) = real_wigner_d(np.pi / 2, 2)
    >>> d.round(12).astype(int).tolist()
    [[1, 0, 0], [0, 0, -1], [0, 1, 0]]
    """
    return _matrices(*_checked(beta, L, N), real=True)


def _checked(
    beta: npt.ArrayLike, L: SupportsIndex, N: SupportsIndex | None
) -> tuple[FloatArray, int, int]:
    """Return the checked angles and bandlimits."""
    angles = radians("beta", beta)
    if not np.isfinite(angles).all():
        raise ValueError(
            f"beta must be finite, got {angles[~np.isfinite(angles)][0]}; drop the "
            "angles that are missing"
        )
    bandlimit, azimuthal = checked_bandlimits(L, N)
    refuse_beyond_recursion(bandlimit)
    return angles, bandlimit, azimuthal


def checked_bandlimits(
    L: SupportsIndex, N: SupportsIndex | None = None
) -> tuple[int, int]:
    """Return the checked bandlimit and azimuthal bandlimit, by default the same.

    Examples
    --------
    >>> checked_bandlimits(8), checked_bandlimits(8, 3)
    ((8, 8), (8, 3))
    """
    bandlimit = integer_argument("L", L, 1)
    azimuthal = bandlimit if N is None else integer_argument("N", N, 1)
    if azimuthal > bandlimit:
        raise ValueError(
            f"N must be at most L = {bandlimit}, got {azimuthal}: degree l has orders "
            f"|n| <= l only; pass N={bandlimit} for all of them"
        )
    return bandlimit, azimuthal


def _matrices(
    beta: FloatArray, L: int, N: int, real: bool
) -> Iterator[tuple[int, FloatArray]]:
    """Yield the whole matrix of each degree."""
    for degree, values in wedges(beta.ravel(), L, N):
        k = min(degree, N - 1)
        m = np.arange(-degree, degree + 1)[:, None]
        n = np.arange(-k, k + 1)
        if real:
            matrix = _real_matrix(values, m, n, N)
        else:
            matrix = any_orders(values, m, n, N)
        shape = (*beta.shape, *matrix.shape[:2])
        yield degree, np.moveaxis(matrix, -1, 0).reshape(shape)


def _real_matrix(values: FloatArray, m: IntArray, n: IntArray, N: int) -> FloatArray:
    """Return d of real harmonics of orders m (a column) and n, shape ``(m, n, T)``."""
    same = (m * n > 0) | ((m == 0) & (n == 0))
    one_zero = ((m == 0) != (n == 0)) & (m + n > 0)
    plus = same + np.sqrt(2) * one_zero
    minus = np.sign(m) * (m * n > 0)
    p, q = np.abs(m), np.abs(n)
    return np.asarray(
        plus[..., None] * real_part(values, p, q, N)
        + minus[..., None] * real_part(values, p, -q, N)
    )
