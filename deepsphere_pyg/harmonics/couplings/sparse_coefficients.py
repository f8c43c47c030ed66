"""Sparse Clebsch-Gordan coefficients of one triple of degrees, and of many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from deepsphere_pyg.harmonics.couplings.selection_rules import Orders
from samplings.arrays import FloatArray, IntArray, ReadOnly


@dataclass(frozen=True, eq=False)
class SparseCoefficients(ReadOnly):
    r"""Coupling of degrees l1 and l2 to l in the real basis.

    .. math:: e_m = \sum_{m_1 m_2} C_{m; m_1 m_2} f_{m_1} g_{m_2}

    Entries are sorted by (m, m1, m2) and unique. The arrays are read-only.

    Parameters
    ----------
    l1, l2, l
        Degrees.
    m1, m2, m
        Orders of the entries, in 16 bits: widen them before you add offsets to them.
    values
        Coefficients.

    Shapes
    ------
    m1, m2, m, values : ``(entries,)``

    Examples
    --------
    >>> from deepsphere_pyg.harmonics import clebsch_gordan
    >>> scalar_product = clebsch_gordan(1, 1, 0)
    >>> scalar_product
    SparseCoefficients(l1=1, l2=1, l=0, entries=3)
    >>> scalar_product.dense().round(4).tolist()
    [[[0.5774, 0.0, 0.0], [0.0, 0.5774, 0.0], [0.0, 0.0, 0.5774]]]
    """

    l1: int
    l2: int
    l: int  # noqa: E741
    m1: Orders
    m2: Orders
    m: Orders
    values: FloatArray

    def __repr__(self) -> str:
        return (
            f"SparseCoefficients(l1={self.l1}, l2={self.l2}, l={self.l}, "
            f"entries={len(self.values)})"
        )

    def dense(self) -> FloatArray:
        """Return the coefficients as an array of shape (2l+1, 2l1+1, 2l2+1)."""
        dense = np.zeros([2 * degree + 1 for degree in (self.l, self.l1, self.l2)])
        dense[self.m + self.l, self.m1 + self.l1, self.m2 + self.l2] = self.values
        return dense

    def matrix(self) -> sp.csr_array:
        """Return the coefficients as a sparse (2l+1, (2l1+1)(2l2+1)) matrix.

        Its rows are orthonormal; column ``(m1 + l1)(2 l2 + 1) + m2 + l2`` stands for
        the product of the orders m1 and m2, as in ``numpy.kron(f, g)``.
        """
        width = 2 * self.l2 + 1
        column = (self.m1.astype(np.int64) + self.l1) * width + self.m2 + self.l2
        row = self.m.astype(np.int64) + self.l
        shape = (2 * self.l + 1, (2 * self.l1 + 1) * width)
        return sp.csr_array((self.values, (row, column)), shape=shape)


@dataclass(frozen=True, eq=False)
class CoefficientSet(ReadOnly):
    """Couplings of many triples of degrees, one after the other.

    Iterating, or indexing by the number of a triple, gives
    :class:`SparseCoefficients` that share the memory. The arrays are read-only.

    Parameters
    ----------
    triples
        Degrees (l1, l2, l).
    offsets
        Triple i has the entries ``offsets[i]`` to ``offsets[i + 1]``.
    m1, m2, m
        Orders of the entries, in 16 bits: widen them before you add offsets to them.
    values
        Coefficients.

    Shapes
    ------
    triples : ``(T, 3)``; offsets : ``(T + 1,)``; m1, m2, m, values : ``(entries,)``

    Examples
    --------
    >>> from deepsphere_pyg.harmonics import clebsch_gordan_set
    >>> couplings = clebsch_gordan_set([(1, 1, 0), (1, 1, 1)])
    >>> couplings
    CoefficientSet(triples=2, entries=9)
    >>> couplings.offsets.tolist(), couplings[1]
    ([0, 3, 9], SparseCoefficients(l1=1, l2=1, l=1, entries=6))
    """

    triples: IntArray
    offsets: IntArray
    m1: Orders
    m2: Orders
    m: Orders
    values: FloatArray

    def __len__(self) -> int:
        return len(self.triples)

    def __getitem__(self, index: int) -> SparseCoefficients:
        count = len(self)
        if not -count <= index < count:
            raise IndexError(f"triple {index} of {count}; pass 0 ... {count - 1}")
        index %= count
        l1, l2, l = self.triples[index].tolist()  # noqa: E741
        part = slice(self.offsets[index], self.offsets[index + 1])
        orders = (self.m1[part], self.m2[part], self.m[part])
        return SparseCoefficients(l1, l2, l, *orders, self.values[part])

    def __iter__(self) -> Iterator[SparseCoefficients]:
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        return f"CoefficientSet(triples={len(self)}, entries={len(self.values)})"

    @property
    def nbytes(self) -> int:
        """Bytes of the entries: 14 each."""
        return sum(a.nbytes for a in (self.m1, self.m2, self.m, self.values))
