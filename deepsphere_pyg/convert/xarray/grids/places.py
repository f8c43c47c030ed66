"""Samplings of latitudes and longitudes of any form."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from deepsphere_pyg.convert.xarray.climate_extra import climate_module
from deepsphere_pyg.convert.xarray.coordinates.angles import (
    ROUNDING,
    Unit,
    angles,
    in_degrees,
    rounding,
)
from deepsphere_pyg.convert.xarray.coordinates.cell_places import (
    Places,
    conventional_unit,
)
from deepsphere_pyg.convert.xarray.coordinates.grid_lines import grid_lines
from deepsphere_pyg.convert.xarray.coordinates.scan import Scan
from deepsphere_pyg.convert.xarray.grids.areas import file_areas, given_areas
from deepsphere_pyg.convert.xarray.grids.curvilinear.cells import Cells
from deepsphere_pyg.convert.xarray.grids.healpix import centre_sampling
from deepsphere_pyg.convert.xarray.grids.points import (
    Duplicates,
    gaussian_rings,
    scattered_sampling,
)
from deepsphere_pyg.convert.xarray.grids.schemes import grid_sampling
from samplings import Sampling
from samplings.arrays import FloatArray, IntArray
from samplings.points.matching import SAME_POINT


class DistantNeighboursWarning(UserWarning):
    """Neighbours in the array of a grid are far from each other on the globe."""


class UnusableAreasWarning(UserWarning):
    """Areas in a file cannot be those of its cells and are not used."""


# Levels of the stack from a warning to the caller of from_xarray.
_CALLER = 4
# A generous bound on the round-off of 360 degrees in float64.
ROUND_OFF = 1e-10


def places_sampling(
    places: Places,
    scan: Scan,
    attributes: Mapping[str, Any],
    unit: Unit | None,
    areas: Any,
    duplicates: Duplicates | None,
) -> tuple[Sampling, IntArray]:
    """Return the sampling of cells at some places, and the vertex of each.

    ``attributes`` are those of the variable; unit, areas, duplicates and errors are
    those of :func:`from_xarray`. Options that do not apply to the grid are refused.
    """
    if duplicates not in (None, "merge", "refuse"):
        raise ValueError(f"duplicates must be 'merge' or 'refuse', got {duplicates!r}")
    if unit is None:
        unit = conventional_unit(places)
    if len(places.dims) == 2 and places.lat.ndim == places.lon.ndim == 1:
        refuse_options("a grid of latitudes and longitudes", areas, duplicates)
        return grid_sampling(grid_lines(*angles(places.lat, places.lon, unit)))
    cells = _cells(places, unit)
    if areas is None and duplicates is None and cells.known.all():
        regular = _regular(cells, places.shape)
        if regular is not None:
            return regular
    return _irregular(places, cells, scan, attributes, unit, areas, duplicates)


def _cells(places: Places, unit: Unit | None) -> Cells:
    """Return the places of cells in degrees, in the order of their dimensions."""
    both = climate_module("xarray").broadcast(places.lat, places.lon)
    lat, lon = (one.transpose(*places.dims) for one in both)
    lat, lon, unit = angles(lat, lon, unit)
    known = np.isfinite(lat) & np.isfinite(lon)
    if not known.any():
        raise ValueError(
            f"{places} are missing everywhere; expected degrees or radians"
        )
    degrees = np.full((2, *lat.shape), np.nan)
    degrees[:, known] = in_degrees(lat[known], lon[known], unit)
    # Round-off of 360 degrees in the floating-point type of the file.
    eps = max(rounding(places.lat), rounding(places.lon))
    same = max(SAME_POINT, 2 * np.pi * eps)
    return Cells(degrees[0], degrees[1], known, same)


def _regular(
    cells: Cells, shape: tuple[int, int] | None
) -> tuple[Sampling, IntArray] | None:
    """Return the scheme, grid, pixels or Gaussian rings that cells form, or None."""
    lat, lon = cells.lat, cells.lon
    if shape is not None and lat.ndim == 1:
        found = _separable(lat.reshape(shape), lon.reshape(shape))
        if found is not None:
            return found[0], found[1].ravel()
    if lat.ndim == 2:
        return _separable(lat, lon)
    if lat.ndim != 1:
        return None
    found = centre_sampling(lat, lon, cells.same)
    return gaussian_rings(lat, lon) if found is None else found


def _irregular(
    places: Places,
    cells: Cells,
    scan: Scan,
    attributes: Mapping[str, Any],
    unit: Unit | None,
    areas: Any,
    duplicates: Duplicates | None,
) -> tuple[Sampling, IntArray]:
    """Return an irregular sampling, with given, stored or estimated areas."""
    what = str(places)
    cells, message = cells.with_own_places(what)
    messages: list[tuple[str, type[Warning]]] = [(message, DistantNeighboursWarning)]
    if areas is not None:
        weights: FloatArray | None = given_areas(
            scan, attributes, places.dims, cells, areas
        )
    else:
        weights, problem = file_areas(scan, attributes, places, unit, cells)
        instead = "others of the file" if weights is not None else "estimates"
        unusable = f"{problem}; {instead} are used instead" if problem else ""
        messages.append((unusable, UnusableAreasWarning))
    if weights is None:
        cells, message = cells.without_lonely(what)
        messages.append((message, DistantNeighboursWarning))
    if not cells.known.any():
        raise ValueError(
            f"the cells of {what} have no places of their own: many share one, far "
            "from their neighbours; add the latitudes and longitudes of each"
        )
    if duplicates is None:
        duplicates = "refuse" if cells.known.ndim == 1 else "merge"
    found = scattered_sampling(cells, weights, duplicates)
    for message, category in messages:
        if message:
            warnings.warn(message, category, stacklevel=_CALLER)
    return found


def _separable(lat: FloatArray, lon: FloatArray) -> tuple[Sampling, IntArray] | None:
    """Return the grid that two-dimensional coordinates form, or None."""
    for turned in (False, True):
        rows, columns = (lat.T, lon.T) if turned else (lat, lon)
        if min(rows.shape) < 2:
            continue
        apart = (np.abs(rows - rows[:, :1]).max(), np.abs(columns - columns[:1]).max())
        constant = max(apart) <= ROUND_OFF
        # Overlapping columns are left to be merged point by point.
        if constant and np.ptp(columns[0]) <= 360 + ROUNDING:
            lines = grid_lines(rows[:, 0], columns[0], "degree")
            sampling, vertex = grid_sampling(lines)
            return sampling, (np.ascontiguousarray(vertex.T) if turned else vertex)
    return None


def refuse_options(what: str, areas: Any, duplicates: Duplicates | None) -> None:
    """Refuse options that apply to other grids."""
    for name, value in (("areas", areas), ("duplicates", duplicates)):
        if value is not None:
            raise ValueError(
                f"{name}= is for curvilinear and unstructured grids; this is {what}, "
                "whose areas are exact and repeated cells merged: leave it out"
            )
