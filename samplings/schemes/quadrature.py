"""Quadrature rules over colatitude: nodes and weights."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from samplings.arguments import integer_argument
from samplings.arrays import FloatArray, read_only


class Rule(NamedTuple):
    r"""Nodes and weights of a quadrature rule over colatitude.

    .. math:: \int_0^\pi f(\theta) \sin\theta \, d\theta \approx \sum_i w_i f(\theta_i)

    Parameters
    ----------
    theta
        Colatitudes in radian from the north pole, shape ``(n,)``.
    weights
        Their weights, shape ``(n,)``, not negative, of sum 2.
    degree
        Largest degree of polynomials in :math:`\cos\theta` that are integrated exactly.
    """

    theta: FloatArray
    weights: FloatArray
    degree: int


def gauss_legendre(n: int) -> Rule:
    r"""Gauss-Legendre rule of n nodes: the zeros of :math:`P_n`, exact up to 2n - 1.

    .. math:: P_n(\cos\theta_i) = 0, \quad w_i = 2 \left(\frac{d P_n(\cos\theta)}
        {d\theta}\right)^{-2}_{\theta_i}

    Notes
    -----
    Newton's iteration in :math:`\theta`, not in its cosine, keeps relative accuracy at
    the poles. It starts from Tricomi's asymptotic zeros (Tricomi 1950, Ann. Mat. Pura
    Appl. 31, 93) and takes :math:`O(n^2)` operations in all. The three-term recurrence
    runs on differences of consecutive polynomials, which do not cancel near the poles
    (Reinsch's modification of Clenshaw's method).

    Examples
    --------
    >>> rule = gauss_legendre(2)
    >>> np.allclose(np.cos(rule.theta), [3**-0.5, -(3**-0.5)]), rule.degree
    (True, 3)
    """
    n = integer_argument("n", n, 1)
    # The southern half mirrors the northern one, exactly.
    guess = (np.arange((n + 1) // 2) + 0.75) * (np.pi / (n + 0.5))
    theta = guess + 1 / (8 * n**2 * np.tan(guess))
    for _ in range(10):
        value, slope = _legendre(n, theta)
        step = value / slope
        theta -= step
        # Convergence is quadratic: a relative step of 1e-9 is the last.
        if np.abs(step / theta).max() < 1e-9:
            break
    if n % 2:
        theta[-1] = np.pi / 2
    weights = 2 / _legendre(n, theta)[1] ** 2
    south = slice(n // 2 - 1, None, -1) if n > 1 else slice(0, 0)
    return Rule(
        read_only(np.concatenate([theta, np.pi - theta[south]])),
        read_only(np.concatenate([weights, weights[south]])),
        2 * n - 1,
    )


def _legendre(n: int, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the Legendre polynomial of cos(theta) and its derivative by theta."""
    versine = 2 * np.sin(theta / 2) ** 2
    value = 1 - versine
    rise = -versine
    for k in range(1, n):
        rise = (k * rise - (2 * k + 1) * versine * value) / (k + 1)
        value = value + rise
    return value, n * (rise - versine * value) / np.sin(theta)


def clenshaw_curtis(n: int) -> Rule:
    r"""Clenshaw-Curtis rule: :math:`\theta_i = \pi i / (n-1)`, with both poles.

    Exact up to degree n - 1, and n if n is odd, for at least 2 nodes. Source: Clenshaw
    and Curtis 1960, Numerische Mathematik 2, 197; the sums over cosines by a fast
    Fourier transform as in Waldvogel 2006, BIT 46, 195.

    Examples
    --------
    >>> clenshaw_curtis(3).weights * 3
    array([1., 4., 1.])
    """
    n = integer_argument("n", n, 2)
    circle = _circle(2 * (n - 1), 0.0)
    weights = np.concatenate([circle[:1], 2 * circle[1 : n - 1], circle[n - 1 : n]])
    theta = np.arange(n) * (np.pi / (n - 1))
    theta[-1] = np.pi
    return Rule(read_only(theta), read_only(weights), n if n % 2 else n - 1)


def fejer(n: int) -> Rule:
    r"""Fejér's first rule: :math:`\theta_i = \pi (i + 1/2) / n`, without the poles.

    Exact up to degree n - 1, and n if n is odd. Source: Fejér 1933, Math. Z. 37, 287;
    by a fast Fourier transform as in Waldvogel 2006, BIT 46, 195.

    Examples
    --------
    >>> fejer(3).weights * 9
    array([ 4., 10.,  4.])
    """
    n = integer_argument("n", n, 1)
    theta = (np.arange(n) + 0.5) * (np.pi / n)
    weights = 2 * _circle(2 * n, 0.5)[:n]
    return Rule(read_only(theta), read_only(weights), n if n % 2 else n - 1)


def driscoll_healy(n: int) -> Rule:
    r"""Driscoll-Healy rule: :math:`\theta_i = \pi i / n`, weight 0 at the north pole.

    .. math:: w_i = \frac4n \sin\theta_i \sum_{k=1}^{\lfloor n/2 \rfloor}
        \frac{\sin((2k - 1)\theta_i)}{2k - 1}

    Exact up to degree n - 1, or n - 2 if n is odd, for at least 2 nodes including the
    north pole: products of two functions of degrees below n / 2 are integrated exactly,
    as their sampling theorem needs. Without the pole it is Fejér's second rule. Source:
    Driscoll and Healy 1994, Adv. Appl. Math. 15, 202, theorem 3 (n = 2b).

    Examples
    --------
    >>> driscoll_healy(4).weights * 3
    array([0., 2., 2., 2.])
    """
    n = integer_argument("n", n, 2)
    theta = np.arange(n) * (np.pi / n)
    odd = np.arange(1, 2 * (n // 2), 2)
    spectrum = np.zeros(n + 1, dtype=np.complex128)
    spectrum[odd] = -1j / odd
    sums = n * np.fft.irfft(spectrum, 2 * n)[:n]
    weights = 4 / n * np.sin(theta) * sums
    return Rule(read_only(theta), read_only(weights), n - 1 - n % 2)


def mcewen_wiaux(L: int) -> Rule:
    r"""McEwen-Wiaux rule: :math:`\theta_t = \pi (2t+1) / (2L-1)`, with the south pole.

    Exact for degrees below the bandlimit L, with L nodes. Source: McEwen and Wiaux
    2011, IEEE Trans. Signal Process. 59, 5876 (arXiv:1110.6298), section III.

    Examples
    --------
    >>> mcewen_wiaux(2).weights * 3
    array([4., 2.])
    """
    L = integer_argument("L", L, 1)
    around = 2 * L - 1
    weights = _circle(around, 0.5)[:L]
    weights[:-1] *= 2
    theta = (2 * np.arange(L) + 1) * (np.pi / around)
    theta[-1] = np.pi
    return Rule(read_only(theta), read_only(weights), L - 1)


def _circle(n: int, shift: float) -> FloatArray:
    r"""Return weights of n points on a meridian circle, ``shift`` steps from north.

    A function of colatitude, continued evenly around the circle, is a sum of
    :math:`\cos k\theta`; their integrals are 0 for odd k and :math:`2 / (1 - k^2)` for
    even k.
    """
    k = np.arange(n // 2 + 1)
    integrals = np.where(k % 2, 0.0, 2 / (1 - np.where(k % 2, 0, k) ** 2))
    return np.asarray(np.fft.irfft(integrals * np.exp(2j * np.pi / n * shift * k), n))
