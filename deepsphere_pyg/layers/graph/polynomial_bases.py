"""Bases of polynomials on [-1, 1], as sums of Chebyshev polynomials."""

from __future__ import annotations

from math import comb

import numpy as np
from numpy.polynomial import chebyshev

from samplings.arguments import choice_argument, integer_argument
from samplings.arrays import FloatArray

BASES = ("chebyshev", "monomial", "bernstein")


def chebyshev_coefficients(basis: str, K: int) -> FloatArray:
    r"""Return the Chebyshev coefficients of the polynomials of a basis.

    Parameters
    ----------
    basis
        ``"chebyshev"``; ``"monomial"``, :math:`x^k`; or ``"bernstein"``,
        :math:`\binom{K-1}{k} (\frac{1+x}{2})^k (\frac{1-x}{2})^{K-1-k}`.
    K
        Number of polynomials.

    Returns
    -------
    ndarray
        Shape ``(K, K)``: :math:`b_k = \sum_j C_{jk} T_j`.

    Raises
    ------
    ValueError
        If the basis is unknown or K is less than 1.

    Examples
    --------
    >>> chebyshev_coefficients("monomial", 3)
    array([[1. , 0. , 0.5],
           [0. , 1. , 0. ],
           [0. , 0. , 0.5]])
    """
    choice_argument("basis", basis, BASES)
    K = integer_argument("K", K, 1)
    if basis == "chebyshev":
        return np.eye(K)
    columns = []
    for k in range(K):
        if basis == "monomial":
            series = chebyshev.chebpow([0.0, 1.0], k)
        else:
            rising = chebyshev.chebpow([0.5, 0.5], k)
            falling = chebyshev.chebpow([0.5, -0.5], K - 1 - k)
            series = comb(K - 1, k) * chebyshev.chebmul(rising, falling)
        columns.append(np.pad(series, (0, K))[:K])
    return np.stack(columns, axis=1)


def mean_squares(coefficients: FloatArray) -> FloatArray:
    """Return the mean square of each polynomial over the angle whose cosine is x."""
    weights = np.full(len(coefficients), 0.5)
    weights[0] = 1
    return np.asarray(weights @ coefficients**2)
