"""Samplings of latitudes and longitudes of any form."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.cf_coordinates import angle_unit
from deepsphere_pyg.convert.climate_extra import climate_module
from deepsphere_pyg.convert.grids.areas import file_areas, file_corners
from deepsphere_pyg.convert.grids.coordinates import Places
from deepsphere_pyg.convert.grids.points import (
    Duplicates,
    gaussian_rings,
    scattered_sampling,
)
from deepsphere_pyg.convert.grids.schemes import grid_sampling
from deepsphere_pyg.convert.latlon_grid import ROUNDING, LatLonGrid, in_degrees
from samplings import Sampling
from samplings.base import FloatArray, IntArray
from samplings.points.matching import SAME_POINT

Unit = Literal["degree", "radian"]


def places_sampling(
    places: Places,
    dataset: Any,
    array: Any,
    unit: Unit | None,
    areas: Any,
    duplicates: Duplicates | None,
) -> tuple[Sampling, IntArray]:
    """Sampling of cells at some latitudes and longitudes, and the vertex of each.

    Parameters
    ----------
    places
        The coordinates.
    dataset, array
        Where they are from, and the variable whose places they are.
    unit, areas, duplicates
        As in :func:`from_xarray`.

    Raises
    ------
    ValueError
        If coordinates are missing everywhere, out of range, in different units, or
        repeat; if areas are wrong; or if an option is not for such a grid.
    """
    if duplicates not in (None, "merge", "refuse"):
        raise ValueError(f"duplicates must be 'merge' or 'refuse', got {duplicates!r}")
    unit = angle_unit(places.lat, places.lon) if unit is None else unit
    xarray = climate_module("xarray")
    lat, lon = places.lat.to_numpy(), places.lon.to_numpy()
    if len(places.dims) == 2 and lat.ndim == lon.ndim == 1:
        refuse_options("a grid of latitudes and longitudes", areas, duplicates)
        grid = LatLonGrid(lat, lon, unit)
        return grid_sampling(grid)
    eps = max(np.finfo(one.dtype).eps for one in map(_floating, (lat, lon)))
    lat, lon = (
        one.transpose(*places.dims).to_numpy().astype(np.float64)
        for one in xarray.broadcast(places.lat, places.lon)
    )
    known = np.isfinite(lat) & np.isfinite(lon)
    if not known.any():
        raise ValueError(
            f"{places} are missing everywhere; expected degrees or radians"
        )
    degrees = np.full((2, *lat.shape), np.nan)
    degrees[:, known] = in_degrees(lat[known], lon[known], unit)
    lat, lon = degrees
    if areas is None and duplicates is None:
        separable = _separable(lat, lon) if lat.ndim == 2 and known.all() else None
        if separable is not None:
            return separable
        if lat.ndim == 1 and known.all():
            rings = gaussian_rings(lat, lon)
            if rings is not None:
                return rings
    corners = None
    weights = file_areas(dataset, array, places.dims, known, areas)
    if weights is None:
        corners = file_corners(dataset, places, unit)
    if duplicates is None:
        duplicates = "merge" if lat.ndim == 2 else "refuse"
    # What the floating-point type of the file leaves of 360 degrees.
    same = max(SAME_POINT, 2 * np.pi * float(eps))
    return scattered_sampling(lat, lon, known, weights, corners, duplicates, same)


def _floating(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return values if values.dtype.kind == "f" else values.astype(np.float64)


def _separable(lat: FloatArray, lon: FloatArray) -> tuple[Sampling, IntArray] | None:
    """Grid of rows and columns that two-dimensional coordinates are, or None."""
    for turned in (False, True):
        rows, columns = (lat.T, lon.T) if turned else (lat, lon)
        if min(rows.shape) < 2:
            continue
        constant = (rows == rows[:, :1]).all() and (columns == columns[:1]).all()
        # Grids whose columns overlap are merged point by point.
        if constant and np.ptp(columns[0]) <= 360 + ROUNDING:
            grid = LatLonGrid(rows[:, 0], columns[0], "degree")
            sampling, vertex = grid_sampling(grid)
            return sampling, (np.ascontiguousarray(vertex.T) if turned else vertex)
    return None


def refuse_options(what: str, areas: Any, duplicates: Duplicates | None) -> None:
    """Refuse options that are for other grids.

    Raises
    ------
    ValueError
        If one is given.
    """
    for name, value in (("areas", areas), ("duplicates", duplicates)):
        if value is not None:
            raise ValueError(
                f"{name}= is for curvilinear and unstructured grids; this is {what}, "
                "with exact areas and repeated cells merged: leave it out"
            )
