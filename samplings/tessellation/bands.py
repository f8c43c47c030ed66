"""Cells between parallels and meridians."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samplings.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class Bands:
    """Cells between parallels and meridians, with a vertex for each ring and column.

    Columns continue around the globe: column ``j + n`` of a ring is its column ``j``.

    Parameters
    ----------
    z
        Sines of the latitudes between the rings, from the south, shape ``(R + 1,)``.
    n, west, start
        Number of columns of each ring, western border of the first one in radian, and
        first vertex, shape ``(R,)``.
    borders
        Borders of unequal columns, the same for all rings, in radian, a whole turn,
        shape ``(n + 1,)``; None for equal columns.
    held
        Number of columns that are cells, from the first; the others are a gap.
    merged
        Whether the cells of a ring are one vertex, as at a pole.
    """

    z: FloatArray
    n: IntArray
    west: FloatArray
    start: IntArray
    borders: FloatArray | None
    held: IntArray
    merged: npt.NDArray[np.bool_]

    def column(self, ring: IntArray, lon: FloatArray) -> IntArray:
        """Return the column of a ring at a longitude in radian."""
        if self.borders is None:
            steps = (lon - self.west[ring]) * (self.n[ring] / (2 * np.pi))
            return np.floor(steps).astype(np.int64)
        turn, rest = np.divmod(lon - self.borders[0], 2 * np.pi)
        inside = np.searchsorted(self.borders - self.borders[0], rest, side="right") - 1
        n = len(self.borders) - 1
        columns: IntArray = (turn * n + np.clip(inside, 0, n - 1)).astype(np.int64)
        return columns

    def border(self, ring: IntArray, column: IntArray) -> FloatArray:
        """Return the western border of a column in radian."""
        if self.borders is None:
            return self.west[ring] + column * (2 * np.pi / self.n[ring])
        turn, rest = np.divmod(column, len(self.borders) - 1)
        return self.borders[rest] + turn * (2 * np.pi)

    def vertex(self, ring: IntArray, column: IntArray) -> IntArray:
        """Return the vertex of a column of a ring; -1 in a gap."""
        place = column % self.n[ring]
        vertex = self.start[ring] + np.where(self.merged[ring], 0, place)
        return np.where(place < self.held[ring], vertex, -1)
