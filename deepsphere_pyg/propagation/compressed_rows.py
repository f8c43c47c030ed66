"""Sparse matrices in compressed rows, as arrays."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp


def canonical_rows(matrix: Any) -> sp.csr_array:
    """Return a copy of a SciPy matrix in sorted float64 rows without stored zeros.

    Raises
    ------
    TypeError
        If ``matrix`` is not a sparse matrix.
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
