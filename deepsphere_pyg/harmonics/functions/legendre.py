"""Associated Legendre functions, normalised, to any degree."""

from __future__ import annotations

import math
from collections.abc import Container, Iterator, Sequence
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from samplings.arguments import integer_argument, integers_argument
from samplings.arrays import FloatArray
from samplings.quantities import radians

# Powers of two. Functions that start below 2**SMALLEST have a separate exponent, and
# are scaled by 2**STEP once they have passed 2**LARGEST.
SMALLEST = -900
LARGEST = -300
STEP = 600
# Degrees between two checks of the sizes. A step grows by sqrt(2m + 3) at most: by
# 2**480 over 64 steps for orders up to 16000, far from overflow.
BLOCK = 64
# Colatitudes computed at once, to stay in the processor's cache.
CHUNK = 8192


def associated_legendre(
    theta: npt.ArrayLike,
    L: SupportsIndex,
    orders: Sequence[SupportsIndex] | None = None,
) -> Iterator[tuple[int, FloatArray]]:
    r"""Yield the normalised associated Legendre functions, order after order.

    .. math::
        \bar P_l^m(\cos\theta) = \sqrt{\frac{2l+1}{4\pi} \frac{(l-m)!}{(l+m)!}}
        \sin^m\theta \, \frac{d^m P_l}{dx^m}(\cos\theta)

    so that :math:`Y_{l0} = \bar P_l^0` and :math:`\sqrt2 \bar P_l^m \cos m\varphi`,
    :math:`\sqrt2 \bar P_l^m \sin m\varphi` are orthonormal on the sphere. There is no
    Condon-Shortley phase: near the north pole all are positive.

    Parameters
    ----------
    theta
        Colatitudes in radian, in [0, pi], shape ``(T,)``. The float nearest to pi is
        the south pole.
    L
        Bandlimit: degrees below L.
    orders
        Orders that are yielded, below L; all by default. They come by ascending order.

    Yields
    ------
    m : int
        Order, 0 ... L - 1.
    values : ndarray
        Degrees m ... L - 1, shape ``(L - m, T)``, writable.

    Raises
    ------
    TypeError, ValueError
        If L is not an integer or below 1; if ``theta`` is not one-dimensional, empty,
        or out of range; if ``orders`` are not integers from 0 to L - 1.

    Notes
    -----
    With :math:`q_l = (l-m)! / (l+m)! \, P_l^m`, up to a factor, and
    :math:`u = 1 - \cos\theta = 2\sin^2(\theta/2)`, the recurrence over l at fixed m is

    .. math:: q_l - q_{l-1} = \frac{(l-1-m)(q_{l-1} - q_{l-2}) - (2l-1) u q_{l-1}}{l+m},

    which does not cancel near the pole, where the usual recurrence in
    :math:`\cos\theta` loses :math:`l^2` units of round-off (Reinsch's modification of
    Clenshaw's method). The southern hemisphere follows by parity. Errors stay below
    1e-13 to degree 1024, where the functions reach 13.

    The functions start from :math:`\sin^m\theta`, which often underflows, and are
    carried with an exponent; values below 1e-308 become zero. Only one order is in
    memory at a time.

    Examples
    --------
    >>> for m, values in associated_legendre([np.pi / 3], 2):
    ...     print(m, np.round(values[:, 0] * np.sqrt(4 * np.pi), 6))
    0 [1.       0.866025]
    1 [1.06066]
    """
    bandlimit = integer_argument("L", L, 1)
    wanted: Container[int] = range(bandlimit)
    if orders is not None:
        wanted = _checked_orders(orders, bandlimit)
    return _orders(_checked_colatitudes(theta), bandlimit, wanted)


def _checked_orders(orders: Sequence[SupportsIndex], bandlimit: int) -> set[int]:
    """Return the checked orders."""
    wanted = set(integers_argument("orders", orders, 0))
    beyond = max(wanted, default=0)
    if beyond >= bandlimit:
        raise ValueError(
            f"orders must be below L = {bandlimit}, got {beyond}; functions of degrees "
            "below L have no others"
        )
    return wanted


