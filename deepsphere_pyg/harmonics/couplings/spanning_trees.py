"""Couplings that are kept to one degree: all, a spanning tree, a thinned tree."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import minimum_spanning_tree

from deepsphere_pyg.harmonics.couplings.triples import multiply_adds
from samplings.arrays import IntArray


def coupling_pairs(
    L: int,
    l: int,  # noqa: E741
) -> IntArray:
    """Return all pairs l1 <= l2 below L that couple to l, by ascending (l1 + l2, l1).

    Examples
    --------
    >>> coupling_pairs(3, 2).tolist()
    [[0, 2], [1, 1], [1, 2], [2, 2]]
    """
    l1, l2 = np.triu_indices(L)
    coupled = (l2 - l1 <= l) & (l <= l1 + l2)
    pairs = np.stack([l1[coupled], l2[coupled]], axis=1).astype(np.int64)
    return by_sum(pairs)


def by_sum(pairs: IntArray) -> IntArray:
    """Return pairs of degrees by ascending (l1 + l2, l1)."""
    return pairs[np.lexsort((pairs[:, 0], pairs.sum(axis=1)))]


def spanning_tree(
    L: int,
    l: int,  # noqa: E741
) -> IntArray:
    """Return the cheapest pairs that connect all degrees below L, coupling to l.

    This is the minimum spanning tree of the graph of degrees whose edges are the pairs
    of two degrees that couple to l, weighted by their multiply-adds; among edges of
    equal weight those of lower (l1 + l2, l1) come first. No two degrees couple to l =
    0: the tree is empty. Pairs, ``(L - 1, 2)``, are by ascending (l1 + l2, l1).

    Examples
    --------
    >>> spanning_tree(4, 3).tolist()
    [[0, 3], [1, 2], [1, 3]]
    """
    pairs = coupling_pairs(L, l)
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    if not len(pairs):
        return pairs
    triples = np.column_stack([pairs, np.full(len(pairs), l)])
    # Ranks instead of costs: all differ, so that the tree is unique.
    ranks = np.empty(len(pairs))
    ranks[np.argsort(multiply_adds(triples), kind="stable")] = np.arange(len(pairs)) + 1
    graph = sp.csr_array((ranks, pairs.T), shape=(L, L), dtype=np.float64)
    tree = minimum_spanning_tree(graph).tocoo()
    return by_sum(np.stack([tree.row, tree.col], axis=1).astype(np.int64))


def thinned(pairs: IntArray) -> IntArray:
    """Return pairs number 0, 1, 2, 4, 8, ... of those given."""
    powers = 1 << np.arange(max(len(pairs) - 1, 0).bit_length())
    return np.concatenate([pairs[:1], pairs[powers]])
