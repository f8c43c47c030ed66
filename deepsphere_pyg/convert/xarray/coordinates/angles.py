"""Latitudes and longitudes as numbers: missing or packed values, and units."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from deepsphere_pyg.convert.xarray.coordinates.attributes import (
    attributes_of,
    number,
    text,
)
from samplings.arguments import choice_argument
from samplings.arrays import FloatArray
from samplings.missing_values import without_missing
from samplings.units import Coordinate, degrees_of

Unit = Literal["degree", "radian"]
# Degrees that went through float32 are off by up to 2e-5.
ROUNDING = 1e-4
_KINDS: tuple[Coordinate, Coordinate] = ("latitude", "longitude")
_RADIAN, _HOUR = 180 / np.pi, 15.0


def unpacked(coordinate: Any) -> FloatArray:
    """Return the numbers of a coordinate as float64, NaN where they are missing.

    Numbers are unpacked by their attributes if decoding has not done so. A coordinate
    without numbers raises ``TypeError``.
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
    """Return the factors of two coordinates to their common unit, and that unit.

    The unit is None if neither coordinate states one. Degrees with radians raise
    ``ValueError``.
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
    # Hours are for right ascensions only; any other unit may be meant for both.
    both = 1.0 if stated[0] == _HOUR else stated[0]
    first, second = (both if size is None else size for size in sizes)
    return first, second, "degree"


def units_of(coordinate: Any) -> str:
    """Return the units of a coordinate, from its attributes or its values."""
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

    A unit given by the user overrides their attributes, which must not differ.
    """
    north, east = unpacked(lat), unpacked(lon)
    if unit is not None:
        return north, east, unit
    first, second, unit = stated_unit(lat, lon)
    return north * first, east * second, unit


def in_degrees(
    lat: FloatArray, lon: FloatArray, unit: Unit | None
) -> tuple[FloatArray, FloatArray]:
    """Return finite coordinates of any shape in degrees, latitudes within the poles.

    ``ValueError`` is raised if the unit is unknown, coordinates are out of range, or,
    without a unit, they cover the globe only if read as radians.
    """
    if unit is not None:
        choice_argument("unit", unit, ("degree", "radian"))
    if unit == "radian":
        lat, lon = np.rad2deg(lat), np.rad2deg(lon)
    elif unit is None and _like_radians(lat, lon):
        raise ValueError(
            f"lat and lon span {np.ptp(lat):.3g} and {np.ptp(lon):.3g} degrees, "
            "the globe in radians; pass unit='radian', or unit='degree' if the "
            "grid is really that small"
        )
    if np.abs(lat).max() > 90 + ROUNDING:
        swapped = np.abs(lon).max() <= 90
        remedy = "are lat and lon exchanged?" if swapped else "are they in degrees?"
        raise ValueError(
            "latitudes must be from -90 to 90 degrees, got "
            f"{lat.flat[np.abs(lat).argmax()]:g}; {remedy}"
        )
    if np.abs(lon).max() > 720:
        raise ValueError(
            "longitudes must be degrees that go around the globe at most once, got "
            f"{lon.min():g} to {lon.max():g}; are they degrees of a globe?"
        )
    return np.clip(lat, -90, 90), lon


def _like_radians(lat: FloatArray, lon: FloatArray) -> bool:
    """Whether the grid covers most of the globe if its numbers are radians."""
    return bool(
        np.abs(lat).max() <= np.pi / 2 + 1e-6
        and np.ptp(lat) > 2.5
        and 5.5 < np.ptp(lon) <= 2 * np.pi + 1e-6
    )
