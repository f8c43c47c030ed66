"""Clebsch-Gordan coefficients as weights of edges from pairs of rows, in blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from deepsphere_pyg.harmonics.couplings.clebsch_gordan import clebsch_gordan_set
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.layers.fragments.coupled_fragments import (
    coupled_layout,
    first_rows,
    fragment_numbers,
)
from deepsphere_pyg.propagation.pair_sums import PairBlock
from samplings.arrays import FloatArray, IntArray, ReadOnly

# Products made at once, unless two fragments have more. Forward and backward, 512, 1024
# and 2048 take 18, 17 and 16 ms for all products at L = 17 with 128 signals times
# channels, and 11, 9 and 7 ms for those of trees.
PAIRS_OF_A_BLOCK = 2048


@dataclass(frozen=True, eq=False)
class PairTables(ReadOnly):
    """Arrays that :func:`.pair_sum` takes.

    Parameters
    ----------
    offsets, indices, weights, targets
        Compressed rows, block after block.
    offsets_t, indices_t, order
        Compressed rows of the transposes; their weights are ``weights[order]``.
    blocks
        Six numbers for each block.
    """

    offsets: npt.NDArray[np.int32]
    indices: npt.NDArray[np.int32]
    weights: FloatArray
    targets: IntArray
    offsets_t: npt.NDArray[np.int32]
    indices_t: npt.NDArray[np.int32]
    order: npt.NDArray[np.int32]
    blocks: tuple[int, ...]


def pair_tables(layout: HarmonicLayout, table: IntArray, L_out: int) -> PairTables:
    """Lay out the coefficients of products of fragments.

    Parameters
    ----------
    layout
        Rows of the signals.
    table
        Of :func:`.coupled_fragments`.
    L_out
        Bandlimit of the result.
    """
    edges = _Edges.of(layout, table, L_out)
    blocks = _Blocks.of(layout, table)
    block = blocks.of_fragment[edges.fragment]
    pairs = blocks.pairs
    pair_start = np.cumsum(pairs) - pairs
    pair = (edges.first - blocks.first[block]) * blocks.width[block]
    pair += edges.other - blocks.other_first[block]

    # One matrix of all blocks, whose rows are targets block after block.
    n_out = coupled_layout(table, L_out).n_rows
    block_of_target = np.empty(n_out, dtype=np.int64)
    block_of_target[edges.target] = block
    targets = np.argsort(block_of_target, kind="stable")
    rank = np.empty_like(targets)
    rank[targets] = np.arange(n_out)
    shape = (n_out, int(pairs.sum()))
    entries = (rank[edges.target], pair_start[block] + pair)
    matrix = sp.coo_array((edges.value, entries), shape=shape).tocsr()
    matrix.sort_indices()
    numbers = np.arange(matrix.nnz, dtype=np.int32)
    numbered = sp.csr_array((numbers, matrix.indices, matrix.indptr), shape=shape)
    transpose = sp.csr_array(numbered.T)

    n_blocks = len(pairs)
    n_edges = np.bincount(block, minlength=n_blocks)
    n_targets = np.bincount(block_of_target, minlength=n_blocks)
    columns = matrix.indices - np.repeat(pair_start, n_edges)
    sizes = zip(
        blocks.first, blocks.last, blocks.other_first, blocks.other_last, strict=True
    )
    described = [
        PairBlock(*(int(n) for n in (*size, n_targets[k], n_edges[k])))
        for k, size in enumerate(sizes)
    ]
    return PairTables(
        offsets=_block_offsets(matrix.indptr, n_targets, n_edges),
        indices=columns.astype(np.int32),
        weights=matrix.data,
        targets=targets,
        offsets_t=_block_offsets(transpose.indptr, pairs, n_edges),
        indices_t=targets[transpose.indices].astype(np.int32),
        order=transpose.data,
        blocks=tuple(number for one in described for number in one),
    )


def _block_offsets(
    offsets: npt.NDArray[np.integer], rows: IntArray, n_edges: IntArray
) -> npt.NDArray[np.int32]:
    """Return the offsets of each block, from 0 to the number of its edges."""
    edge_start = np.cumsum(n_edges) - n_edges
    own = offsets[:-1].astype(np.int64) - np.repeat(edge_start, rows)
    return np.insert(own, np.cumsum(rows), n_edges).astype(np.int32)


@dataclass(frozen=True, eq=False)
class _Edges:
    """Nonzero coefficients, with their fragment, the rows of both factors, target."""

    fragment: IntArray
    first: IntArray
    other: IntArray
    target: IntArray
    value: FloatArray

    @classmethod
    def of(cls, layout: HarmonicLayout, table: IntArray, L_out: int) -> _Edges:
        l, l1, t1, l2, t2 = table.T  # noqa: E741
        triples, number = np.unique(table[:, [1, 3, 0]], axis=0, return_inverse=True)
        number = number.reshape(-1)
        couplings = clebsch_gordan_set(triples)
        counts = np.diff(couplings.offsets)[number]
        ends = np.cumsum(counts)
        fragment = np.repeat(np.arange(len(table)), counts)
        # Coefficients of a triple, repeated for each of its fragments.
        entry = np.arange(len(fragment)) + np.repeat(
            couplings.offsets[number] - (ends - counts), counts
        )
        rows = first_rows(layout)
        start1 = rows[fragment_numbers(layout, l1, t1)] + l1
        start2 = rows[fragment_numbers(layout, l2, t2)] + l2
        start = first_rows(coupled_layout(table, L_out)) + l
        return cls(
            fragment,
            start1[fragment] + couplings.m1[entry],
            start2[fragment] + couplings.m2[entry],
            start[fragment] + couplings.m[entry],
            couplings.values[entry],
        )


@dataclass(frozen=True, eq=False)
class _Blocks:
    """Blocks: rows of one fragment times rows of consecutive fragments."""

    first: IntArray
    last: IntArray
    other_first: IntArray
    other_last: IntArray
    of_fragment: IntArray

    @property
    def width(self) -> IntArray:
        return self.other_last - self.other_first

    @property
    def pairs(self) -> IntArray:
        return (self.last - self.first) * self.width

    @classmethod
    def of(cls, layout: HarmonicLayout, table: IntArray) -> _Blocks:
        _, l1, t1, l2, t2 = table.T
        first = fragment_numbers(layout, l1, t1)
        second = fragment_numbers(layout, l2, t2)
        both, number = np.unique(
            np.stack([first, second], axis=1), axis=0, return_inverse=True
        )
        rows = np.append(first_rows(layout), layout.n_rows)
        found = list(_runs(both, rows))
        of_pair = np.repeat(np.arange(len(found)), [run[-1] for run in found])
        bounds = np.array([run[:-1] for run in found], dtype=np.int64)
        first_row, last_row, other_first, other_last = bounds.T
        of_fragment = of_pair[number.reshape(-1)]
        return cls(first_row, last_row, other_first, other_last, of_fragment)


def _runs(both: IntArray, rows: IntArray) -> Iterator[tuple[int, int, int, int, int]]:
    """Yield the bounds of blocks, and the number of pairs of fragments in each."""
    start = 0
    for stop in range(1, len(both) + 1):
        i, j = both[start]
        height = rows[i + 1] - rows[i]
        if stop < len(both) and both[stop, 0] == i:
            width = rows[both[stop, 1] + 1] - rows[j]
            if height * width <= PAIRS_OF_A_BLOCK:
                continue
        end = rows[both[stop - 1, 1] + 1]
        yield int(rows[i]), int(rows[i + 1]), int(rows[j]), int(end), stop - start
        start = stop
