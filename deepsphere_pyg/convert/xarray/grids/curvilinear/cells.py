"""Places of cells in an array, without those that have no place of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.xarray.grids.curvilinear.areas import curvilinear_areas
from deepsphere_pyg.convert.xarray.grids.curvilinear.neighbours import (
    Links,
    dummy_cells,
    neighbour_links,
    repeated_neighbours,
)
from samplings.arrays import FloatArray, IntArray
from samplings.points.lonlat import vectors_of_degrees

BoolArray = npt.NDArray[np.bool_]
# With more jumps a cell, the places are in no order: edges of tiles and seas are few.
MOST_JUMPS = 0.5


@dataclass(frozen=True, eq=False)
class Cells:
    """Places of cells in an array of one dimension, two, or tiles of two.

    Attributes
    ----------
    lat, lon
        Degrees, shape of the array.
    known
        True where a cell has a place, same shape.
    same
        Distance in radian up to which places are the same.
    """

    lat: FloatArray
    lon: FloatArray
    known: BoolArray
    same: float

    @cached_property
    def xyz(self) -> FloatArray:
        """Unit vectors, shape ``(*array, 3)``; unknown ones are NaN."""
        return vectors_of_degrees(self.lon, self.lat)

    @cached_property
    def pieces(self) -> IntArray:
        """Number of the piece of each cell: neighbours at one place."""
        found = [
            repeated_neighbours(self.xyz[tile], self.known[tile], self.same)
            for tile in self._tiles()
        ]
        pieces = np.reshape(found, self.known.shape)
        # Numbers of tiles differ.
        size = self.known.shape[-2] * self.known.shape[-1]
        tiles = np.arange(len(found)).reshape((*self.known.shape[:-2], 1, 1))
        return np.asarray(pieces + size * tiles, dtype=np.int64)

    @cached_property
    def _links(self) -> list[Links]:
        return [
            neighbour_links(self.xyz[tile], self.known[tile]) for tile in self._tiles()
        ]

    def with_own_places(self, what: str) -> tuple[Cells, str]:
        """Leave out cells whose place is a code; return the others and a message.

        Parameters
        ----------
        what
            The coordinates, for the message.

        Returns
        -------
        cells : Cells
            Those with places of their own.
        message : str
            Empty if all have one.
        """
        if self.known.ndim == 1:
            return self, ""
        dummies = np.zeros(self.known.shape, dtype=bool)
        for tile, links in zip(self._tiles(), self._links, strict=True):
            size = links.right.shape[0] * links.down.shape[1]
            pieces = self.pieces[tile] % size
            dummies[tile] = dummy_cells(self.lat[tile], self.known[tile], pieces, links)
        if not dummies.any():
            return self, ""
        places = np.stack([self.lat[dummies], self.lon[dummies]], axis=1)
        lat, lon = places[0]
        message = (
            f"{int(dummies.sum())} cells of {what} have no place of their own, as at "
            f"latitude {lat:g} and longitude {lon:g}, which many share far from their "
            "neighbours; they are left out"
        )
        return Cells(self.lat, self.lon, self.known & ~dummies, self.same), message

    def without_lonely(self, what: str) -> tuple[Cells, str]:
        """Leave out cells far from all neighbours; return the others and a message.

        Parameters and results are those of :meth:`with_own_places`.

        Raises
        ------
        ValueError
            If most neighbours in the array are far from each other.
        """
        if self.known.ndim == 1:
            return self, ""
        lonely = np.zeros(self.known.shape, dtype=bool)
        jumps = 0
        where = ""
        for tile, links in zip(self._tiles(), self._links, strict=True):
            if not links.n_jumps:
                continue
            jumps += links.n_jumps
            linked = np.any(links.of_each(), axis=0)
            near = np.pad(self.known[tile], 1)
            beside = near[:-2, 1:-1] | near[2:, 1:-1] | near[1:-1, :-2] | near[1:-1, 2:]
            lonely[tile] = self.known[tile] & ~linked & beside
            if not where and links.farthest is not None:
                first, second = links.farthest
                where = f"{first[0]}, {first[1]} and {second[0]}, {second[1]}"
        if not jumps:
            return self, ""
        if jumps > MOST_JUMPS * self.known.size:
            raise ValueError(
                f"most neighbours in the array of {what} are far from each other, as "
                f"at positions {where}: areas of such a grid cannot be estimated; "
                "pass areas=, or give the coordinates bounds"
            )
        message = (
            f"{jumps} pairs of neighbours in the array of {what} are far from each "
            f"other, as at positions {where}: estimated areas do not reach across"
        )
        if lonely.any():
            message += (
                f", and {int(lonely.sum())} cells without near neighbours are left out"
            )
        return Cells(self.lat, self.lon, self.known & ~lonely, self.same), message

    def estimated_areas(self) -> FloatArray:
        """Estimate the areas of the cells in steradian, shape of the array.

        Raises
        ------
        ValueError
            As :func:`curvilinear_areas`.
        """
        areas = np.zeros(self.known.shape)
        for tile in self._tiles():
            areas[tile] = self._areas_of(self.xyz[tile], self.known[tile])
        return areas

    def _areas_of(self, xyz: FloatArray, known: BoolArray) -> FloatArray:
        """Estimate areas of one tile; copies of a row or column share them."""
        shares = np.ones(known.shape)
        groups = []
        for axis in (0, 1):
            new = self._differs(np.moveaxis(xyz, axis, 0), np.moveaxis(known, axis, 0))
            group = np.cumsum(new) - 1
            shares /= np.expand_dims(np.bincount(group)[group], 1 - axis)
            groups.append(group)
            xyz, known = xyz.compress(new, axis), known.compress(new, axis)
        areas = curvilinear_areas(xyz, known, neighbour_links(xyz, known))
        return np.asarray(areas[np.ix_(*groups)] * shares)

    def _differs(self, xyz: FloatArray, known: BoolArray) -> BoolArray:
        """True for rows whose places differ from the row before."""
        equal = np.linalg.norm(xyz[1:] - xyz[:-1], axis=-1) <= self.same
        both = known[1:] == known[:-1]
        copy = (both & (equal | ~known[1:])).all(axis=1) & known[1:].any(axis=1)
        return np.concatenate([[True], ~copy])

    def _tiles(self) -> Iterator[tuple[int, ...]]:
        """Return positions of the two-dimensional arrays that make up the array."""
        return np.ndindex(self.known.shape[:-2])
