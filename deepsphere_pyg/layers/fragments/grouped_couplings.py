"""Products of fragments as one dense matrix product for each pair of degrees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.harmonics.couplings.clebsch_gordan import clebsch_gordan_set
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from samplings.arrays import FloatArray, IntArray, ReadOnly


class Group(NamedTuple):
    """Two degrees, and the total number of orders of the degrees they couple to."""

    l1: int
    l2: int
    rows: int

    @property
    def pairs(self) -> int:
        """Number of pairs of orders."""
        return (2 * self.l1 + 1) * (2 * self.l2 + 1)


@dataclass(frozen=True, eq=False)
class GroupedTables(ReadOnly):
    """Dense coefficients of all pairs of degrees, and the order of the results.

    Parameters
    ----------
    groups
        Pairs of degrees, l1 <= l2.
    matrices
        For each group its matrix ``(rows, pairs)``, flattened and concatenated.
    order
        For each row of the result its position among the rows of all groups, which are
        sorted by (order, fragment of l1, fragment of l2).
    """

    groups: tuple[Group, ...]
    matrices: FloatArray
    order: IntArray


def grouped_tables(layout: HarmonicLayout, table: IntArray) -> GroupedTables:
    """Lay out the coefficients of products of fragments, by pairs of degrees.

    Parameters
    ----------
    layout
        Rows of the signals.
    table
        Of :func:`.coupled_fragments`.
    """
    triples = np.unique(table[:, [1, 3, 0]], axis=0)
    tau = np.array(layout.tau)
    groups: list[Group] = []
    matrices: list[FloatArray] = []
    # First row of each triple among those of all groups.
    starts = np.empty(len(triples), dtype=np.int64)
    row = 0
    for number, coupling in enumerate(clebsch_gordan_set(triples)):
        l1, l2, height = coupling.l1, coupling.l2, 2 * coupling.l + 1
        if groups and groups[-1][:2] == (l1, l2):
            height += groups.pop().rows
        groups.append(Group(l1, l2, height))
        matrices.append(coupling.dense().ravel())
        starts[number] = row
        row += (2 * coupling.l + 1) * int(tau[l1] * tau[l2])

    l, l1, t1, l2, t2 = table.T  # noqa: E741
    key = (triples * layout.L ** np.array([2, 1, 0])).sum(1)
    wanted = (table[:, [1, 3, 0]] * layout.L ** np.array([2, 1, 0])).sum(1)
    start = starts[np.searchsorted(key, wanted)] + t1 * tau[l2] + t2
    heights = 2 * l + 1
    order = np.arange(heights.sum()) - np.repeat(np.cumsum(heights) - heights, heights)
    order = np.repeat(start, heights) + order * np.repeat(tau[l1] * tau[l2], heights)
    return GroupedTables(tuple(groups), np.concatenate(matrices), order)


def grouped_products(
    signals: Tensor,
    matrices: Tensor,
    order: Tensor,
    groups: tuple[Group, ...],
    layout: HarmonicLayout,
) -> Tensor:
    """Return all products of fragments, in differentiable operations of PyTorch.

    Parameters
    ----------
    signals
        Shape ``(n_rows, width)``.
    matrices, order, groups
        Of :func:`grouped_tables`.
    layout
        Rows of the signals.

    Returns
    -------
    Tensor
        Shape ``(n_out, width)``.
    """
    width = signals.shape[1]
    # By degree, (order, fragment, width).
    heights = [tau * (2 * degree + 1) for degree, tau in enumerate(layout.tau)]
    degrees = [
        part.reshape(tau, 2 * degree + 1, width).transpose(0, 1)
        for degree, (tau, part) in enumerate(
            zip(layout.tau, torch.split(signals, heights), strict=True)
        )
    ]
    parts = []
    start = 0
    for group in groups:
        stop = start + group.rows * group.pairs
        matrix = matrices[start:stop].view(group.rows, group.pairs)
        first, second = degrees[group.l1], degrees[group.l2]
        products = first.shape[1] * second.shape[1]
        pairs = first[:, None, :, None] * second[None, :, None]
        sums = matrix @ pairs.reshape(group.pairs, products * width)
        parts.append(sums.reshape(group.rows * products, width))
        start = stop
    return torch.cat(parts).index_select(0, order)
