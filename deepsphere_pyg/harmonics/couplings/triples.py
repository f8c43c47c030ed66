"""Triples of degrees (l1, l2, l) that couple, and the cost of couplings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from samplings.arrays import IntArray

# Orders are kept in 16 bits, and |m1| + |m2| has to fit in them.
_LARGEST_DEGREE = 16_000

Triples = npt.ArrayLike | Iterable[Sequence[int]]


def checked_triples(triples: Triples) -> IntArray:
    r"""Return degrees (l1, l2, l) that couple as integers, ``(T, 3)`` to ``(T, 3)``.

    Raises
    ------
    TypeError
        If degrees are not integers.
    ValueError
        If the shape is not ``(T, 3)``, a degree is negative or past 16000, or a triple
        violates :math:`|l_1 - l_2| \leq l \leq l_1 + l_2`.

    Examples
    --------
    >>> checked_triples([(1, 2, 3), (1, 1, 0)])
    array([[1, 2, 3],
           [1, 1, 0]])
    """
    rows: Any = triples
    if isinstance(triples, Iterable) and not hasattr(triples, "shape"):
        rows = list(triples)
    try:
        given = np.asarray(rows)
    except ValueError:
        raise ValueError(
            "triples must be rows (l1, l2, l) of three degrees each, got rows of "
            "several lengths; pass an array of shape (T, 3)"
        ) from None
    if given.size == 0:
        given = np.empty((0, 3), dtype=np.int64)
    if given.dtype == object:
        raise TypeError(
            f"triples must be rows of degrees (l1, l2, l), got "
            f"{type(triples).__name__}; pass an array of shape (T, 3)"
        )
    if given.ndim != 2 or given.shape[1] != 3:
        raise ValueError(
            f"triples must be rows (l1, l2, l), shape (T, 3), got shape {given.shape}; "
            "for one triple pass [(l1, l2, l)]"
        )
    if not np.issubdtype(given.dtype, np.integer):
        raise TypeError(
            f"degrees must be integers, got an array of {given.dtype}; "
            "convert it with .astype(int)"
        )
    degrees = given.astype(np.int64)
    low, high = degrees.min(initial=0), degrees.max(initial=0)
    if low < 0 or high > _LARGEST_DEGREE:
        wrong = low if low < 0 else high
        raise ValueError(
            f"degrees must be from 0 to {_LARGEST_DEGREE}, got {wrong}; "
            "a degree l has the orders -l ... l"
        )
    l1, l2, l = degrees.T  # noqa: E741
    apart = (l < np.abs(l1 - l2)) | (l > l1 + l2)
    if apart.any():
        a, b, c = degrees[int(apart.argmax())].tolist()
        raise ValueError(
            f"degrees must obey |l1 - l2| <= l <= l1 + l2, got (l1, l2, l) = "
            f"({a}, {b}, {c}); l may be {abs(a - b)} ... {a + b}"
        )
    return degrees


def multiply_adds(triples: Triples) -> IntArray:
    r"""Return the number of multiply-adds of each coupling in the complex basis.

    These are the pairs of orders with :math:`|m_1 + m_2| \leq l`,

    .. math:: (2 l_1 + 1)(2 l_2 + 1) - k (k + 1), \qquad k = l_1 + l_2 - l,

    the usual measure of cost, independent of any convention. In the real basis
    :func:`real_entries` counts up to twice as many, of real numbers.

    Examples
    --------
    >>> multiply_adds([(1, 1, 0), (1, 1, 1), (1, 1, 2)]).tolist()
    [3, 7, 9]
    """
    l1, l2, l = checked_triples(triples).T  # noqa: E741
    surplus = l1 + l2 - l
    return np.asarray((2 * l1 + 1) * (2 * l2 + 1) - surplus * (surplus + 1))


def real_entries(triples: Triples) -> IntArray:
    r"""Return the number of real coefficients that the selection rules allow.

    Absolute orders :math:`|m| = ||m_1| \pm |m_2||` allow four choices of signs if no
    order is zero, two if one is, and one for (0, 0, 0) if :math:`l_1 + l_2 + l` is
    even.

    Examples
    --------
    The scalar product has three terms, the vector product six.

    >>> real_entries([(1, 1, 0), (1, 1, 1), (1, 1, 2)]).tolist()
    [3, 6, 11]
    """
    degrees = checked_triples(triples)
    l1, l2, l = degrees.T  # noqa: E741
    least = np.minimum(l1, l2)
    positive = (multiply_adds(degrees) - (2 * least + 1)) // 2
    zeros = np.minimum(l, l1) + np.minimum(l, l2)
    return np.asarray(4 * positive - 2 * zeros + 2 * least + 1 - (l1 + l2 + l) % 2)
