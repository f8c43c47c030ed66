"""Chebyshev polynomials of an operator, applied to signals."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor


def chebyshev_terms(
    x: Tensor, operator: Callable[[Tensor], Tensor], K: int
) -> list[Tensor]:
    r"""Return :math:`T_0(L) x, \dots, T_{K-1}(L) x`.

    .. math:: T_0 = 1, \quad T_1 = L, \quad T_k = 2 L\, T_{k-1} - T_{k-2}

    Parameters
    ----------
    x
        Signals, shape ``(*batch, vertex, channel)``.
    operator
        Square, of spectrum in [-1, 1]; or what applies it to signals.
    K
        Number of terms, at least 1.

    Returns
    -------
    list of Tensor
        K signals of the shape of ``x``, the first of which is ``x``.
    """
    terms = [x]
    if K > 1:
        terms.append(operator(x))
    for _ in range(2, K):
        terms.append(2 * operator(terms[-1]) - terms[-2])
    return terms
