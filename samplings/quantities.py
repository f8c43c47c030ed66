"""Angles and areas as plain numbers, converted from quantities with units."""

from __future__ import annotations

import re
from typing import Any, Literal

import numpy as np

from samplings.arrays import FloatArray
from samplings.missing_values import missing_values, without_missing
from samplings.units import Coordinate, counts_along, degrees_of, steradians_of

# Units of plain numbers, which are in the unit that the caller expects.
_PLAIN = ("", "1", "none", "dimensionless", "unitless", "-")
_TO_RADIANS = np.pi / 180
_STARTS: dict[Coordinate, str] = {"latitude": "lat", "longitude": "lon"}

Kind = Literal["degree", "radian", "sr"]


def degrees(name: str, values: Any) -> FloatArray:
    """Return angles in degree, as native float64 without a unit, in the same shape.

    ``values`` are degrees, or have another unit of angle: quantities of astropy, pint
    or unyt, lists of them, columns of an astropy table, or an xarray variable or pandas
    series with an attribute ``units``. They are not copied unless they change. Messages
    begin with ``name``: ``"lon"``, ``"lat"``, or another.

    Raises
    ------
    TypeError
        If they are not real numbers.
    ValueError
        If the unit is not one of angle, or that of the other coordinate; or if a
        masked array hides some of them.

    Examples
    --------
    >>> import healpy, astropy.units as u
    >>> degrees("lon", [0, 6, 12] * u.hourangle)
    array([  0.,  90., 180.])
    """
    return _plain(name, values, "degree")


def radians(name: str, values: Any) -> FloatArray:
    """Return angles in radian; as :func:`degrees`, but plain numbers are radians."""
    return _plain(name, values, "radian")


def steradians(name: str, values: Any) -> FloatArray:
    """Return areas on the unit sphere in steradian; as :func:`degrees`.

    Areas in square metres and the like are those on an Earth of radius 6,371,229 m.

    Examples
    --------
    >>> import astropy.units as u
    >>> steradians("weights", [1.0] * u.deg**2).round(8)
    array([0.00030462])
    """
    return _plain(name, values, "sr")


def unit_vectors(name: str, values: Any) -> FloatArray:
    """Return components of unit vectors, and refuse a unit."""
    text = _unit_text(values)
    if text.lower() not in _PLAIN:
        raise ValueError(
            f"{name} must be unit vectors, got the unit {text!r}; divide them by their "
            "length"
        )
    return _numbers(name, values)


def _plain(name: str, values: Any, kind: Kind) -> FloatArray:
    """Return angles or areas as plain numbers in a unit."""
    if hasattr(values, "spherical"):
        raise TypeError(
            f"{name} must be numbers, got {type(values).__name__}; pass its longitude "
            "and its latitude, such as coord.ra and coord.dec"
        )
    if isinstance(values, list | tuple) and any(_carries_unit(v) for v in values):
        return np.array([_plain(name, one, kind) for one in values])
    text = _unit_text(values)
    if text.lower() in _PLAIN:
        return _numbers(name, values)
    refuse_other_coordinate(name, text)
    converted = _converted(values, kind)
    if converted is not None:
        return _numbers(name, converted)
    factor = steradians_of(text) if kind == "sr" else degrees_of(text)
    if factor is None:
        known = "sr, deg2 or m2" if kind == "sr" else "degrees, radians or hour angles"
        raise ValueError(
            f"{name} must be in a unit of {'area' if kind == 'sr' else 'angle'}, such "
            f"as {known}, got the unit {text!r}; convert them to {kind}"
        )
    scale = factor * (_TO_RADIANS if kind == "radian" else 1.0)
    # Radians stay unchanged, to the last bit.
    close = abs(scale - 1) < 1e-15
    return _numbers(name, values) * (1.0 if close else scale)


def _wrapped(values: Any) -> Any:
    """Return the array that an xarray variable wraps; None for an array itself."""
    return None if isinstance(values, np.ndarray) else getattr(values, "data", None)


def _carries_unit(value: Any) -> bool:
    return hasattr(value, "unit") or hasattr(value, "units")


def _unit_text(values: Any) -> str:
    """Return the name of the unit of values; empty without one."""
    for attribute in ("unit", "units"):
        unit = getattr(values, attribute, None)
        # Attributes of xarray variables and columns of pandas may have these names.
        if unit is not None and not callable(unit) and np.ndim(unit) == 0:
            return str(unit).strip()
    # The array wrapped by an xarray variable, such as a quantity of pint.
    inner = _wrapped(values)
    if _carries_unit(inner):
        return _unit_text(inner)
    attributes = getattr(values, "attrs", None)
    if isinstance(attributes, dict) and attributes.get("units") is not None:
        return str(attributes["units"]).strip()
    return ""


def refuse_other_coordinate(name: str, unit: str) -> None:
    """Refuse degrees north for a longitude, and degrees east for a latitude."""
    for kind, start in _STARTS.items():
        other = next(one for one in _STARTS if one != kind)
        if name.startswith(start) and counts_along(unit, other):
            raise ValueError(
                f"{name} has the unit {unit!r}, that of {other}s; exchange lon and lat"
            )


def _converted(values: Any, kind: Kind) -> Any:
    """Return values converted to a unit by their own method; None if they lack one."""
    for one in (values, _wrapped(values)):
        for method in ("to_value", "m_as"):
            convert = getattr(one, method, None)
            if callable(convert):
                try:
                    return convert(kind)
                # Every package has its own errors for units that do not convert.
                except Exception:
                    break
    return None


def _numbers(name: str, values: Any) -> FloatArray:
    """Return native float64 numbers, NaN where attributes declare them missing."""
    attributes = getattr(values, "attrs", None)
    attributes = attributes if isinstance(attributes, dict) else {}
    if values is None:
        raise TypeError(f"{name} must be real numbers, got None; pass an array")
    # Quantities of pint warn when their unit is stripped; those of astropy lose masks.
    values = getattr(values, "magnitude", values)
    if hasattr(values, "dims"):
        values = values.to_numpy()
    try:
        given = values if isinstance(values, np.ma.MaskedArray) else np.asarray(values)
        if hasattr(values, "mask") and not callable(values.mask):
            given = np.ma.array(np.asarray(values), mask=np.asarray(values.mask))
        if given.dtype.kind not in "iufO":
            raise TypeError(f"{given.dtype}")
        numbers = given.astype(np.float64, copy=False)
    except (TypeError, ValueError, RuntimeError) as error:
        reason = re.sub(r"\s+", " ", str(error))
        raise TypeError(
            f"{name} must be real numbers, got {_kind_of(values)} "
            f"({reason}); convert them with numpy.asarray(values, dtype=float)"
        ) from None
    hidden = np.ma.getmaskarray(numbers)
    if hidden.any():
        raise ValueError(
            f"{name} must not have hidden entries, got a masked array that hides "
            f"{int(hidden.sum())} of {hidden.size}, the first of them "
            f"{int(hidden.argmax())}; drop them, and the values there"
        )
    plain = np.asarray(np.ma.getdata(numbers))
    if attributes and missing_values(plain, attributes).any():
        plain = np.asarray(without_missing(plain, attributes), dtype=np.float64)
    return plain


def _kind_of(values: Any) -> str:
    kind = type(values).__name__
    dtype = getattr(values, "dtype", None)
    return kind if dtype is None else f"{kind} of {dtype}"
