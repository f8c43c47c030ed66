"""Samplings made of rings: circles of latitude with equally spaced longitudes."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from samplings.base import FloatArray, IntArray, Sampling, read_only


class RingSampling(Sampling):
    r"""What samplings made of rings share: geometry, areas and symmetries.

    .. math:: \varphi_{tj} = \frac{\pi (2j + s_t)}{n_t}, \quad
        a_{tj} = \frac{2\pi}{n_t} (\cos\theta_{t-1/2} - \cos\theta_{t+1/2})

    Vertices are ordered ring by ring from the north, and along a ring from the first
    longitude to the east. A ring at a pole has one vertex. The cell of a vertex reaches
    half a step to the west and east, and from one boundary of its ring to the other.

    Parameters
    ----------
    theta
        Colatitudes of the rings in radian, from the north, shape ``(R,)``.
    n_phi
        Number of vertices on each ring, shape ``(R,)``.
    shift
        First longitude of each ring in half steps: 0 where a vertex is at longitude 0,
        1 where a boundary is. One for all rings, or shape ``(R,)``.
    edges
        Colatitudes of the boundaries of the rings in radian, from 0 to pi,
        shape ``(R + 1,)``.
    area
        Areas of the cells of each ring in steradian, shape ``(R,)``; by default those
        between the boundaries.

    Attributes
    ----------
    ring_theta, ring_n_phi, ring_shift, ring_edges
        The parameters.
    ring_start
        First vertex of each ring, and the number of vertices, shape ``(R + 1,)``.

    Examples
    --------
    >>> from samplings import ReducedGaussian
    >>> sampling = ReducedGaussian([4, 6, 4])
    >>> sampling.ring_start, np.rad2deg(sampling.ring_theta).round()
    (array([ 0,  4, 10, 14]), array([ 39.,  90., 141.]))
    """

    ring_theta: FloatArray
    ring_n_phi: IntArray
    ring_shift: IntArray
    ring_edges: FloatArray
    ring_start: IntArray

    def __init__(
        self,
        theta: npt.ArrayLike,
        n_phi: npt.ArrayLike,
        shift: npt.ArrayLike,
        edges: npt.ArrayLike,
        area: npt.ArrayLike | None = None,
    ) -> None:
        theta, edges = read_only(theta), read_only(edges)
        n_phi = _integers(n_phi, len(theta))
        start = _integers(np.concatenate([[0], np.cumsum(n_phi)]), len(theta) + 1)
        shift = _integers(shift, len(theta))
        for name, value in (
            ("theta", theta),
            ("n_phi", n_phi),
            ("shift", shift),
            ("edges", edges),
            ("start", start),
        ):
            object.__setattr__(self, f"ring_{name}", value)
        if area is None:
            area = 2 * np.pi / n_phi * band_heights(edges[:-1], edges[1:])
        ring = np.repeat(np.arange(len(theta)), n_phi)
        steps = 2 * (np.arange(start[-1]) - start[ring]) + shift[ring]
        phi = steps * (np.pi / n_phi)[ring]
        # The sine of pi as a float is 1.2e-16; at a pole it is 0.
        sine = np.where((theta == 0) | (theta == np.pi), 0.0, np.sin(theta))[ring]
        xyz = np.stack([sine * np.cos(phi), sine * np.sin(phi), np.cos(theta)[ring]], 1)
        super().__init__(xyz, np.asarray(area)[ring])

    def per_vertex(self, ring_weights: FloatArray) -> FloatArray:
        r"""Share the weights of a rule over colatitude among the vertices of each ring.

        Parameters
        ----------
        ring_weights
            Weights that sum to 2, shape ``(R,)``.

        Returns
        -------
        numpy.ndarray
            Weights in steradian that sum to :math:`4\pi`, shape ``(V,)``, read-only.
        """
        return read_only(
            np.repeat(ring_weights * (2 * np.pi / self.ring_n_phi), self.ring_n_phi)
        )

    @property
    def symmetries(self) -> tuple[FloatArray, ...]:
        """Mirrors, and the smallest turn about the axis that all rings share.

        The mirror north to south is among them where the rings have it.
        """
        generators = [read_only(np.diag([1.0, -1.0, 1.0]))]
        off_pole = (self.ring_theta > 0) & (self.ring_theta < np.pi)
        turns = math.gcd(*(int(n) for n in self.ring_n_phi[off_pole]))
        if turns > 1:
            c, s = math.cos(2 * math.pi / turns), math.sin(2 * math.pi / turns)
            generators.append(read_only([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]]))
        if self._is_mirrored():
            generators.append(read_only(np.diag([1.0, 1.0, -1.0])))
        return tuple(generators)

    def _is_mirrored(self) -> bool:
        """Whether the mirror at the equator maps rings onto rings."""
        # 1e-13 rad: what round-off leaves of a scheme's own symmetry, or less.
        return all(
            np.array_equal(rings, rings[::-1])
            for rings in (self.ring_n_phi, self.ring_shift)
        ) and all(
            np.abs(theta + theta[::-1] - np.pi).max() < 1e-13
            for theta in (self.ring_theta, self.ring_edges)
        )


class RegularGrid(RingSampling):
    """Rings with as many longitudes each: an array ``(n_theta, n_phi)``.

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

        A pole's one vertex stands in its whole row: ``signal[grid_index]`` is an array
        whose rows at the poles are constant.
        """
        columns = np.arange(self.n_phi) * (self.ring_n_phi > 1)[:, None]
        index = self.ring_start[:-1, None] + columns
        index.setflags(write=False)
        return index

    def to_grid(self, signal: npt.ArrayLike, axis: int = -1) -> npt.NDArray[Any]:
        """Lay a signal out as an array of rings and longitudes.

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
            If there are not as many values as vertices along ``axis``.

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
                f"axis {axis} does not exist in a signal of shape {signal.shape}; "
                "pass the axis of the vertices"
            )
        if signal.shape[axis] != len(self):
            raise ValueError(
                f"a signal on {self!r} has {len(self)} values along its axis of "
                f"vertices, got shape {signal.shape} and axis={axis}; pass axis=-2 for "
                "(..., vertex, channel)"
            )
        return np.take(signal, self.grid_index, axis=axis % signal.ndim)

    def from_grid(self, values: npt.ArrayLike, axis: int = -2) -> npt.NDArray[Any]:
        """Turn an array of rings and longitudes into a signal.

        A pole is one vertex, and its value the **mean of its row**. A row of integers
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
            If the two axes have other lengths, or a row of integers or booleans at a
            pole holds different values.

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
                f"an array on {self!r} has {shape} entries along its axes of rings and "
                f"longitudes, got shape {values.shape} and axis={axis}; pass axis=-3 "
                "for (..., ring, longitude, channel)"
            )
        rows = np.moveaxis(values, (first, first + 1), (0, 1))
        signal = np.empty((len(self), *rows.shape[2:]), dtype=values.dtype)
        for ring in range(self.n_theta):
            start, end = self.ring_start[ring : ring + 2]
            whole = end - start == self.n_phi
            signal[start:end] = rows[ring] if whole else _pole_value(rows[ring], ring)
        return np.moveaxis(signal, 0, first)


def _pole_value(row: npt.NDArray[Any], ring: int) -> npt.NDArray[Any]:
    """Mean of the first axis, or the one value of a row of integers."""
    if np.issubdtype(row.dtype, np.inexact):
        # From the first on, so that a constant row gives its value to the last bit.
        wide = np.result_type(row.dtype, np.float64)
        return np.asarray(row[0] + (row - row[0]).mean(axis=0, dtype=wide))
    if (row != row[0]).any():
        raise ValueError(
            f"row {ring} is a pole, one vertex, but holds different values of type "
            f"{row.dtype}, which have no mean; make the row constant, or convert to "
            "float"
        )
    return np.asarray(row[0])


def _integers(values: npt.ArrayLike, n: int) -> IntArray:
    """Return a read-only integer array of n values."""
    array = np.array(np.broadcast_to(values, n), dtype=np.int64)
    array.setflags(write=False)
    return array


def band_heights(north: FloatArray, south: FloatArray) -> FloatArray:
    """Differences of the cosines of colatitudes, accurate for thin bands at a pole."""
    return np.asarray(2 * np.sin((north + south) / 2) * np.sin((south - north) / 2))


def mid_parallels(theta: FloatArray) -> FloatArray:
    """Boundaries halfway between rings, and the poles, shape ``(R + 1,)``."""
    return np.concatenate([[0.0], (theta[:-1] + theta[1:]) / 2, [np.pi]])
