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

_TIME = re.compile(r"\w+ since .*", re.IGNORECASE)
_AXIS = {"latitude": "Y", "longitude": "X"}
_LAT = "lat latitude lats y nav_lat clat xlat latitudes geolat lat2d glat gphit xlat_m"
_LON = (
    "lon longitude lons long x nav_lon clon xlong longitudes geolon lon2d glon glamt "
    "xlong_m"
)
_TIMES = "time month valid_time date datetime t day year time_counter".split()
_NAMES = {
    "latitude": (*_LAT.split(), "tlat"),
    "longitude": (*_LON.split(), "tlon", "tlong"),
}
_LONG_NAME = re.compile(r"(latitude|longitude)( of (the )?grid cell cent(er|re)s?)?")
# Axes of a map projection or a rotated pole: not latitudes and longitudes.
_OTHER = re.compile(r"projection_[xy](_angular)?_coordinate|grid_(latitude|longitude)")
_ROTATED = ("rlat", "rlon")
_VERTICAL = re.compile(r".*(height|depth|altitude|pressure|sigma|level|thickness).*")


def find_time(dataset: Any, variable: str) -> str | None:
    """Return the dimension of a variable that is time, or None.

    Parameters
    ----------
    dataset
        Open ``xarray.Dataset``.
    variable
        Name of a variable in it.

    Raises
    ------
    ValueError
        If several dimensions fit equally well.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> data = xr.Dataset({"t2m": (("n", "x"), np.zeros((2, 2)))},
    ...     coords={"n": ("n", [0.0, 1.0], {"units": "months since 1960-01-01"})})
    >>> find_time(data, "t2m")
    'n'
    """
    dimensions = [str(name) for name in dataset[variable].dims]
    signs = [_signs_of_time(dataset, name) for name in dimensions]
    for column in zip(*signs, strict=True):
        found = [name for name, sign in zip(dimensions, column, strict=True) if sign]
        if len(found) > 1:
            raise ValueError(
                f"{variable} has more than one dimension of time: "
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
    return any(_signs_of_time(dataset, name))


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


def _signs_of_time(dataset: Any, name: str) -> tuple[bool, bool, bool, bool]:
    """Whether a dimension is time by standard name, units or type, axis, name."""
    variable = dataset.variables.get(name)
    attributes = {} if variable is None else attributes_of(variable)
    is_date = name in dataset.coords and (
        np.issubdtype(variable.dtype, np.datetime64) or _is_calendar(variable)
    )
    units = text(attributes, "units")
    is_place = is_map_axis(name, attributes) or is_length(units)
    return (
        text(attributes, "standard_name") == "time",
        is_date or _TIME.fullmatch(units) is not None,
        text(attributes, "axis").upper() == "T" and not is_place,
        name.lower() in _TIMES and not is_place,
    )


def _is_calendar(values: Any) -> bool:
    """Whether dates are of a calendar that NumPy does not know (360 days)."""
    return bool(
        values.dtype == object
        and values.size
        and type(values.to_numpy().flat[0]).__module__.startswith("cftime")
    )
