"""Latitudinal parts of spin harmonics: two of Wigner's functions, order by order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np

from deepsphere_pyg.harmonics.functions.legendre import (
    BLOCK,
    LARGEST,
    SMALLEST,
    STEP,
)
from samplings.arrays import FloatArray, IntArray


def spin_functions(
    theta: FloatArray, L: int, spin: int, orders: Iterable[int] | None = None
) -> Iterator[tuple[int, FloatArray, FloatArray]]:
    r"""Yield the latitudinal parts of the spin harmonics, order after order.

    .. math::
        A_{lm} = -(-1)^{s+m} \sqrt{\tfrac{2l+1}{8\pi}}
        \left(d^l_{m,-s} + (-1)^s d^l_{ms}\right), \quad
        C_{lm} = (-1)^{s+m} \sqrt{\tfrac{2l+1}{8\pi}}
        \left(d^l_{m,-s} - (-1)^s d^l_{ms}\right)

    and :math:`A_{l0}` without the root of 2. Gradient coefficients of real harmonics of
    orders m and -m give the components :math:`(A \cos m\varphi, -C \sin m\varphi)` and
    :math:`(A \sin m\varphi, C \cos m\varphi)`.

    Parameters
    ----------
    theta
        Colatitudes in radian, in [0, pi], shape ``(T,)``.
    L
        Bandlimit, above the spin.
    spin
        Above 0.
    orders
        Orders that are yielded, 0 ... L - 1 by default.

    Yields
    ------
    m : int
        Order, 0 ... L - 1.
    a, c : ndarray
        Degrees m ... L - 1, shape ``(L - m, T)``; zero below the spin.

    Notes
    -----
    :math:`d^l_{m,\pm s}` starts from the degree :math:`\max(m, s)` and follows by the
    three-term recurrence over l, in differences that do not cancel near a pole, and
    with exponents, as in :func:`associated_legendre`: any bandlimit, without overflow.
    Colatitudes beyond a right angle are mirrored.
    """
    south = theta > np.pi / 2
    half = theta / 2
    # The smaller of sine and cosine of half the angle.
    small = np.where(south, np.cos(half), np.sin(half))
    small[theta == np.pi] = 0
    versine = 2 * small * small
    for m in range(L) if orders is None else orders:
        plus, minus = _small_d(m, spin, L, small, versine)
        # d(pi - theta; m, n) = (-1)^(l + m) d(theta; m, -n)
        degrees = np.arange(m, L)[:, None]
        if south.any():
            flip = 1 - 2 * ((degrees + m) % 2)
            plus, minus = (
                np.where(south, flip * minus, plus),
                np.where(south, flip * plus, minus),
            )
        scale = np.sqrt((2 * degrees + 1) / (8 * np.pi)) * (-1) ** (spin + m)
        if m == 0:
            yield m, -math.sqrt(2) * scale * minus, np.zeros_like(minus)
            continue
        plus = (-1) ** spin * plus
        yield m, -scale * (minus + plus), scale * (minus - plus)


def _small_d(
    m: int, n: int, L: int, small: FloatArray, versine: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return d of orders m >= 0 and n > 0, and m and -n, each ``(L - m, T)``.

    Angles are at most a right one; ``small`` is the sine of their halves, ``versine``
    twice its square.
    """
    values = np.zeros((L - m, 2, len(small)))
    above, below = max(m, n), min(m, n)
    if above < L:
        _fill(values[above - m :], above, below, small, versine)
    plus, minus = values[:, 0], values[:, 1]
    # d(m, n) = (-1)^(m - n) d(n, m), but d(m, -n) = d(n, -m).
    return (-plus if n > m and (n - m) % 2 else plus), minus


def _fill(
    values: FloatArray, m: int, n: int, small: FloatArray, versine: FloatArray
) -> None:
    r"""Fill in d of orders m and n, and m and -n, :math:`m \ge n`, degree by degree.

    With :math:`d^l = \rho_l q_l`, where
    :math:`\rho_l^2 = (l+m)! (l-n)! / (l+n)! (l-m)!` makes q a Jacobi polynomial that is
    constant at 0, and :math:`u = 1 - \cos\theta`,

    .. math::
        q_{l+1} - q_l = \frac{l+1}{(l+1+m)(l+1-n)} \left(
        \frac{(l-m)(l+n)}{l} (q_l - q_{l-1}) - (2l+1) u q_l \right)
    """
    both = np.array([[n], [-n]])
    first, exponent = _start(m, both, small)
    values[0] = first if exponent is None else first * np.exp2(exponent)
    last, difference, product = first, np.zeros_like(first), np.empty_like(first)
    bandlimit = m + len(values)
    for start in range(m + 1, bandlimit, BLOCK):
        # Degrees that steps lead to.
        after = np.arange(start, min(start + BLOCK, bandlimit))[:, None, None]
        l = after - 1  # noqa: E741
        rows = values[start - m : start - m + BLOCK]
        common = after / ((after + m) * (after - both))
        shrink = common * ((l - m) * (l + both) / np.maximum(l, 1))
        steps = common * (2 * l + 1) * versine
        for row, factor, step in zip(rows, shrink, steps, strict=True):
            difference *= factor
            np.multiply(step, last, out=product)
            difference -= product
            last = np.add(last, difference, out=row)
        # Normalisations relative to that before the block.
        ratios = (after + m) * (after - both) / ((after + both) * (after - m))
        growth = np.cumprod(np.sqrt(ratios), axis=0)
        rows *= growth
        difference *= growth[-1]
        if exponent is not None:
            last = last.copy()
            rows *= np.exp2(exponent)
            up = np.where(np.abs(last) > 2.0**LARGEST, np.minimum(STEP, -exponent), 0.0)
            last *= np.exp2(-up)
            difference *= np.exp2(-up)
            exponent = exponent + up if (exponent + up).any() else None


def _start(
    m: int, n: IntArray, small: FloatArray
) -> tuple[FloatArray, FloatArray | None]:
    r"""Return d of degree and order m, up to powers of two, and these if any are small.

    .. math:: d^m_{mn} = \sqrt{\tbinom{2m}{m+n}} \cos^{m+n}\tfrac\theta2
        (-\sin\tfrac\theta2)^{m-n}
    """
    k = abs(int(n[0, 0]))
    binomial = math.comb(2 * m, m + k)
    # An even power of two is taken out of numbers beyond float64.
    power = max(0, binomial.bit_length() - 1000) // 2
    factor = math.sqrt(binomial >> 2 * power)
    mantissa, binary = math.frexp(factor)
    with np.errstate(divide="ignore", invalid="ignore"):
        sine = np.where(m > n, (m - n) * np.log2(small), 0.0)
    cosine = (m + n) * np.log1p(-small * small) / (2 * math.log(2))
    size = sine + cosine + (power + binary)
    factor = mantissa * (1 - 2 * ((m - k) % 2))
    tiny = (size < SMALLEST) & np.isfinite(size)
    if not tiny.any():
        return factor * np.exp2(size), None
    exponent = np.where(tiny, np.floor(size) - SMALLEST, 0.0)
    return factor * np.exp2(size - exponent), exponent
