"""Orders that couple in the real basis, and their signs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.harmonics.couplings.recursion import Chains
from samplings.arrays import FloatArray

Orders = npt.NDArray[np.int16]
# Absolute order of an absent entry: above any degree.
_MISSING = np.iinfo(np.int16).max


@dataclass(frozen=True)
class _Table:
    r"""Entries by (m, m1, first or second): orders, \|m2\|, m1 of the chain, factor."""

    m1: Orders
    m2: Orders
    magnitude: Orders
    chain_m1: Orders
    factor: FloatArray


class SelectionRules:
    r"""Entries of real couplings of all triples up to degrees l1 and l.

    A real harmonic of order m is a sum of the complex ones of orders ±\|m\|. So
    :math:`|m|` is :math:`||m_1| \pm |m_2||`, and complex conjugation leaves the signs
    with an odd number of negative orders if :math:`l_1 + l_2 + l` is odd, and an even
    number if it is even. Up to the sign, such an entry is the complex coefficient of
    the same absolute orders, times :math:`\sqrt 2^{-1}` if no order is zero.
    """

    def __init__(self, l1: int, l: int) -> None:  # noqa: E741
        self._l1, self._l = l1, l
        self._m = np.arange(-l, l + 1, dtype=np.int16)[:, None, None]
        self._m1 = np.arange(-l1, l1 + 1, dtype=np.int16)[:, None]
        self._tables: dict[int, _Table] = {}

    def _table(self, parity: int) -> _Table:
        """Return the table of triples whose sum of degrees has this parity."""
        m, m1 = self._m, self._m1
        order, first = np.abs(m), np.abs(m1)
        negative = (m < 0).astype(np.int16) + (m1 < 0)
        # The number of negative orders has the parity of the sum of degrees.
        below = (parity + negative) % 2
        # The entry with |m| = |m1| + m2 of the chain, and the one with m2 - |m1|; the
        # larger |m2| comes first where m2 is negative, so that m2 ascends.
        far = (np.arange(2, dtype=np.int16) + below) % 2 == 1
        chain_m1 = np.where(far, -first, first)
        chain_m2 = order - chain_m1
        magnitude = np.abs(chain_m2)
        m2 = np.where(below == 1, -magnitude, magnitude)
        absent = (far & ((order == 0) | (first == 0))) | ((below == 1) & (m2 == 0))

        # i^(n - J) of n negative orders, with J reduced to its parity; the phase
        # (-1)^m and those of the positive orders of the chain.
        turns = (
            (negative + below - parity) // 2
            + order
            + np.where(chain_m1 > 0, chain_m1 + (m1 < 0), 0)
            + np.where(chain_m2 > 0, chain_m2 + below, 0)
        )
        whole = (m == 0) | (m1 == 0) | (m2 == 0)
        return _Table(
            np.broadcast_to(m1, m2.shape).copy(),
            m2.astype(np.int16),
            np.where(absent, _MISSING, magnitude).astype(np.int16),
            chain_m1.astype(np.int16),
            np.where(whole, 1.0, np.sqrt(0.5)) * (1 - 2 * (turns % 2)),
        )

    def entries(
        self, triple: tuple[int, int, int], chains: Chains, first: int
    ) -> tuple[Orders, Orders, Orders, FloatArray]:
        """Return m1, m2, m and values of a triple, by ascending (m, m1, m2).

        ``first`` is the chain of m = 0 of this triple among the complex coefficients.
        """
        l1, l2, l = triple  # noqa: E741
        parity = (l1 + l2 + l) % 2
        if parity not in self._tables:
            self._tables[parity] = self._table(parity)
        table = self._tables[parity]
        rows = slice(self._l - l, self._l + l + 1)
        columns = slice(self._l1 - l1, self._l1 + l1 + 1)
        allowed = np.flatnonzero(table.magnitude[rows, columns] <= l2)
        # From places in the window of this triple to places in the tables.
        width, whole = 2 * (2 * l1 + 1), 2 * (2 * self._l1 + 1)
        row = allowed // width
        allowed += row * (whole - width)
        allowed += rows.start * whole + 2 * columns.start

        origins = chains.origins[first + np.abs(self._m[rows, 0, 0])]
        place = origins.take(row)
        place += table.chain_m1.take(allowed)
        values = chains.values.take(place)
        values *= table.factor.take(allowed)
        # (-1)^(l1 - l2) of the 3j symbols, and the rest of (-i)^(l1 + l2 + l).
        if (l1 - l2 + (l1 + l2 + l) // 2) % 2:
            np.negative(values, out=values)
        m = self._m[rows, 0, 0].take(row)
        return table.m1.take(allowed), table.m2.take(allowed), m, values
