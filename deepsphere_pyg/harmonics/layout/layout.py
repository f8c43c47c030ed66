"""Map each row of an array of coefficients to its degree, fragment and order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import SupportsIndex

import numpy as np

from samplings.arguments import integer_argument
from samplings.arrays import IntArray, ReadOnly


@dataclass(frozen=True, init=False, repr=False)
class HarmonicLayout(ReadOnly):
    r"""Rows of coefficients of a generalized signal: degree, fragment, order.

    A generalized signal has, at degree l, :math:`\tau_l` vectors of 2l + 1 real
    coefficients, its *fragments*. Rows are ordered by degree, then by fragment, then by
    order m = -l ... l:

    .. math:: \mathrm{row}(l, t, m)
        = \sum_{k<l} \tau_k (2k + 1) + t (2l + 1) + m + l

    With :math:`\tau_l = 1` this is a signal on the sphere, in row l² + l + m.

    Parameters
    ----------
    L
        Bandlimit: degrees 0 ... L - 1.
    tau
        Number of fragments of each degree, or one number for all.

    Attributes
    ----------
    L
        Bandlimit.
    tau
        Number of fragments of each degree, a tuple of length L.

    Raises
    ------
    TypeError
        If a number is not an integer.
    ValueError
        If L is below 1, or ``tau`` is negative, all zero, or not of length L.

    Notes
    -----
    A layout holds no coefficients. Layouts of the same L and tau are equal and have the
    same hash.

    Source: Cobb et al. 2021 (arXiv:2010.11661), section 2.

    Examples
    --------
    >>> layout = HarmonicLayout(3)
    >>> layout, layout.n_rows, layout.rows(1)
    (HarmonicLayout(L=3, tau=1), 9, slice(1, 4, None))
    >>> HarmonicLayout(2, tau=[3, 2]).fragment(1, 1)
    slice(6, 9, None)
    """

    L: int
    tau: tuple[int, ...]
    # First row of each degree, and the number of rows. Not a cached property: in Python
    # 3.11 those take a lock, which torch.compile cannot trace.
    _offsets: tuple[int, ...] = field(compare=False)

    def __init__(
        self, L: SupportsIndex, tau: SupportsIndex | Sequence[SupportsIndex] = 1
    ) -> None:
        bandlimit = integer_argument("L", L, 1)
        object.__setattr__(self, "L", bandlimit)
        object.__setattr__(self, "tau", _fragment_counts(tau, bandlimit))
        sizes = (t * (2 * d + 1) for d, t in enumerate(self.tau))
        object.__setattr__(self, "_offsets", tuple(accumulate(sizes, initial=0)))

    def __repr__(self) -> str:
        alike = len(set(self.tau)) == 1
        return f"HarmonicLayout(L={self.L}, tau={self.tau[0] if alike else self.tau})"

    @property
    def n_rows(self) -> int:
        """Number of rows, the sum of ``tau[l] * (2l + 1)``."""
        return self._offsets[-1]

    @property
    def n_fragments(self) -> int:
        """Number of fragments of all degrees."""
        return sum(self.tau)

    def rows(self, l: SupportsIndex) -> slice:  # noqa: E741 (the degree's own letter)
        """Return the rows of a degree, all fragments.

        Raises
        ------
        TypeError, ValueError
            If ``l`` is not a degree of the layout.
        """
        degree = self._degree(l)
        return slice(self._offsets[degree], self._offsets[degree + 1])

    def fragment(self, l: SupportsIndex, t: SupportsIndex) -> slice:  # noqa: E741
        """Return the rows of fragment ``t`` of a degree.

        Raises
        ------
        TypeError, ValueError
            If ``l`` is not a degree of the layout, or ``t`` not one of its fragments.
        """
        degree = self._degree(l)
        number = integer_argument("t", t, 0)
        if number >= self.tau[degree]:
            raise ValueError(
                f"t must be below tau[{degree}] = {self.tau[degree]}, the number of "
                f"fragments of degree {degree}, got {number}; they count from 0"
            )
        start = self._offsets[degree] + number * (2 * degree + 1)
        return slice(start, start + 2 * degree + 1)

    @cached_property
    def degrees(self) -> IntArray:
        """Degree l of each row, shape ``(n_rows,)``.

        It is read-only, as :attr:`orders` and :attr:`fragments` are:
        ``torch.tensor(layout.degrees)`` makes a tensor of it, a copy.
        """
        return self._by_degree(lambda d, t: np.full((t, 2 * d + 1), d))

    @cached_property
    def orders(self) -> IntArray:
        """Order m of each row, -l ... l, shape ``(n_rows,)``."""
        return self._by_degree(lambda d, t: np.tile(np.arange(-d, d + 1), t))

    @cached_property
    def fragments(self) -> IntArray:
        """Number t of each row's fragment within its degree, shape ``(n_rows,)``."""
        return self._by_degree(lambda d, t: np.repeat(np.arange(t), 2 * d + 1))

    def _degree(self, l: SupportsIndex) -> int:  # noqa: E741
        degree = integer_argument("l", l, 0)
        if degree >= self.L:
            raise ValueError(
                f"l must be a degree below L = {self.L}, got {degree}; the bandlimit "
                "is exclusive"
            )
        return degree

    def _by_degree(self, values: Callable[[int, int], IntArray]) -> IntArray:
        """Concatenate the values of all degrees, given the degree and its tau."""
        parts = [values(degree, tau).ravel() for degree, tau in enumerate(self.tau)]
        array = np.concatenate(parts).astype(np.int64)
        array.setflags(write=False)
        return array


def _fragment_counts(
    tau: SupportsIndex | Sequence[SupportsIndex], bandlimit: int
) -> tuple[int, ...]:
    """Return the checked number of fragments of each degree."""
    listed = np.asarray(tau, dtype=object)
    if listed.ndim == 0:
        return (integer_argument("tau", listed.item(), 1),) * bandlimit
    counts = tuple(integer_argument("tau", t, 0) for t in listed.tolist())
    if len(counts) != bandlimit:
        raise ValueError(
            f"tau must be one number of fragments for each of the L = {bandlimit} "
            f"degrees, got {len(counts)}; pass a list of length L, or one number"
        )
    if not any(counts):
        raise ValueError(
            "tau must have a fragment of some degree, got zeros only; "
            "pass a positive number for at least one degree"
        )
    return counts
