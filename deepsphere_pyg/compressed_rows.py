"""Sparse matrices in compressed rows, as arrays and as tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
import torch
from torch import Tensor

# Training, its last batch, and evaluation.
BATCH_SIZES_KEPT = 3


@dataclass(frozen=True, eq=False)
class CompressedRows:
    """A sparse matrix in compressed rows: the sources of each target.

    Parameters
    ----------
    offsets
        Where each row starts, shape ``(n_out + 1,)``.
    indices
        Source of each edge, row by row, shape ``(E,)``, of the dtype of ``offsets``.
    weights
        Weight of each edge, shape ``(E,)``.
    n_in
        Number of sources.
    """

    offsets: Tensor
    indices: Tensor
    weights: Tensor
    n_in: int

    @property
    def n_out(self) -> int:
        """Number of targets."""
        return len(self.offsets) - 1

    def repeated(self, count: int) -> CompressedRows:
        """Return the block-diagonal matrix of ``count`` copies.

        One product with it, for a whole batch of signals below each other, was
        measured a third faster than a loop over the signals at 12,288 vertices, and
        three times faster at 192.
        """
        if count == 1:
            return self
        step = torch.arange(count, dtype=self.offsets.dtype, device=self.offsets.device)
        starts = self.offsets[:-1] + step[:, None] * self.n_edges
        offsets = torch.cat(
            [starts.flatten(), starts.new_tensor([self.n_edges * count])]
        )
        indices = (self.indices + step[:, None] * self.n_in).flatten()
        return CompressedRows(
            offsets, indices, self.weights.repeat(count), self.n_in * count
        )

    @property
    def n_edges(self) -> int:
        """Number of edges E."""
        return len(self.indices)


class EdgesBothWays:
    """A matrix and its transpose, repeated for the signals of a batch.

    Parameters
    ----------
    rows
        The matrix.
    columns
        Its transpose; the same object if it is symmetric.
    """

    def __init__(self, rows: CompressedRows, columns: CompressedRows) -> None:
        self.rows = rows
        self.columns = columns
        self._kept: dict[int, tuple[CompressedRows, CompressedRows]] = {}

    @property
    def size(self) -> int:
        """What an index runs up to: the largest of edges, sources and targets."""
        return max(self.rows.n_edges, self.rows.n_in, self.rows.n_out)

    def repeated(self, count: int) -> tuple[CompressedRows, CompressedRows]:
        """Matrix and transpose for ``count`` signals below each other."""
        if count not in self._kept:
            if len(self._kept) >= BATCH_SIZES_KEPT:
                self._kept.clear()
            rows = self.rows.repeated(count)
            symmetric = self.columns is self.rows
            columns = rows if symmetric else self.columns.repeated(count)
            self._kept[count] = rows, columns
        return self._kept[count]


def canonical_rows(matrix: Any) -> sp.csr_array:
    """Copy a SciPy matrix to float64 rows, sorted and without stored zeros.

    Raises
    ------
    TypeError
        If it is not a sparse matrix.
    ValueError
        If it is complex, empty or not finite.
    """
    if not sp.issparse(matrix):
        raise TypeError(
            f"matrix must be a SciPy sparse matrix, got {type(matrix).__name__}; "
            "convert it with scipy.sparse.csr_array"
        )
    matrix = cast(Any, matrix)
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise ValueError(
            f"matrix must have shape (n_out, n_in), both at least 1, got {matrix.shape}"
        )
    if np.iscomplexobj(matrix):
        raise ValueError(
            "edge weights must be real, got complex ones; "
            "build one operator of the real part and one of the imaginary part"
        )
    rows: sp.csr_array = sp.csr_array(matrix, dtype=np.float64, copy=True)
    rows.sum_duplicates()
    rows.eliminate_zeros()
    if not np.isfinite(rows.data).all():
        raise ValueError(
            "edge weights must be finite, got NaN or infinity; check the areas or "
            "distances they come from"
        )
    return rows


def transposed_rows(
    rows: sp.csr_array,
) -> tuple[sp.csr_array, npt.NDArray[np.int64] | None]:
    """Transpose canonical rows.

    Returns
    -------
    columns
        The transpose; its values number the weights of ``rows``.
    order
        Those numbers; None if the matrix is its own transpose.
    """
    numbers = np.arange(rows.nnz)
    numbered = sp.csr_array((numbers, rows.indices, rows.indptr), shape=rows.shape)
    columns = sp.csr_array(numbered.T)
    columns.sort_indices()
    order: npt.NDArray[np.int64] = columns.data
    symmetric = (
        np.array_equal(columns.indptr, rows.indptr)
        and np.array_equal(columns.indices, rows.indices)
        and np.array_equal(rows.data[order], rows.data)
    )
    return columns, None if symmetric else order
