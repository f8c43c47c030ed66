"""Recursion over degrees of Wigner's small d."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from samplings.arrays import FloatArray, IntArray


def real_part(values: FloatArray, m: IntArray, n: IntArray, N: int) -> FloatArray:
    r"""Small d between functions :math:`\bar P_l^m e^{im\varphi}`, for :math:`m \ge 0`.

    They differ from the complex harmonics by the sign of Condon and Shortley:
    :math:`\delta_{mn} = (-1)^{m + \max(n, 0)} d_{mn}`.

    Parameters
    ----------
    values, N
        As :func:`wedges` yields them, and its N.
    m, n
        Orders, broadcast against each other.

    Returns
    -------
    numpy.ndarray
        Shape ``(*orders, T)``.
    """
    sign = 1 - 2 * ((m + np.maximum(n, 0)) % 2)
    return any_orders(values, m, n, N) * sign[..., None]


def any_orders(values: FloatArray, m: IntArray, n: IntArray, N: int) -> FloatArray:
    """Small d of any orders of the degree, from those of :func:`wedges`.

    Returns
    -------
    numpy.ndarray
        Shape ``(*orders, T)``.
    """
    m, n = np.broadcast_arrays(m, n)
    odd = (m - n) % 2 == 1
    # d(m, n) = (-1)^(m-n) d(-m, -n) = (-1)^(m-n) d(n, m) = d(-n, -m)
    negative = odd & (m < 0)
    m, n = np.where(m < 0, -m, m), np.where(m < 0, -n, n)
    above = n > m
    negative ^= odd & above
    m, n = np.where(above, n, m), np.where(above, m, n)
    below = -n > m
    m, n = np.where(below, -n, m), np.where(below, -m, n)
    place = _first_pair(m, N) + n + np.minimum(m, N - 1)
    return np.asarray(values[place] * np.where(negative, -1.0, 1.0)[..., None])


def _first_pair(m: IntArray, N: int) -> IntArray:
    """Number of pairs (M, n) with M < m and |n| <= min(M, N - 1)."""
    inside = np.minimum(m, N)
    return np.asarray(inside**2 + (m - inside) * (2 * N - 1))


def wedges(beta: FloatArray, L: int, N: int) -> Iterator[tuple[int, FloatArray]]:
    r"""Yield d of orders :math:`m \ge |n|`, :math:`|n| < N`, degree after degree.

    Parameters
    ----------
    beta
        Angles in radian, shape ``(T,)``.
    L, N
        Bandlimits.

    Yields
    ------
    l : int
        Degree.
    values : ndarray
        Shape ``(pairs, T)``: m ascends, and n within m. Read it before the next.
    """
    m = np.concatenate([np.full(2 * min(M, N - 1) + 1, M) for M in range(L)])
    n = np.concatenate([np.arange(-min(M, N - 1), min(M, N - 1) + 1) for M in range(L)])
    sine, cosine = np.sin(beta / 2), np.cos(beta / 2)
    last = np.zeros((len(m), len(beta)))
    values = np.zeros_like(last)
    seed = np.ones((1, len(beta)))
    values[0] = seed
    for degree in range(L):
        yield degree, values[: int(_first_pair(np.asarray(degree + 1), N))]
        above = degree + 1
        if above == L:
            return
        pairs = int(_first_pair(np.asarray(above), N))
        a, b, c = _recurrence(degree, m[:pairs], n[:pairs])
        step = _cosine_minus(c, n[:pairs], sine, cosine)
        step *= values[:pairs]
        step *= a
        last[:pairs] *= -b
        last[:pairs] += step
        last, values = values, last
        seed = _next_seed(seed, above, N, sine, cosine)
        values[pairs : pairs + len(seed)] = seed


def _recurrence(
    degree: int, m: IntArray, n: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Factors of d(l+1) = a (cos - mn / (l(l+1))) d(l) - b d(l-1), as columns.

    The third is 1 - |mn| / (l(l+1)), from whole numbers and so with all its digits.
    """
    above = degree + 1
    root = np.sqrt(1.0 * (above**2 - m**2) * (above**2 - n**2))
    a = above * (2 * degree + 1) / root
    b = above / max(degree, 1) * np.sqrt(1.0 * (degree**2 - m**2) * (degree**2 - n**2))
    product = max(degree * above, 1)
    c = (product - m * np.abs(n)) / product
    return a[:, None], (b / root)[:, None], c[:, None]


def _cosine_minus(
    c: FloatArray, n: IntArray, sine: FloatArray, cosine: FloatArray
) -> FloatArray:
    """Return cos(beta) - mn / (l(l+1)), m >= 0, that does not cancel at 0 and pi."""
    sign = np.where(n < 0, -1.0, 1.0)[:, None]
    near = np.where(n[:, None] < 0, 2 * cosine**2, 2 * sine**2)
    return np.asarray(sign * (c - near))


def _next_seed(
    seed: FloatArray, m: int, N: int, sine: FloatArray, cosine: FloatArray
) -> FloatArray:
    """Small d of degree m and order m, from that of degree and order m - 1."""
    k = min(m - 1, N - 1)
    n = np.arange(-k, k + 1)
    ratio = np.sqrt(2 * m * (2 * m - 1) / ((m + n) * (m - n)))[:, None]
    inner = seed * ratio * (-sine * cosine)
    if m >= N:
        return inner
    return np.concatenate([seed[:1] * sine**2, inner, seed[-1:] * cosine**2])
