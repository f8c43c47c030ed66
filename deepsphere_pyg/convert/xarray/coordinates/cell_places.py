"""Places of cells, with their areas and corners if a file has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepsphere_pyg.convert.xarray.coordinates.angles import Unit, stated_unit, unpacked
from samplings.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class Places:
    """Latitudes and longitudes of some cells, as a file holds them.

    Attributes
    ----------
    lat, lon
        ``xarray.DataArray`` of one to three dimensions.
    unit
        Unit by the convention of the file, for coordinates that do not state theirs.
    areas
        Returns areas of the cells in steradian, shape of the cells, by a convention.
    corners
        Returns the corners of the cells, unit vectors ``(*cells, n, 3)``.
    shape
        Rows and columns of a grid whose cells are in a list.
    """

    lat: Any
    lon: Any
    unit: Unit | None = None
    areas: Callable[[], FloatArray | None] | None = None
    corners: Callable[[], FloatArray | None] | None = None
    shape: tuple[int, int] | None = None

    @property
    def dims(self) -> tuple[str, ...]:
        """Dimensions of the cells, rows before columns."""
        return tuple(dict.fromkeys(map(str, (*self.lat.dims, *self.lon.dims))))

    @property
    def key(self) -> tuple[Any, ...]:
        """Key that distinguishes sets of places."""
        return self.dims, self.lat.name, self.lon.name

    def __str__(self) -> str:
        return f"{self.lat.name}, {self.lon.name} ({', '.join(self.dims)})"


def conventional_unit(places: Places) -> Unit | None:
    """Return the unit of a file's convention if no other is stated and values fit."""
    if places.unit is None or stated_unit(places.lat, places.lon)[2] is not None:
        return None
    largest = [np.nanmax(np.abs(unpacked(one))) for one in (places.lat, places.lon)]
    fits = largest[0] <= np.pi / 2 + 1e-6 and largest[1] <= 2 * np.pi + 1e-6
    return places.unit if fits or places.unit != "radian" else None
