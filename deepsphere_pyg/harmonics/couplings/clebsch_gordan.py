r"""Clebsch-Gordan coefficients of real harmonics, sparse and in float64.

If f and g rotate by the Wigner matrices :math:`D^{l_1}` and :math:`D^{l_2}`, their
coupling to degree l,

.. math:: e_m = \sum_{m_1 m_2} C^{l_1 l_2 l}_{m; m_1 m_2}\, f_{m_1} g_{m_2},

rotates by :math:`D^l`. The coefficients are real and orthonormal,
:math:`C C^\mathsf{T} = 1`, up to one sign for each triple. It is chosen so that

.. math::
    C^{l_1 l_2 l}_{m; m_1 m_2} = \sqrt{2l + 1}\, (-i)^{l_1 + l_2 + l}
    \sum_{n_1 n_2 n} U_{m_1 n_1} U_{m_2 n_2} U_{m n}
    \begin{pmatrix} l_1 & l_2 & l \\ n_1 & n_2 & n \end{pmatrix}

with the unitary matrices U from complex to real harmonics
(``docs/conventions.md``) and the 3j symbols of Condon and Shortley:

- if :math:`l_1 + l_2 + l` is even, C is a positive multiple of the integral of the
  three harmonics: the coupling is the part of degree l of the product of two functions,
  and (1, 1, 0) the scalar product over the root of 3;
- if it is odd, (1, 1, 1) is the vector product over the root of 2;
- permuting the degrees permutes the indices of :math:`C / \sqrt{2l + 1}`, and changes
  its sign only if both the sum and the permutation are odd;
- e3nn has the same signs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import SupportsIndex

import numpy as np

from deepsphere_pyg.harmonics.couplings.recursion import coupling_chains
from deepsphere_pyg.harmonics.couplings.selection_rules import SelectionRules
from deepsphere_pyg.harmonics.couplings.sparse_coefficients import (
    CoefficientSet,
    SparseCoefficients,
)
from deepsphere_pyg.harmonics.couplings.triples import (
    Triples,
    checked_triples,
    multiply_adds,
    real_entries,
)
from samplings.arguments import integer_argument
from samplings.arrays import IntArray

# Complex coefficients computed at once, to stay in the processor's cache.
CHUNK = 1 << 18


def clebsch_gordan(
    l1: SupportsIndex,
    l2: SupportsIndex,
    l: SupportsIndex,  # noqa: E741
) -> SparseCoefficients:
    r"""Return the real coefficients that couple degrees l1 and l2 to l.

    .. math:: e_m = \sum_{m_1 m_2} C_{m; m_1 m_2} f_{m_1} g_{m_2},
        \qquad C C^\mathsf{T} = 1

    Parameters
    ----------
    l1, l2, l
        Degrees with :math:`|l_1 - l_2| \leq l \leq l_1 + l_2`.

    Returns
    -------
    SparseCoefficients
        Orders and values of the entries that the selection rules allow, about
        :math:`1 / (l_1 + l_2 + l)` of all. Some of them may be zero up to rounding.

    Raises
    ------
    TypeError
        If a degree is not an integer.
    ValueError
        If a degree is negative or past 16000, or the degrees do not couple.

    Notes
    -----
    Equivariance: exact. Signs are e3nn's: ``dense() / sqrt(2l + 1)`` is the 3j symbol
    in the real basis, ``wigner_3j(l, l1, l2)`` of e3nn.

    Source: Schulten and Gordon 1975, J. Math. Phys. 16, 1961; Luscombe and Luban 1998,
    Phys. Rev. E 57, 7274, for the recursion.

    Examples
    --------
    The vector product, of components (y, z, x):

    >>> import numpy as np
    >>> f, g = np.array([1.0, 2.0, 3.0]), np.array([0.0, -1.0, 2.0])
    >>> e = np.einsum("kij,i,j", clebsch_gordan(1, 1, 1).dense(), f, g)
    >>> x_last = [2, 0, 1]
    >>> bool(np.allclose(np.sqrt(2) * e[x_last], np.cross(f[x_last], g[x_last])))
    True
    """
    degrees = [
        integer_argument(name, value, 0)
        for name, value in (("l1", l1), ("l2", l2), ("l", l))
    ]
    return clebsch_gordan_set([degrees])[0]


def clebsch_gordan_set(triples: Triples) -> CoefficientSet:
    r"""Return the real coefficients of many couplings, as concatenated arrays.

    Parameters
    ----------
    triples
        Degrees (l1, l2, l) that couple, such as ``degree_mixing(L).triples``.

    Shapes
    ------
    triples : ``(T, 3)``

    Raises
    ------
    TypeError
        If a degree is not an integer.
    ValueError
        If a degree is negative or past 16000, or a triple does not couple.

    Notes
    -----
    Memory: 14 bytes per entry. All couplings of degrees below L have some
    :math:`0.45 L^5` entries, 6.8 GB at L = 64, and those of minimum spanning trees
    :math:`0.67 L^4`, 160 MB. :func:`clebsch_gordan_blocks` yields larger sets in
    blocks.

    Examples
    --------
    >>> couplings = clebsch_gordan_set([(1, 1, 2), (2, 3, 1), (7, 7, 0)])
    >>> [round(float((c.values**2).sum()), 12) for c in couplings]
    [5.0, 3.0, 1.0]
    """
    degrees = checked_triples(triples)
    offsets = np.concatenate([[0], np.cumsum(real_entries(degrees))])
    total = int(offsets[-1])
    m1, m2, m = (np.empty(total, dtype=np.int16) for _ in range(3))
    values = np.empty(total)
    done = 0
    if len(degrees):
        rules = SelectionRules(int(degrees[:, 0].max()), int(degrees[:, 2].max()))
        for part in _parts(multiply_adds(degrees), CHUNK):
            chosen = degrees[part]
            chains = coupling_chains(chosen)
            for (a, b, c), first in zip(
                chosen.tolist(), chains.firsts.tolist(), strict=True
            ):
                entries = rules.entries((a, b, c), chains, first)
                place = slice(done, done + len(entries[-1]))
                m1[place], m2[place], m[place], values[place] = entries
                done = place.stop
    arrays = (degrees, offsets, m1, m2, m, values)
    for array in arrays:
        array.setflags(write=False)
    return CoefficientSet(*arrays)


def clebsch_gordan_blocks(
    triples: Triples, entries: SupportsIndex = 1 << 22
) -> Iterator[CoefficientSet]:
    """Yield the coefficients of :func:`clebsch_gordan_set` in blocks of triples.

    Parameters
    ----------
    triples
        Degrees (l1, l2, l) that couple.
    entries
        Largest number of entries of a block, unless a single triple has more.

    Shapes
    ------
    triples : ``(T, 3)``

    Raises
    ------
    TypeError, ValueError
        As :func:`clebsch_gordan_set`, and if ``entries`` is not a positive integer.

    Examples
    --------
    >>> triples = [(2, 2, l) for l in range(5)]
    >>> [block.triples[:, 2].tolist() for block in clebsch_gordan_blocks(triples, 50)]
    [[0, 1, 2], [3], [4]]
    """
    degrees = checked_triples(triples)
    limit = integer_argument("entries", entries, 1)
    # A generator expression, so that arguments are checked before the first block.
    return (
        clebsch_gordan_set(degrees[part])
        for part in _parts(real_entries(degrees), limit)
    )


def _parts(sizes: IntArray, limit: int) -> Iterator[slice]:
    """Yield consecutive parts of total size at most ``limit``, or of one item."""
    ends = np.cumsum(sizes)
    start = 0
    while start < len(sizes):
        used = ends[start - 1] if start else 0
        stop = int(np.searchsorted(ends, used + limit, side="right"))
        stop = max(stop, start + 1)
        yield slice(start, stop)
        start = stop
