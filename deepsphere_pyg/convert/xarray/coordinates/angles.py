"""Values of latitudes and longitudes: missing ones, packed ones, and their units."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from deepsphere_pyg.convert.xarray.coordinates.attributes import (
    attributes_of,
    number,
    text,
)
from samplings.arrays import FloatArray
from samplings.missing_values import without_missing
from samplings.units import Coordinate, degrees_of

Unit = Literal["degree", "radian"]
_KINDS: tuple[Coordinate, Coordinate] = ("latitude", "longitude")
_RADIAN, _HOUR = 180 / np.pi, 15.0


def unpacked(coordinate: Any) -> FloatArray:
    """Return the numbers of a coordinate as float64, NaN where they are missing.

    Attributes that say how numbers are packed are obeyed where decoding left them.

    Parameters
    ----------
    coordinate
        ``xarray.DataArray`` or ``Variable``.

    Raises
    ------
    TypeError
        If it does not hold numbers.
    """
    attributes = coordinate.attrs
    values = coordinate.to_numpy()
    unsigned = text(attributes, "_Unsigned").lower() == "true"
    if unsigned and values.dtype.kind == "i":
        values = values.astype(values.dtype.newbyteorder("=")).view(
            f"u{values.dtype.itemsize}"
        )
    found = without_missing(values, attributes, coordinate.encoding)
    scale, offset = number(attributes, "scale_factor"), number(attributes, "add_offset")
    numbers = found.astype(np.float64)
    return numbers * (1.0 if scale is None else scale) + (offset or 0.0)


def rounding(coordinate: Any) -> float:
    """Return the relative precision of the floating-point type of a coordinate."""
    dtype = coordinate.dtype
    return float(np.finfo(dtype if dtype.kind == "f" else np.float64).eps)


def stated_unit(lat: Any, lon: Any) -> tuple[float, float, Unit | None]:
    """Return what makes degrees or radians of two coordinates, and which of them.

    Returns
    -------
    lat_scale, lon_scale : float
        Factors to the unit.
    unit : str or None
        None where neither coordinate states its unit.

    Raises
    ------
    ValueError
        If one is in degrees and the other in radians.
    """
    units = [units_of(one) for one in (lat, lon)]
    sizes = [degrees_of(unit, kind) for unit, kind in zip(units, _KINDS, strict=True)]
    if set(sizes) == {1.0, _RADIAN}:
        raise ValueError(
            f"{lat.name} and {lon.name} are in different units, "
            f"{units[0]} and {units[1]}; convert one of them"
        )
    if set(sizes) <= {_RADIAN, None} and _RADIAN in sizes:
        return 1.0, 1.0, "radian"
    stated = [size for size in sizes if size is not None]
    if not stated:
        return 1.0, 1.0, None
    # Hours are of right ascensions only; of other units one may stand for both.
    both = 1.0 if stated[0] == _HOUR else stated[0]
    first, second = (both if size is None else size for size in sizes)
    return first, second, "degree"


def units_of(coordinate: Any) -> str:
    """Return the units of a coordinate, of its attributes or of the values."""
    units = text(attributes_of(coordinate), "units")
    if units:
        return units
    for name in ("unit", "units"):
        stated = getattr(getattr(coordinate, "data", None), name, None)
        if stated is not None:
            return str(stated)
    return ""


def angles(
    lat: Any, lon: Any, unit: Unit | None
) -> tuple[FloatArray, FloatArray, Unit | None]:
    """Return two coordinates as numbers, NaN where missing, and their common unit.

    Parameters
    ----------
    lat, lon
        ``xarray.DataArray`` of any shape.
    unit
        What the user says they are in, before what their attributes state.

    Raises
    ------
    ValueError
        If the unit is unknown, or they are in different ones.
    """
    north, east = unpacked(lat), unpacked(lon)
    if unit is not None:
        return north, east, unit
    first, second, unit = stated_unit(lat, lon)
    return north * first, east * second, unit
