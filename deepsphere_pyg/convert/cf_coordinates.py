"""Which dimensions of a file are latitude, longitude and time.

Rules of the CF conventions 1.11, sections 4.1, 4.2 and 4.4: ``standard_name``, then
``units``, then ``axis``, and last the usual names.
"""

from __future__ import annotations

import re
from typing import Any, Literal

import numpy as np

Kind = Literal["latitude", "longitude", "time"]

_UNITS = {
    "latitude": r"degrees?_?(north|n)",
    "longitude": r"degrees?_?(east|e)",
    "time": r"\w+ since .*",
}
_AXIS = {"latitude": "Y", "longitude": "X", "time": "T"}
_DEGREES = r"degrees?|deg|°"
_RADIANS = r"radians?|rad"
_NAMES = {
    "latitude": ("lat", "latitude", "lats", "y", "nav_lat", "rlat", "clat", "xlat"),
    "longitude": (
        *("lon", "longitude", "lons", "long", "x", "nav_lon", "rlon", "clon", "xlong"),
    ),
    "time": ("time", "month", "valid_time", "date", "datetime", "t", "day", "year"),
}
# Metres of a map projection, or a rotated pole: not latitudes and longitudes.
_OTHER = re.compile(r"projection_[xy]_coordinate|grid_(latitude|longitude)")


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


def angle_unit(lat: Any, lon: Any) -> Literal["degree", "radian"] | None:
    """Unit that the attributes of two coordinates state, or None if they do not.

    Raises
    ------
    ValueError
        If one is in degrees and the other in radians.
    """
    stated: set[Literal["degree", "radian"]] = set()
    for coordinate, kind in ((lat, "latitude"), (lon, "longitude")):
        units = str(coordinate.attrs.get("units", ""))
        if re.fullmatch(_RADIANS, units, re.IGNORECASE):
            stated.add("radian")
        elif re.fullmatch(f"{_UNITS[kind]}|{_DEGREES}", units, re.IGNORECASE):
            stated.add("degree")
    if len(stated) == 2:
        raise ValueError(
            f"{lat.name} and {lon.name} are in different units, "
            f"{lat.attrs['units']} and {lon.attrs['units']}; convert one of them"
        )
    return stated.pop() if stated else None


def coordinate_rank(dataset: Any, name: str, kind: Kind) -> int | None:
    """How well a variable fits a kind: 0 best, by its standard name; None not at all.

    Names that dimensions of any grid have (x and y) rank last.
    """
    tests = (_by_standard_name, _by_units, _by_axis, _by_name)
    for rank, test in enumerate(tests):
        if test(dataset, name, kind):
            return rank + (test is _by_name and name.lower() in ("x", "y"))
    return None


def is_projected(dataset: Any, name: str) -> bool:
    """Whether a coordinate counts metres of a map or degrees from a rotated pole."""
    return _is_other(dataset, name)


def _attributes(dataset: Any, name: str) -> dict[str, Any]:
    if name not in dataset.variables:
        return {}
    # Decoding moves the units of times into the encoding.
    coordinate = dataset[name]
    return {**coordinate.encoding, **coordinate.attrs}


def _is_other(dataset: Any, name: str) -> bool:
    attributes = _attributes(dataset, name)
    return bool(
        _OTHER.fullmatch(str(attributes.get("standard_name", "")))
        or str(attributes.get("units", "")) in ("m", "km", "metre", "meter", "metres")
    )


def _by_standard_name(dataset: Any, name: str, kind: Kind) -> bool:
    return bool(_attributes(dataset, name).get("standard_name") == kind)


def _by_units(dataset: Any, name: str, kind: Kind) -> bool:
    if kind == "time" and name in dataset.coords:
        values = dataset[name]
        if np.issubdtype(values.dtype, np.datetime64) or _is_calendar(values):
            return True
    units = str(_attributes(dataset, name).get("units", ""))
    return re.fullmatch(_UNITS[kind], units, re.IGNORECASE) is not None


def _is_calendar(values: Any) -> bool:
    """Whether dates are of a calendar that NumPy does not know (360 days)."""
    return bool(
        values.dtype == object
        and values.size
        and type(values.to_numpy().flat[0]).__module__.startswith("cftime")
    )


def _by_axis(dataset: Any, name: str, kind: Kind) -> bool:
    axis = str(_attributes(dataset, name).get("axis", "")).upper()
    return axis == _AXIS[kind] and not _is_other(dataset, name)


def _by_name(dataset: Any, name: str, kind: Kind) -> bool:
    return name.lower() in _NAMES[kind] and not _is_other(dataset, name)
