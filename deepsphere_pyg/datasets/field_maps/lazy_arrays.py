"""Inputs or targets of a data set as an array that is read when it is sliced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt


class LazyArray:
    """Rows that a function returns, with the indexing of an array along the first axis.

    Parameters
    ----------
    shape, dtype
        Shape and type of the whole array.
    row
        Function from an index to a row.

    Examples
    --------
    >>> squares = LazyArray((5,), np.float64, lambda i: np.float64(i**2))
    >>> squares[1:4], len(squares)
    (array([1., 4., 9.]), 5)
    """

    def __init__(
        self, shape: tuple[int, ...], dtype: npt.DTypeLike, row: Callable[[int], Any]
    ) -> None:
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self._row = row

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> npt.NDArray[Any]:
        """Read a row, or the rows of a slice or a list of indices."""
        chosen = np.arange(len(self))[index]
        if np.ndim(chosen) == 0:
            return np.asarray(self._row(int(chosen)), dtype=self.dtype)
        rows = [self._row(int(i)) for i in chosen]
        if not rows:
            return np.empty((0, *self.shape[1:]), dtype=self.dtype)
        return np.stack(rows).astype(self.dtype, copy=False)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        whole = self[:]
        return whole if dtype is None else whole.astype(dtype)

    def __repr__(self) -> str:
        return f"LazyArray(shape={self.shape}, dtype={self.dtype})"
