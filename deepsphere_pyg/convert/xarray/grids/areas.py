"""Areas and corners of cells in a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from deepsphere_pyg.convert.xarray.coordinates.angles import (
    Unit,
    angles,
    in_degrees,
    units_of,
    unpacked,
)
from deepsphere_pyg.convert.xarray.coordinates.attributes import number, text
from deepsphere_pyg.convert.xarray.coordinates.cell_places import Places
from deepsphere_pyg.convert.xarray.coordinates.mappings import mapping_names
from deepsphere_pyg.convert.xarray.coordinates.scan import Scan
from deepsphere_pyg.convert.xarray.grids.curvilinear.cells import Cells
from deepsphere_pyg.convert.xarray.grids.points import WHOLE, same_places
from samplings.arrays import FloatArray
from samplings.points.lonlat import vectors_of_degrees
from samplings.tessellation.cells import polygon_areas
from samplings.units import EARTH, steradians_of

# Areas that are in square metres by convention if a file states its sphere_radius.
IN_METRES = ("areaCell", "areaTriangle", "cell_area", "cell_area_p", "dual_area")


def given_areas(
    scan: Scan,
    attributes: Mapping[str, Any],
    dims: tuple[str, ...],
    cells: Cells,
    areas: Any,
) -> FloatArray:
    """Return areas given by the user, in steradian.

    Parameters
    ----------
    scan, attributes
        The data set, and the attributes of the variable whose cells they are.
    dims
        Dimensions of the cells.
    cells
        Their places.
    areas
        As in :func:`from_xarray`.

    Raises
    ------
    ValueError
        If there is no such variable, or the areas have another shape, an unknown unit,
        are not positive, or add up to more than the sphere.
    """
    if isinstance(areas, str):
        if areas not in scan.variables:
            raise ValueError(
                f"there is no variable {areas!r} of areas; there are: "
                f"{', '.join(scan.variables)}"
            )
        areas = scan.dataset[areas]
    if hasattr(areas, "dims"):
        values, problem = stated_areas(scan, attributes, dims, cells, areas)
    else:
        values = np.asarray(areas, dtype=np.float64)
        problem = _problem(values, cells, "areas")
    if problem:
        raise ValueError(problem)
    return values


def file_areas(
    scan: Scan,
    attributes: Mapping[str, Any],
    places: Places,
    unit: Unit | None,
    cells: Cells,
) -> tuple[FloatArray | None, str]:
    """Return the areas of a file in steradian, or None, and the problems of others.

    Parameters
    ----------
    scan, attributes
        The data set, and the attributes of the variable whose cells they are.
    places, unit
        The coordinates, and their unit.
    cells
        Their places.
    """
    problems: list[str] = []
    for values, problem in _stated(scan, attributes, places, unit, cells):
        if not problem:
            return values, "; ".join(problems)
        problems.append(problem)
    return None, "; ".join(problems)


def _stated(
    scan: Scan,
    attributes: Mapping[str, Any],
    places: Places,
    unit: Unit | None,
    cells: Cells,
) -> Iterator[tuple[FloatArray, str]]:
    """Yield the areas of a file in order of preference, each with its problem."""
    words = text(attributes, "cell_measures").split()
    name = dict(zip(words[::2], words[1::2], strict=False)).get("area:")
    if name in scan.variables:
        array = scan.dataset[name]
        yield stated_areas(scan, attributes, places.dims, cells, array)
    areas = None if places.areas is None else places.areas()
    if areas is not None:
        yield areas, _problem(areas, cells, f"areas of {places}")
    corners = None if places.corners is None else places.corners()
    if corners is None:
        corners = file_corners(scan, places, unit)
    if corners is not None:
        areas = np.zeros(cells.known.shape)
        known = cells.known
        areas[known] = polygon_areas(corners[known])
        yield areas, _problem(areas, cells, f"areas of the polygons of {places}")


def stated_areas(
    scan: Scan,
    attributes: Mapping[str, Any],
    dims: tuple[str, ...],
    cells: Cells,
    areas: Any,
) -> tuple[FloatArray, str]:
    """Return areas of a variable in steradian, and their problem if any.

    Parameters
    ----------
    scan, attributes, dims, cells
        As of :func:`given_areas`.
    areas
        ``xarray.DataArray``.
    """
    if set(areas.dims) != set(dims):
        return np.zeros(cells.known.shape), (
            f"areas lie along ({', '.join(map(str, areas.dims))}), but the cells "
            f"along ({', '.join(dims)})"
        )
    values = in_steradian(scan, attributes, areas.transpose(*dims))
    if values is None:
        return np.zeros(cells.known.shape), (
            f"areas must be in sr, m2 or km2, got the units {units_of(areas)!r}; "
            "convert them to steradian"
        )
    return values, _problem(values, cells, "areas")


def in_steradian(
    scan: Scan, attributes: Mapping[str, Any], areas: Any
) -> FloatArray | None:
    """Return areas of a variable in steradian, or None if their unit is not of areas.

    Areas without units are in steradian, except that variables of :data:`IN_METRES`
    are in square metres if the file states its radius and they exceed the sphere.
    """
    values, units = unpacked(areas), units_of(areas)
    if units in ("", "1"):
        units = "m2" if _is_metric(scan, areas, values) else "sr"
    scale = steradians_of(units, radius(scan, attributes))
    return None if scale is None else values * scale


def _is_metric(scan: Scan, areas: Any, values: FloatArray) -> bool:
    """Whether areas without units are in square metres by their convention."""
    stated = number(scan.dataset.attrs, "sphere_radius") is not None
    too_large = float(np.nansum(values)) > WHOLE
    return stated and too_large and str(areas.name) in IN_METRES


def radius(scan: Scan, attributes: Mapping[str, Any]) -> float:
    """Return the radius in metres of the sphere of a file, by default the Earth's."""
    own = mapping_names(text(attributes, "grid_mapping"))
    for name in (*own, *sorted(scan.attributes)):
        stated = number(scan.attributes.get(name, {}), "earth_radius")
        if stated is not None and stated > 0:
            return stated
    stated = number(scan.dataset.attrs, "sphere_radius")
    return stated if stated is not None and stated > 0 else EARTH


