"""Recognition of latitude, longitude and time among the dimensions of a file.

Rules of the CF conventions 1.11, sections 4.1, 4.2 and 4.4: ``standard_name``, then
``units``, then ``axis``, and last the usual names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from deepsphere_pyg.convert.xarray.coordinates.attributes import attributes_of, text
from samplings.units import counts_along, is_length

Kind = Literal["latitude", "longitude", "time"]

_TIME = re.compile(r"\w+ since .*", re.IGNORECASE)
_AXIS = {"latitude": "Y", "longitude": "X", "time": "T"}
_LAT = "lat latitude lats y nav_lat clat xlat latitudes geolat lat2d glat gphit xlat_m"
_LON = (
    "lon longitude lons long x nav_lon clon xlong longitudes geolon lon2d glon glamt "
    "xlong_m"
)
_TIMES = "time month valid_time date datetime t day year time_counter"
_NAMES = {
    "latitude": (*_LAT.split(), "tlat"),
    "longitude": (*_LON.split(), "tlon", "tlong"),
    "time": tuple(_TIMES.split()),
}
_LONG_NAME = re.compile(r"(latitude|longitude)( of (the )?grid cell cent(er|re)s?)?")
# Axes of a map projection or a rotated pole: not latitudes and longitudes.
_OTHER = re.compile(r"projection_[xy](_angular)?_coordinate|grid_(latitude|longitude)")
_ROTATED = ("rlat", "rlon")
_VERTICAL = re.compile(r".*(height|depth|altitude|pressure|sigma|level|thickness).*")


def find_dimension(dataset: Any, variable: str, kind: Kind) -> str | None:
    """Dimension of a variable that is latitude, longitude or time, or None.

    Parameters
    ----------
    dataset
        Open ``xarray.Dataset``.
    variable
        Name of a variable in it.
    kind
        ``"latitude"``, ``"longitude"`` or ``"time"``.

    Raises
    ------
    ValueError
        If several dimensions fit equally well.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> data = xr.Dataset({"t2m": (("y", "x"), np.zeros((2, 2)))},
    ...     coords={"y": ("y", [0.0, 1.0], {"units": "degrees_north"})})
    >>> find_dimension(data, "t2m", "latitude")
    'y'
    """
    dimensions = [str(name) for name in dataset[variable].dims]
    tests = (_by_standard_name, _by_units, _by_axis, _by_name)
    for test in tests:
        found = [name for name in dimensions if test(dataset, name, kind)]
        if len(found) > 1:
            raise ValueError(
                f"{variable} has more than one dimension of {kind}: "
                f"{', '.join(found)}; select one value of the others"
            )
        if found:
            return found[0]
    return None


def coordinate_rank(
    name: str, attributes: Mapping[str, Any], kind: Literal["latitude", "longitude"]
) -> int | None:
    """Rank a variable as latitude or longitude: 0 is the best, None not at all.

    The standard name ranks first; x and y, as dimensions of any grid are called, last.
    """
    if text(attributes, "standard_name") == kind:
        return 0
    if is_map_axis(name, attributes) or _is_vertical(attributes):
        return None
    if counts_along(text(attributes, "units"), kind):
        return 1
    if is_length(text(attributes, "units")):
        return None
    if text(attributes, "axis").upper() == _AXIS[kind]:
        return 2
    long_name = _LONG_NAME.fullmatch(text(attributes, "long_name").lower())
    if name.lower() in _NAMES[kind] or (long_name and long_name[1] == kind):
        return 3 + (name.lower() in ("x", "y"))
    return None


def is_time(dataset: Any, name: str) -> bool:
    """Whether a dimension counts times."""
    tests = (_by_standard_name, _by_units, _by_axis, _by_name)
    return any(test(dataset, name, "time") for test in tests)


def is_map_axis(name: str, attributes: Mapping[str, Any]) -> bool:
    """Whether a coordinate is an axis of a map projection or a rotated pole."""
    if _OTHER.fullmatch(text(attributes, "standard_name")):
        return True
    if name.lower() in _ROTATED or "rotated" in text(attributes, "long_name").lower():
        return True
    horizontal = (
        text(attributes, "axis").upper() in ("X", "Y")
        or name.lower() in (*_NAMES["latitude"], *_NAMES["longitude"])
        or name.lower() in ("xc", "yc", "easting", "northing", "eastings", "northings")
    )
    is_metres = is_length(text(attributes, "units"))
    return horizontal and is_metres and not _is_vertical(attributes)


def _is_vertical(attributes: Mapping[str, Any]) -> bool:
    """Whether a coordinate is a height, a depth, a level or a time."""
    return bool(
        text(attributes, "axis").upper() in ("Z", "T")
        or text(attributes, "positive").lower() in ("up", "down")
        or _VERTICAL.fullmatch(text(attributes, "standard_name").lower())
        or _TIME.fullmatch(text(attributes, "units"))
    )


def _attributes(dataset: Any, name: str) -> dict[str, Any]:
    if name not in dataset.variables:
        return {}
    return attributes_of(dataset.variables[name])


def _is_other(dataset: Any, name: str) -> bool:
    attributes = _attributes(dataset, name)
    return is_map_axis(name, attributes) or is_length(text(attributes, "units"))


def _by_standard_name(dataset: Any, name: str, kind: Kind) -> bool:
    return text(_attributes(dataset, name), "standard_name") == kind


def _by_units(dataset: Any, name: str, kind: Kind) -> bool:
    units = text(_attributes(dataset, name), "units")
    if kind != "time":
        return counts_along(units, kind) and not _is_other(dataset, name)
    if name in dataset.coords:
        values = dataset.variables[name]
        if np.issubdtype(values.dtype, np.datetime64) or _is_calendar(values):
            return True
    return _TIME.fullmatch(units) is not None


def _is_calendar(values: Any) -> bool:
    """Whether dates are of a calendar that NumPy does not know (360 days)."""
    return bool(
        values.dtype == object
        and values.size
        and type(values.to_numpy().flat[0]).__module__.startswith("cftime")
    )


def _by_axis(dataset: Any, name: str, kind: Kind) -> bool:
    axis = text(_attributes(dataset, name), "axis").upper()
    return axis == _AXIS[kind] and not _is_other(dataset, name)


def _by_name(dataset: Any, name: str, kind: Kind) -> bool:
    return name.lower() in _NAMES[kind] and not _is_other(dataset, name)
