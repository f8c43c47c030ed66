"""Sets of vertices as a table of equal rows, and their areas in softmax."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from samplings.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class PaddedRows:
    """The columns of a sparse matrix, row by row, padded to the longest row.

    Attributes
    ----------
    index
        Columns, shape ``(rows, longest)``; 0 where a row is shorter.
    filled
        Whether there is an entry, same shape.
    values
        Entries, same shape; 0 where a row has ended.
    """

    index: IntArray
    filled: npt.NDArray[np.bool_]
    values: FloatArray

    @classmethod
    def of(cls, matrix: sp.csr_array) -> PaddedRows:
        """Return the rows of a matrix, in the order of its columns."""
        matrix = sp.csr_array(matrix)
        matrix.sort_indices()
        count = np.diff(matrix.indptr)
        filled = np.arange(count.max(initial=0)) < count[:, None]
        index = np.zeros(filled.shape, dtype=np.int64)
        values = np.zeros(filled.shape)
        index[filled] = matrix.indices
        values[filled] = matrix.data
        return cls(index, filled, values)


def log_areas(area: FloatArray, mean: float) -> FloatArray:
    """Return logarithms of areas over a mean; minus infinity for areas of zero.

    Softmax does not see the mean, which keeps the numbers small in half precision.
    """
    with np.errstate(divide="ignore"):
        return np.log(area / mean)