def _checked_colatitudes(theta: npt.ArrayLike) -> FloatArray:
    """Return the checked colatitudes as float64."""
    angles = radians("theta", theta)
    if angles.ndim != 1 or angles.size == 0:
        raise ValueError(
            "theta must be a list of colatitudes, shape (T,) with T >= 1, got shape "
            f"{angles.shape}; flatten it with numpy.ravel(theta)"
        )
    inside = (angles >= 0) & (angles <= np.pi)
    if not inside.all():
        bad = int(np.flatnonzero(~inside)[0])
        raise ValueError(
            f"theta must be colatitudes in [0, pi] radian, got {angles[bad]} at index "
            f"{bad}; from latitudes in degree: numpy.deg2rad(90 - lat)"
        )
    return angles


def _orders(
    theta: FloatArray, bandlimit: int, wanted: Container[int]
) -> Iterator[tuple[int, FloatArray]]:
    """Yield the wanted orders with their functions."""
    south = theta > np.pi / 2
    parity = np.where(south, -1.0, 1.0)
    half = theta / 2
    # 1 - |cos(theta)|, to the last digit on both hemispheres.
    u = 2 * np.where(south, np.cos(half), np.sin(half)) ** 2
    log_sine = _log2_sine(theta)
    # Of the functions of degree m: sqrt((2m + 1)!! / (2m)!! / 4 pi) sin(theta)**m.
    factor = 1 / math.sqrt(4 * math.pi)
    for m in range(bandlimit):
        if m:
            factor *= math.sqrt((2 * m + 1) / (2 * m))
        if m not in wanted:
            continue
        first, exponent = np.full_like(theta, factor), None
        if m:
            first, exponent = _power(log_sine, m)
            first *= factor
        values = np.empty((bandlimit - m, len(theta)))
        for start in range(0, len(theta), CHUNK):
            part = slice(start, start + CHUNK)
            powers = None if exponent is None else exponent[part]
            _fill(values[:, part], first[part], powers, u[part], m)
            if south[part].any():
                values[1::2, part] *= parity[part]
        yield m, values


def _power(log_sine: FloatArray, m: int) -> tuple[FloatArray, FloatArray | None]:
    """Return sin(theta)**m up to a factor, and the exponent of that power of two."""
    size = m * log_sine
    # Zero, at the poles, needs no exponent.
    small = (size < SMALLEST) & np.isfinite(size)
    if not small.any():
        return np.exp2(size), None
    exponent = np.where(small, np.floor(size) - SMALLEST, 0.0)
    return np.exp2(size - exponent), exponent


def _log2_sine(theta: FloatArray) -> FloatArray:
    """Logarithm to base 2 of sin(theta), minus infinity at both poles."""
    sine = np.where(theta == np.pi, 0.0, np.sin(theta))
    with np.errstate(divide="ignore"):
        logarithm = np.log2(sine)
        # Near the equator the sine rounds to 1, but its high powers differ.
        cosine = np.cos(theta)
        accurate = np.log1p(-cosine * cosine) / (2 * math.log(2))
    return np.where(sine > 0.7, accurate, logarithm)


def _fill(
    values: FloatArray,
    first: FloatArray,
    exponent: FloatArray | None,
    u: FloatArray,
    m: int,
) -> None:
    """Fill in the functions of order m, degree by degree, ``(L - m, T)``.

    Those of degree m are ``first`` times two to the power ``exponent``.
    """
    values[0] = first if exponent is None else first * np.exp2(exponent)
    last, difference, product = first, np.zeros_like(u), np.empty_like(u)
    bandlimit = m + len(values)
    for start in range(m + 1, bandlimit, BLOCK):
        degrees = np.arange(start, min(start + BLOCK, bandlimit))
        rows = values[start - m : start - m + BLOCK]
        shrink = ((degrees - 1 - m) / (degrees + m)).tolist()
        steps = ((2 * degrees - 1) / (degrees + m))[:, None] * u
        for row, factor, step in zip(rows, shrink, steps, strict=True):
            difference *= factor
            np.multiply(step, last, out=product)
            difference -= product
            last = np.add(last, difference, out=row)
        # Normalisations relative to that before the block.
        ratios = (2 * degrees + 1) / (2 * degrees - 1) * ((degrees + m) / (degrees - m))
        growth = np.cumprod(np.sqrt(ratios))
        rows *= growth[:, None]
        difference *= growth[-1]
        if exponent is not None:
            last = last.copy()
            rows *= np.exp2(exponent)
            up = np.where(np.abs(last) > 2.0**LARGEST, np.minimum(STEP, -exponent), 0.0)
            last *= np.exp2(-up)
            difference *= np.exp2(-up)
            exponent = exponent + up if (exponent + up).any() else None
