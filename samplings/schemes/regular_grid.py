"""Ring samplings that form arrays of latitudes and longitudes."""

from __future__ import annotations

from functools import cached_property
from typing import Any, SupportsIndex

import numpy as np
import numpy.typing as npt

from samplings.arguments import integer_argument
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

    def to_grid(
        self, signal: npt.ArrayLike, axis: int = -1, spin: SupportsIndex = 0
    ) -> npt.NDArray[Any]:
        """Arrange a signal as an array of rings and longitudes.

        Parameters
        ----------
        signal
            Values at the vertices, along ``axis``.
        axis
            Axis of the vertices: -1 for ``(..., V)``, -2 for ``(..., V, C)``.
        spin
            0 for scalars. With 1 for tangent vectors, such as winds, or 2 for
            polarization, the axis after that of the vertices has the two components
            to the south and to the east.

        Returns
        -------
        numpy.ndarray
            Shape ``(..., n_theta, n_phi)``, or ``(..., n_theta, n_phi, C)``, of the
            signal's dtype. The value at a pole fills its row; that of a vector is
            turned to the frame of each longitude.

        Raises
        ------
        TypeError, ValueError
            If the number of values along ``axis`` is not that of the vertices, the spin
            is not an integer of at least 0, or there are not two components.

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
        first = axis % signal.ndim
        spin = integer_argument("spin", spin, 0)
        grid = np.take(signal, self.grid_index, axis=first)
        if spin:
            _check_components(signal, first + 1)
            rows = np.moveaxis(grid, (first, first + 1, first + 2), (0, 1, 2))
            for ring in np.flatnonzero(self.ring_n_phi == 1):
                rows[ring] = _turned(rows[ring], -self._pole_turn(int(ring), spin))
        return grid

    def from_grid(
        self, values: npt.ArrayLike, axis: int = -2, spin: SupportsIndex = 0
    ) -> npt.NDArray[Any]:
        """Turn an array of rings and longitudes into a signal.

        The value of a pole, one vertex, is the **mean of its row**. A row of integers
        or booleans, such as classes, has no mean: it must be constant. Components of
        vectors differ along the row of a pole, since the directions to the south and
        to the east turn there: with ``spin=1`` they are turned to the frame of the
        vertex before the mean is taken. Without it, the mean of winds at a pole would
        be near zero, whatever blows there.

        Parameters
        ----------
        values
            Array with ``n_theta`` and ``n_phi`` entries along ``axis`` and the next.
        axis
            Axis of the rings: -2 for ``(..., n_theta, n_phi)``, -3 for
            ``(..., n_theta, n_phi, C)``.
        spin
            0 for scalars. With 1 for tangent vectors, such as winds, or 2 for
            polarization, the axis after that of the longitudes has the two components
            to the south and to the east: ``axis=-4`` for ``(..., n_theta, n_phi, 2,
            C)``.

        Returns
        -------
        numpy.ndarray
            Shape ``(..., V)``, or ``(..., V, C)``, of the array's dtype.

        Raises
        ------
        TypeError, ValueError
            If the lengths of the two axes do not fit, a row of integers or booleans at
            a pole holds different values, the spin is not an integer of at least 0, or
            there are not two components of floating-point numbers.

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
        spin = integer_argument("spin", spin, 0)
        if spin:
            _check_components(values, first + 2)
        # With components behind the rings and longitudes.
        moved = (first, first + 1, first + 2) if spin else (first, first + 1)
        rows = np.moveaxis(values, moved, range(len(moved)))
        signal = np.empty((len(self), *rows.shape[2:]), dtype=values.dtype)
        for ring in range(self.n_theta):
            start, end = self.ring_start[ring : ring + 2]
            row = rows[ring]
            if end - start < self.n_phi:
                if spin:
                    row = _turned(row, self._pole_turn(ring, spin))
                row = _pole_value(row, ring)
            signal[start:end] = row
        return np.moveaxis(signal, range(len(moved) - 1), moved[:-1])

    def _pole_turn(self, ring: int, spin: int) -> FloatArray:
        """Return angles that turn components along the row of a pole to its vertex.

        With the components as a complex number, a vector at the north pole is a
        constant times ``exp(-i s phi)``, and at the south pole times ``exp(i s phi)``.
        """
        rings = np.flatnonzero(self.ring_n_phi > 1)
        phi = self.phi[self.ring_start[rings[0]] :][: self.n_phi]
        angle = spin * (phi - self.phi[self.ring_start[ring]])
        turn: FloatArray = angle if self.theta[self.ring_start[ring]] == 0 else -angle
        return turn


def _check_components(values: npt.NDArray[Any], axis: int) -> None:
    """Refuse an array without two components along an axis."""
    shape = values.shape
    if axis >= len(shape) or shape[axis] != 2 or values.dtype.kind != "f":
        raise ValueError(
            "with spin, an array must have two components, south and east, of "
            f"floating-point numbers behind the vertices, got shape {shape} of "
            f"{values.dtype}; stack [-v, u] there for winds"
        )


def _turned(row: npt.NDArray[Any], angle: FloatArray) -> npt.NDArray[Any]:
    """Turn components ``(n_phi, 2, ...)`` by an angle each, from south to east."""
    shape = (-1, *(1,) * (row.ndim - 2))
    cos, sin = np.cos(angle).reshape(shape), np.sin(angle).reshape(shape)
    south, east = row[:, 0], row[:, 1]
    both = np.stack([cos * south - sin * east, sin * south + cos * east], axis=1)
    return both.astype(row.dtype)


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
