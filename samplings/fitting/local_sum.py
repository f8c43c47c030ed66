"""Sums of small matrices, each on a few of many unknowns, and their inverses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from samplings.arrays import FloatArray, IntArray

# Added to the diagonal of each small matrix in units of it, to keep it invertible.
RIDGE = 1e-10


class LocalSum:
    r"""Matrix :math:`A = \sum_i R_i^T B_i R_i`, where :math:`R_i` picks unknowns.

    ``groups`` are unknowns ``(S, R)`` and symmetric positive semi-definite blocks ``(S,
    S, R)`` of R small matrices of one size. The number ``n`` marks no unknown: its row
    and column of the block are ignored.

    Notes
    -----
    The approximate inverse is the sum of the inverses of the parts of A on the unknowns
    of each block (additive Schwarz), with the sparsity of A. Source: Dryja and Widlund
    1987, "An additive variant of the Schwarz alternating method for the case of many
    subregions", Courant Institute.
    """

    def __init__(self, n: int, groups: Sequence[tuple[IntArray, FloatArray]]) -> None:
        self.n = n
        self.groups: list[tuple[IntArray, FloatArray]] = []
        keys = []
        for unknown, block in groups:
            index = np.ascontiguousarray(unknown.T)
            there = index < n
            blocks = np.ascontiguousarray(block.transpose(2, 0, 1))
            blocks = np.where(there[:, :, None] & there[:, None, :], blocks, 0)
            self.groups.append((index, blocks))
            keys.append((index[:, :, None] * (n + 1) + index[:, None, :]).ravel())
        found, slot = np.unique(np.concatenate(keys), return_inverse=True)
        # Entries of n, which is not an unknown, are dropped.
        row, column = np.divmod(found, n + 1)
        self._slot = slot
        self._kept = (row < n) & (column < n)
        self._columns = column[self._kept]
        self._starts = np.searchsorted(row[self._kept], np.arange(n + 1))
        self.matrix = self._summed([blocks for _, blocks in self.groups])
        self.diagonal: FloatArray = self.matrix.diagonal()

    def approximate_inverse(self, added: FloatArray) -> sp.csr_array:
        """Return a symmetric approximate inverse of A plus a positive diagonal."""
        total = np.append(self.diagonal + added, 1.0)
        inverses = []
        for index, blocks in self.groups:
            scale = 1 / np.sqrt(total[index])
            part = blocks * scale[:, :, None] * scale[:, None, :]
            # The diagonal includes terms of these unknowns in other blocks.
            s = np.arange(index.shape[1])
            part[:, s, s] = 1 + RIDGE
            inverse = np.linalg.inv(part)
            inverse *= scale[:, :, None] * scale[:, None, :]
            inverses.append(inverse)
        return self._summed(inverses)

    def _summed(self, blocks: Sequence[FloatArray]) -> sp.csr_array:
        values = np.concatenate([block.ravel() for block in blocks])
        data = np.bincount(self._slot, values, minlength=len(self._kept))
        return sp.csr_array(
            (data[self._kept], self._columns, self._starts), shape=(self.n, self.n)
        )
