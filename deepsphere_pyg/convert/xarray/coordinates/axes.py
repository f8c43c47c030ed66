"""Axes and their grid mapping: true degrees, a rotated pole, or a projection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from deepsphere_pyg.convert.xarray.climate_extra import climate_module
from deepsphere_pyg.convert.xarray.coordinates.angles import angles, in_degrees
from deepsphere_pyg.convert.xarray.coordinates.attributes import text
from deepsphere_pyg.convert.xarray.coordinates.cell_places import Places
from deepsphere_pyg.convert.xarray.coordinates.cf_coordinates import is_map_axis
from deepsphere_pyg.convert.xarray.coordinates.grid_lines import GridLines, grid_lines
from deepsphere_pyg.convert.xarray.coordinates.mappings import (
    Axes,
    axes_of,
    mapping_names,
    true_places,
)
from deepsphere_pyg.convert.xarray.coordinates.scan import ANGLES, Angle, Scan
from samplings.arrays import FloatArray
from samplings.units import is_length

# Last rank of coordinates that say themselves that they are true: by units.
_SURE = 1


def axes_are_true(scan: Scan, mapping: str, names: tuple[str, str], rank: int) -> bool:
    """Whether a grid mapping allows two axes to be latitudes and longitudes.

    Parameters
    ----------
    scan
        The data set.
    mapping
        Attribute ``grid_mapping`` of the values, or an empty text.
    names
        Of the axes.
    rank
        The lower of their ranks, as of
        :func:`deepsphere_pyg.convert.xarray.coordinates.cf_coordinates.coordinate_rank`.
    """
    axes = _axes(scan, mapping, names)
    if mapping:
        if axes in ("rotated", "projected"):
            return False
        weak = axes in ("cylindrical", "unknown") and rank > _SURE
        # If the mapping itself is missing, axes named for degrees are believed.
        return not weak or (axes == "unknown" and rank == _SURE + 2)
    # The reference may have got lost: a mapping in the data set is a reason to doubt.
    return rank <= _SURE or axes in ("true", "unknown")


def _axes(scan: Scan, mapping: str, names: Sequence[str]) -> Axes:
    """Return the kind of the axes of some values, by their grid mapping."""
    if mapping:
        referred = _mapping_of(mapping, names)
        if referred not in scan.variables:
            return "unknown"
        return axes_of(scan.attributes[referred])
    kinds = {axes_of(attributes) for attributes in scan.mappings.values()}
    kinds.discard("unknown")
    if not kinds or "true" in kinds:
        return "true"
    return "rotated" if "rotated" in kinds else sorted(kinds)[0]


def _mapping_of(mapping: str, names: Sequence[str]) -> str:
    """Variable of the grid mapping of some coordinates."""
    current, words = "", mapping.split()
    for word in words:
        if word.endswith(":"):
            current = word[:-1]
        elif current and word in names:
            return current
    return mapping_names(mapping)[0]


def rotated_places(
    scan: Scan, dims: Sequence[str], attributes: Mapping[str, Any]
) -> Places | None:
    """Return the places of axes about a rotated pole, or None without such axes.

    They are axes of the standard names ``grid_latitude`` and ``grid_longitude``; the
    pole is that of the variable's grid mapping, or of the only one of the data set.

    Raises
    ------
    ValueError
        If the grid mapping does not give the position of the pole.
    """
    reference = text(attributes, "grid_mapping")
    names = mapping_names(reference) if reference else list(scan.mappings)
    poles = [
        name
        for name in names
        if name in scan.variables and axes_of(scan.attributes[name]) == "rotated"
    ]
    found = [_rotated_axis(scan, dims, kind) for kind in ANGLES]
    if len(poles) != 1 or found[0] is None or found[1] is None:
        return None
    lat, lon = (scan.dataset[name] for name in found)
    y, x, unit = angles(lat, lon, None)
    if not (np.isfinite(y).all() and np.isfinite(x).all()):
        raise ValueError(
            f"{lat.name} and {lon.name} must be finite; drop the rows or columns whose "
            "coordinate is missing"
        )
    y, x = in_degrees(y, x, unit or "degree")
    lines = grid_lines(y, x, "degree") if lat.dims != lon.dims else None
    if lines is not None:
        y, x = np.meshgrid(y, x, indexing="ij")
    north, east = true_places(y, x, scan.attributes[poles[0]], poles[0])
    own = tuple(dict.fromkeys((*lat.dims, *lon.dims)))
    array = climate_module("xarray").DataArray
    return Places(
        array(north, dims=own, name="lat", attrs={"units": "degrees_north"}),
        array(east, dims=own, name="lon", attrs={"units": "degrees_east"}),
        areas=None if lines is None else partial(_areas, lines),
    )


def _areas(lines: GridLines) -> FloatArray:
    """Areas of the cells of a rotated grid, which are those of an upright one.

    Repeated cells, and those at a pole, each have the area of their vertex.
    """
    sampling, vertex = lines.rectilinear()
    return sampling.weights[vertex]


def _rotated_axis(scan: Scan, dims: Sequence[str], kind: Angle) -> str | None:
    """Return the name of the rotated latitude or longitude, or None."""
    found = []
    for name, variable in sorted(scan.variables.items()):
        attributes = scan.attributes[name]
        if (
            text(attributes, "standard_name") == f"grid_{kind}"
            and (variable.ndim == 1 and variable.dims[0] in dims)
            and variable.dtype.kind in "iuf"
            and not is_length(text(attributes, "units"))
        ):
            found.append(name)
    return found[0] if len(found) == 1 else None


def map_axes(scan: Scan, dims: Sequence[str], mapping: str) -> list[str]:
    """Return dimensions whose coordinates are axes of a projection or rotated pole."""
    found = []
    for dim in dims:
        attributes = scan.attributes.get(dim)
        if attributes is None:
            continue
        is_axis = is_map_axis(dim, attributes)
        ranked = any(dim in scan.ranks[kind] for kind in ANGLES)
        if is_axis or (ranked and _axes(scan, mapping, [dim]) not in ("true",)):
            found.append(dim)
    return found
