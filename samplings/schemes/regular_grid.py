"""Ring samplings that form arrays of latitudes and longitudes."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from samplings.arrays import FloatArray, IntArray
from samplings.rings import RingSampling


class RegularGrid(RingSampling):
    """Rings with equal numbers of longitudes: an array ``(n_theta, n_phi)``.

    Parameters
    ----------
    theta, shift, edges, area
        As for :class:`RingSampling`. A colatitude of exactly 0 or pi is a pole.
    n_phi
        Number of longitudes.

    Attributes
    ----------
    n_theta, n_phi
        Numbers of rings and of longitudes.
    """

    n_theta: int
    n_phi: int

    def __init__(
        self,
        theta: FloatArray,
        n_phi: int,
        shift: int,
        edges: npt.ArrayLike,
        area: npt.ArrayLike | None = None,
    ) -> None:
        object.__setattr__(self, "n_theta", len(theta))
        object.__setattr__(self, "n_phi", n_phi)
        pole = (theta == 0) | (theta == np.pi)
        super().__init__(theta, np.where(pole, 1, n_phi), shift, edges, area)

    @cached_property
    def grid_index(self) -> IntArray:
        """Vertex of each entry of the array, shape ``(n_theta, n_phi)``.

        A pole's one vertex fills its row: ``signal[grid_index]`` is constant there.
        """
        columns = np.arange(self.n_phi) * (self.ring_n_phi > 1)[:, None]
        index = self.ring_start[:-1, None] + columns
        index.setflags(write=False)
        return index

    def to_grid(self, signal: npt.ArrayLike, axis: int = -1) -> npt.NDArray[Any]:
        """Arrange a signal as an array of rings and longitudes.

        Parameters
        ----------
        signal
            Values at the vertices, along ``axis``.
        axis
            Axis of the vertices: -1 for ``(..., V)``, -2 for ``(..., V, C)``.

        Returns
        -------
        numpy.ndarray
            Shape ``(..., n_theta, n_phi)``, or ``(..., n_theta, n_phi, C)``, of the
            signal's dtype. The value at a pole fills its row.

        Raises
        ------
        ValueError
            If the number of values along ``axis`` is not that of the vertices.

        Examples
        --------
        >>> from samplings import Equiangular
        >>> Equiangular(3, 4, scheme="clenshaw-curtis").to_grid([1, 2, 3, 4, 5, 6])
        array([[1, 1, 1, 1],
               [2, 3, 4, 5],
               [6, 6, 6, 6]])
        """
        signal = np.asarray(signal)
        if not -signal.ndim <= axis < signal.ndim:
            raise ValueError(
                f"axis must exist in a signal of shape {signal.shape}, got {axis}; "
                "pass the axis of the vertices"
            )
        if signal.shape[axis] != len(self):
            raise ValueError(
                f"a signal on {self!r} must have {len(self)} values along its axis of "
                f"vertices, got shape {signal.shape} and axis={axis}; pass axis=-2 for "
                "(..., vertex, channel)"
            )
        return np.take(signal, self.grid_index, axis=axis % signal.ndim)

    def from_grid(self, values: npt.ArrayLike, axis: int = -2) -> npt.NDArray[Any]:
        """Turn an array of rings and longitudes into a signal.

        The value of a pole, one vertex, is the **mean of its row**. A row of integers
        or booleans, such as classes, has no mean: it must be constant.

        Parameters
        ----------
        values
            Array with ``n_theta`` and ``n_phi`` entries along ``axis`` and the next.
        axis
            Axis of the rings: -2 for ``(..., n_theta, n_phi)``, -3 for
            ``(..., n_theta, n_phi, C)``.

        Returns
        -------
        numpy.ndarray
            Shape ``(..., V)``, or ``(..., V, C)``, of the array's dtype.

        Raises
        ------
        ValueError
            If the lengths of the two axes do not fit, or a row of integers or booleans
            at a pole holds different values.

        Examples
        --------
        >>> from samplings import Equiangular
        >>> grid = Equiangular(3, 4, scheme="clenshaw-curtis")
        >>> grid.from_grid([[0.0, 2.0, 0.0, 2.0], [1, 2, 3, 4], [5, 5, 5, 5]])
        array([1., 1., 2., 3., 4., 5.])
        """
        values = np.asarray(values)
        first = axis + values.ndim if axis < 0 else axis
        shape = (self.n_theta, self.n_phi)
        if first < 0 or values.shape[first : first + 2] != shape:
            raise ValueError(
                f"an array on {self!r} must have {shape} entries along its axes of "
                f"rings and longitudes, got shape {values.shape} and axis={axis}; pass "
                "axis=-3 for (..., ring, longitude, channel)"
            )
        rows = np.moveaxis(values, (first, first + 1), (0, 1))
        signal = np.empty((len(self), *rows.shape[2:]), dtype=values.dtype)
        for ring in range(self.n_theta):
            start, end = self.ring_start[ring : ring + 2]
            whole = end - start == self.n_phi
            signal[start:end] = rows[ring] if whole else _pole_value(rows[ring], ring)
        return np.moveaxis(signal, 0, first)


def _pole_value(row: npt.NDArray[Any], ring: int) -> npt.NDArray[Any]:
    """Return the mean over the first axis, or the one value of a row of integers."""
    if np.issubdtype(row.dtype, np.inexact):
        # Relative to the first, so that a constant row keeps its value to the last bit.
        wide = np.result_type(row.dtype, np.float64)
        return np.asarray(row[0] + (row - row[0]).mean(axis=0, dtype=wide))
    if (row != row[0]).any():
        raise ValueError(
            f"row {ring} is a pole, one vertex, but holds different values of type "
            f"{row.dtype}, which have no mean; make the row constant, or convert to "
            "float"
        )
    return np.asarray(row[0])
