"""Degree mixing sets: the products of degrees that a tensor product keeps."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import SupportsIndex

import numpy as np

from deepsphere_pyg.harmonics.couplings.spanning_trees import (
    by_sum,
    coupling_pairs,
    spanning_tree,
    thinned,
)
from deepsphere_pyg.harmonics.couplings.triples import (
    Triples,
    checked_triples,
    multiply_adds,
)
from samplings.arguments import choice_argument, flag_argument, integer_argument
from samplings.arrays import IntArray, ReadOnly

KINDS = ("full", "mst", "rmst")


class DegreeMixing(ReadOnly):
    r"""Unordered pairs of degrees that a tensor product couples to each degree.

    Parameters
    ----------
    L
        Bandlimit: inputs and outputs have degrees 0 ... L - 1.
    triples
        Degrees (l1, l2, l) that couple, in any order; (l2, l1, l) means the same pair.

    Attributes
    ----------
    L
        Bandlimit.
    triples
        The triples, l1 <= l2, by ascending (l, l1 + l2, l1). Read-only.

    Shapes
    ------
    triples : ``(T, 3)``

    Raises
    ------
    TypeError
        If a number is not an integer.
    ValueError
        If L is below 1, or a triple does not couple, has a degree of L or more, or
        occurs twice.

    Notes
    -----
    Sets of the same L and triples are equal and have the same hash.

    Source: Cobb et al. 2021 (arXiv:2010.11661), section 3.

    Examples
    --------
    >>> mixing = DegreeMixing(3, [(0, 0, 0), (2, 1, 1), (0, 1, 1)])
    >>> mixing
    DegreeMixing(L=3, pairs=3)
    >>> mixing.pairs(1)
    ((0, 1), (1, 2))
    """

    L: int
    triples: IntArray

    def __init__(self, L: SupportsIndex, triples: Triples) -> None:
        bandlimit = integer_argument("L", L, 1)
        degrees = checked_triples(triples)
        degrees[:, :2].sort(axis=1)
        order = np.lexsort(
            (degrees[:, 0], degrees[:, 0] + degrees[:, 1], degrees[:, 2])
        )
        degrees = degrees[order]
        _check_set(bandlimit, degrees)
        degrees.setflags(write=False)
        self.__dict__.update(L=bandlimit, triples=degrees)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name} of a DegreeMixing cannot be changed")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DegreeMixing):
            return NotImplemented
        return self.L == other.L and np.array_equal(self.triples, other.triples)

    def __hash__(self) -> int:
        return hash((self.L, self.triples.tobytes()))

    def __len__(self) -> int:
        return len(self.triples)

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        return (tuple(triple) for triple in self.triples.tolist())

    def __repr__(self) -> str:
        return f"DegreeMixing(L={self.L}, pairs={len(self)})"

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """Number of pairs of each degree 0 ... L - 1: fragments of an output."""
        return tuple(np.bincount(self.triples[:, 2], minlength=self.L).tolist())

    def pairs(self, l: SupportsIndex) -> tuple[tuple[int, int], ...]:  # noqa: E741
        """Return the pairs (l1, l2) that are coupled to degree l, by (l1 + l2, l1).

        Raises
        ------
        ValueError
            If l is not one of 0 ... L - 1.
        """
        degree = integer_argument("l", l, 0)
        if degree >= self.L:
            raise ValueError(
                f"l must be below the bandlimit {self.L}, got {degree}; "
                f"pass 0 ... {self.L - 1}"
            )
        part = self.triples[self.triples[:, 2] == degree, :2]
        return tuple((l1, l2) for l1, l2 in part.tolist())

    def up_to(self, L_out: SupportsIndex) -> DegreeMixing:
        """Return the triples that are coupled to degrees below ``L_out``.

        Raises
        ------
        ValueError
            If ``L_out`` is not one of 1 ... L.
        """
        bandlimit = integer_argument("L_out", L_out, 1)
        if bandlimit > self.L:
            raise ValueError(
                f"L_out must be at most the bandlimit {self.L}, got {bandlimit}; "
                "make a mixing set of that bandlimit"
            )
        return DegreeMixing(self.L, self.triples[self.triples[:, 2] < bandlimit])

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of one tensor product, as :func:`.multiply_adds` counts."""
        return int(multiply_adds(self.triples).sum())