def _problem(values: FloatArray, cells: Cells, what: str) -> str:
    """Return the problem of areas in steradian, or an empty text."""
    known = cells.known
    if values.shape != known.shape:
        return (
            f"{what} must have the shape of the grid, {known.shape}, got {values.shape}"
        )
    wrong = known & ~(np.isfinite(values) & (values > 0))
    if wrong.any():
        bad = tuple(int(i[0]) for i in np.nonzero(wrong))
        return (
            f"{what} must be positive where a cell has coordinates, got {values[bad]} "
            f"at position {', '.join(map(str, bad))}; drop such cells"
        )
    total = float(values[known].sum())
    if total > WHOLE:
        # Cells that repeat count once.
        place, _ = same_places(cells.xyz[known], cells.same)
        total = float((np.bincount(place, values[known]) / np.bincount(place)).sum())
    if total <= WHOLE:
        return ""
    return (
        f"{what} must add up to at most 4 pi steradian, got {total:.4g}; if they are "
        "in square metres, set their attribute units='m2', or divide them by the "
        "square of the radius"
    )


def file_corners(scan: Scan, places: Places, unit: Unit | None) -> FloatArray | None:
    """Return the corners of cells from the ``bounds`` of their coordinates, or None.

    Returns
    -------
    numpy.ndarray
        Unit vectors, shape ``(*grid, n, 3)``.
    """
    corners = []
    for coordinate in (places.lat, places.lon):
        name = text({**coordinate.encoding, **coordinate.attrs}, "bounds")
        if name not in scan.variables:
            return None
        bounds = scan.dataset[name]
        last = [str(d) for d in bounds.dims if d not in places.dims]
        if len(last) != 1 or bounds.sizes[last[0]] < 3:
            return None
        if set(bounds.dims) != {*places.dims, *last}:
            return None
        bounds = bounds.transpose(*places.dims, *last)
        # By the conventions bounds are in the units of their coordinates.
        if not units_of(bounds):
            bounds = bounds.assign_attrs(units=units_of(coordinate))
        corners.append(bounds)
    return corner_vectors(corners[0], corners[1], unit)


def corner_vectors(lat: Any, lon: Any, unit: Unit | None) -> FloatArray | None:
    """Return corners as unit vectors ``(*cells, n, 3)``, or None if there are none.

    Polygons with fewer corners than others repeat the first.

    Parameters
    ----------
    lat, lon
        ``xarray.DataArray`` of the shape ``(*cells, n)``.
    unit
        Unit, which precedes that of their attributes.
    """
    north, east, unit = angles(lat, lon, unit)
    if north.shape != east.shape:
        return None
    valid = np.isfinite(north) & np.isfinite(east)
    if not valid.any():
        return None
    degrees = np.zeros((2, *north.shape))
    degrees[:, valid] = in_degrees(north[valid], east[valid], unit)
    points = vectors_of_degrees(degrees[1], degrees[0])
    first = np.argmax(valid, axis=-1)[..., None, None]
    filled = np.take_along_axis(points, first, axis=-2)
    return np.where(valid[..., None], points, filled)
