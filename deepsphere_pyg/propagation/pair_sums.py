r"""Weighted sums over products of two rows, block by block.

The sources of edges are pairs (j, k) of rows, with the value :math:`x_j y_k`. Pairs
come in blocks, consecutive rows of x times consecutive rows of y: their products are
one multiplication without index, fit into the processor's cache, and are discarded
before the next block. Compiled kernels go through the same blocks and write no
products.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.propagation.compiled.pair_sums import (
    compiled_pair_gradients,
    compiled_pair_sum,
    runs_compiled,
)
from deepsphere_pyg.propagation.products import PRODUCTS, in_given_precision
from samplings.arrays import IntArray

# Numbers that encode a block in the list of all.
NUMBERS_OF_A_BLOCK = 6

# Columns that are processed at once. More are no faster, and products need more memory.
WIDEST = 1024


class PairBlock(NamedTuple):
    """Consecutive rows of two signals, whose products are made at once.

    Parameters
    ----------
    first, last
        Rows ``first`` to ``last - 1`` of x.
    other_first, other_last
        The same of y.
    targets
        Number of rows of the result that have edges from these pairs.
    edges
        Number of these edges.
    """

    first: int
    last: int
    other_first: int
    other_last: int
    targets: int
    edges: int

    @property
    def pairs(self) -> int:
        """Number of products."""
        return (self.last - self.first) * (self.other_last - self.other_first)


def pair_blocks(numbers: Sequence[int]) -> Iterator[PairBlock]:
    """Yield the blocks that a list of numbers, six per block, encodes."""
    for start in range(0, len(numbers), NUMBERS_OF_A_BLOCK):
        yield PairBlock(*numbers[start : start + NUMBERS_OF_A_BLOCK])


@torch.library.custom_op("deepsphere_pyg::pair_sum", mutates_args=())
@in_given_precision
def pair_sum(
    x: Tensor,
    y: Tensor,
    rows: Sequence[Tensor],
    columns: Sequence[Tensor],
    blocks: Sequence[int],
    n_out: int,
) -> Tensor:
    r"""Return :math:`z_i = \sum_{(j, k) \to i} w_{ijk}\, x_j y_k`.

    Parameters
    ----------
    x, y
        Signals, shape ``(n_x, width)`` and ``(n_y, width)``, contiguous.
    rows
        For each block the compressed rows of a matrix from its pairs (rows of x are the
        slower index) to rows of the result: offsets, indices, weights, and the numbers
        of these rows. Blocks are concatenated; offsets of each start at 0.
    columns
        Offsets, indices and weights of the transposes, whose indices are rows of the
        result.
    blocks
        Encoded blocks, for :func:`pair_blocks`. Each row of the result belongs to
        exactly one block.
    n_out
        Number of rows of the result.

    Returns
    -------
    Tensor
        Shape ``(n_out, width)``.
    """
    numbers = _numbers(blocks)
    if runs_compiled(x, len(rows[1]), _n_pairs(numbers)):
        return compiled_pair_sum(x, y, rows, numbers, n_out)
    result = x.new_empty(n_out, x.shape[1])
    for part in _parts(x.shape[1]):
        some = x[:, part].contiguous()
        others = y[:, part].contiguous()
        _fill(result[:, part], some, others, rows, blocks)
    return result


def _numbers(blocks: Sequence[int]) -> IntArray:
    """Return the numbers of blocks as rows."""
    return np.array(blocks, dtype=np.int64).reshape(-1, NUMBERS_OF_A_BLOCK)


def _n_pairs(numbers: IntArray) -> int:
    """Return the number of pairs in all blocks."""
    first, last, other_first, other_last = numbers.T[:4]
    return int(((last - first) * (other_last - other_first)).sum())


def _parts(width: int) -> Iterator[slice]:
    """Yield slices of columns to process at once."""
    for start in range(0, width, WIDEST):
        yield slice(start, start + WIDEST)


def _fill(
    result: Tensor,
    x: Tensor,
    y: Tensor,
    rows: Sequence[Tensor],
    blocks: Sequence[int],
) -> None:
    """Write the sums over all blocks."""
    offsets, indices, weights, targets = rows
    product = PRODUCTS["auto"]
    start = entry = target = 0
    for block in pair_blocks(blocks):
        some = x[block.first : block.last, None]
        others = y[None, block.other_first : block.other_last]
        pairs = torch.mul(some, others).view(block.pairs, -1)
        edges = slice(entry, entry + block.edges)
        sums = product(
            pairs,
            offsets[start : start + block.targets + 1],
            indices[edges],
            weights[edges],
        )
        result.index_copy_(0, targets[target : target + block.targets], sums)
        start += block.targets + 1
        target += block.targets
        entry += block.edges


@pair_sum.register_fake
def _pair_sum_shape(x: Tensor, *others: Any) -> Tensor:
    return x.new_empty(others[-1], x.shape[1])


@torch.library.custom_op("deepsphere_pyg::pair_sum_gradients", mutates_args=())
@in_given_precision
def pair_sum_gradients(
    gradient: Tensor,
    x: Tensor,
    y: Tensor,
    rows: Sequence[Tensor],
    columns: Sequence[Tensor],
    blocks: Sequence[int],
    n_out: int,
) -> tuple[Tensor, Tensor]:
    r"""Return the gradients of both signals.

    .. math::
        \sum_{i,k} w_{ijk}\, g_i y_k, \qquad \sum_{i,j} w_{ijk}\, g_i x_j

    Parameters
    ----------
    gradient
        Gradient of the result, shape ``(n_out, width)``, contiguous.
    x, y, rows, columns, blocks, n_out
        As for :func:`pair_sum`.

    Returns
    -------
    tuple of Tensor
        Of the shapes of x and y.
    """
    numbers = _numbers(blocks)
    if runs_compiled(x, len(columns[1]), _n_pairs(numbers)):
        return compiled_pair_gradients(gradient, x, y, columns, numbers)
    for_x, for_y = torch.zeros_like(x), torch.zeros_like(y)
    for part in _parts(x.shape[1]):
        some, others = x[:, part].contiguous(), y[:, part].contiguous()
        given = gradient[:, part].contiguous()
        _accumulate(
            for_x[:, part], for_y[:, part], given, some, others, columns, blocks
        )
    return for_x, for_y


def _accumulate(
    for_x: Tensor,
    for_y: Tensor,
    gradient: Tensor,
    x: Tensor,
    y: Tensor,
    columns: Sequence[Tensor],
    blocks: Sequence[int],
) -> None:
    """Add the gradients of all blocks."""
    offsets, indices, weights = columns
    product = PRODUCTS["auto"]
    start = entry = 0
    for block in pair_blocks(blocks):
        some = slice(block.first, block.last)
        others = slice(block.other_first, block.other_last)
        edges = slice(entry, entry + block.edges)
        sums = product(
            gradient,
            offsets[start : start + block.pairs + 1],
            indices[edges],
            weights[edges],
        )
        sums = sums.view(block.last - block.first, -1, x.shape[1])
        for_x[some] += torch.mul(sums, y[None, others]).sum(1)
        for_y[others] += sums.mul_(x[some, None]).sum(0)
        start += block.pairs + 1
        entry += block.edges


@pair_sum_gradients.register_fake
def _pair_sum_gradients_shape(
    gradient: Tensor, x: Tensor, y: Tensor, *others: Any
) -> tuple[Tensor, Tensor]:
    return torch.empty_like(x), torch.empty_like(y)
