"""Read-only arrays, and a base class that keeps them read-only."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def read_only(array: npt.ArrayLike) -> FloatArray:
    """Return a contiguous float64 copy of ``array`` that cannot be written to."""
    copy = np.array(array, dtype=np.float64, order="C", copy=True)
    copy.setflags(write=False)
    return copy


def freeze(matrix: sp.csr_array) -> sp.csr_array:
    """Make the arrays of a sparse matrix read-only, and return it."""
    for part in (matrix.data, matrix.indices, matrix.indptr):
        part.setflags(write=False)
    return matrix


class ReadOnly:
    """Base of classes whose arrays stay read-only when copied or pickled.

    NumPy makes arrays that were pickled or deeply copied writeable again.
    """

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for value in state.values():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
            elif isinstance(value, sp.csr_array):
                freeze(value)