def degree_mixing(
    L: SupportsIndex, mixing: str = "full", *, even_self_pairs: bool = False
) -> DegreeMixing:
    r"""Return a full or tree-shaped set of pairs of degrees to couple.

    - ``"full"``: all pairs :math:`P_L^l`, of :math:`O(L^5)` multiply-adds;
    - ``"mst"``: for each l the minimum spanning tree of the graph of degrees, whose
      edges are the pairs of two degrees in :math:`P_L^l` and their weights the
      multiply-adds: :math:`O(L^4)`;
    - ``"rmst"``: edges number 0, 1, 2, 4, 8, ... of each tree, sorted by (l1 + l2, l1):
      :math:`O(L^3 \log L)`.

    Parameters
    ----------
    L
        Bandlimit: degrees 0 ... L - 1.
    mixing
        ``"full"``, ``"mst"`` or ``"rmst"``.
    even_self_pairs
        Whether to add the pairs (l1, l1) to the trees of even degrees l = 2, 4, ...:
        all of them to ``"mst"``, number 0, 1, 2, 4, 8, ... to ``"rmst"``. The full set
        has them anyway.

    Raises
    ------
    TypeError
        If L is not an integer.
    ValueError
        If L is below 1, or below 2 for ``"rmst"``, or ``mixing`` is unknown.

    Notes
    -----
    Only equal degrees couple to degree 0, and trees have no such edges: all kinds keep
    those L pairs, the power spectrum. They take L² of the multiply-adds; trees alone
    take 3931 at L = 10 and 374,433 at L = 32. The product of a fragment with itself has
    no part of odd degree; the product of two fragments of one degree has, which the
    full set keeps and trees leave out.

    Source: Cobb et al. 2021 (arXiv:2010.11661), section 3. The paper does not say how
    edges are thinned for ``"rmst"``, nor how pairs of equal degrees are treated: these
    rules are ours.

    Examples
    --------
    >>> degree_mixing(10, "mst").pairs(3)
    ((0, 3), (1, 2), (1, 3), (1, 4), (2, 5), (3, 6), (4, 7), (5, 8), (6, 9))
    >>> degree_mixing(10, "rmst").pairs(3)
    ((0, 3), (1, 2), (1, 3), (2, 5), (6, 9))
    >>> [degree_mixing(32, name).multiply_adds for name in ("full", "mst", "rmst")]
    [7903416, 375457, 36098]
    """
    bandlimit = integer_argument("L", L, 1)
    choice_argument("mixing", mixing, KINDS)
    flag_argument("even_self_pairs", even_self_pairs)
    if mixing == "rmst" and bandlimit < 2:
        raise ValueError(
            "mixing='rmst' thins trees of at least two degrees, got L=1; "
            "pass L of 2 or more, or mixing='mst'"
        )
    parts = []
    for degree in range(bandlimit):
        if mixing == "full":
            pairs = coupling_pairs(bandlimit, degree)
        else:
            pairs = _tree_pairs(bandlimit, degree, mixing == "rmst", even_self_pairs)
        parts.append(np.column_stack([pairs, np.full(len(pairs), degree)]))
    return DegreeMixing(bandlimit, np.concatenate(parts))


def _tree_pairs(L: int, degree: int, thin: bool, even_self_pairs: bool) -> IntArray:
    """Return a degree's tree, thinned or not, with the pairs of equal degrees."""
    tree = spanning_tree(L, degree)
    alike = np.repeat(np.arange((degree + 1) // 2, L)[:, None], 2, axis=1)
    if thin:
        tree = thinned(tree)
    if degree == 0:
        return alike
    if degree % 2 or not even_self_pairs:
        return tree
    return by_sum(np.concatenate([tree, thinned(alike) if thin else alike]))


def _check_set(L: int, triples: IntArray) -> None:
    """Refuse degrees past the bandlimit and repeated triples."""
    past = (triples >= L).any(axis=1)
    if past.any():
        triple = tuple(triples[int(past.argmax())].tolist())
        raise ValueError(
            f"degrees must be below the bandlimit L={L}, got (l1, l2, l) = {triple}; "
            "leave the triple out, or raise L"
        )
    twice = (triples[1:] == triples[:-1]).all(axis=1)
    if twice.any():
        triple = tuple(triples[int(twice.argmax())].tolist())
        raise ValueError(
            f"each pair must be there once, got (l1, l2, l) = {triple} twice; leave "
            "one out ((l2, l1, l) is the same pair)"
        )
