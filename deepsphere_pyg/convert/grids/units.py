"""Units of angles and areas, as files and objects with units name them."""

from __future__ import annotations

import re

import numpy as np

# Degrees of one unit. Directions ("degrees_north") are handled apart.
_ANGLES = {
    **dict.fromkeys(("degree", "degrees", "deg", "degs", "°", "arcdegree"), 1.0),
    **dict.fromkeys(("radian", "radians", "rad", "rads"), 180 / np.pi),
    **dict.fromkeys(("hour", "hours", "h", "hr", "hrs", "hourangle"), 15.0),
    **dict.fromkeys(("gradian", "gradians", "grad", "grads", "gon", "gons"), 0.9),
    **dict.fromkeys(("arcminute", "arcminutes", "arcmin", "arcmins", "'"), 1 / 60),
    **dict.fromkeys(("minute_angle", "minutes_angle"), 1 / 60),
    **dict.fromkeys(("arcsecond", "arcseconds", "arcsec", "arcsecs", '"'), 1 / 3600),
    **dict.fromkeys(("milliradian", "mrad"), 0.18 / np.pi),
    **dict.fromkeys(("turn", "turns", "cycle", "cycles", "revolution"), 360.0),
}
_DIRECTIONS = {
    "latitude": re.compile(r"(.*?)[ _]*(north|n)", re.IGNORECASE),
    "longitude": re.compile(r"(.*?)[ _]*(east|e)", re.IGNORECASE),
}
_METRES = {
    **dict.fromkeys(("m", "meter", "meters", "metre", "metres"), 1.0),
    **dict.fromkeys(("km", "kilometer", "kilometers", "kilometre", "kilometres"), 1e3),
    **dict.fromkeys(("cm", "centimeter", "centimeters", "centimetre"), 1e-2),
    **dict.fromkeys(("mm", "millimeter", "millimeters", "millimetre"), 1e-3),
    **dict.fromkeys(("hm", "hectometer", "hectometre"), 1e2),
    **dict.fromkeys(("ft", "foot", "feet"), 0.3048),
    **dict.fromkeys(("mi", "mile", "miles"), 1609.344),
}
_STERADIANS = ("sr", "steradian", "steradians")
_SQUARE = re.compile(r"(?:square|sq)[ _.]*(.+)|(.+?)[ _]*(?:\^|\*\*)?[ _]*(?:2|²)")


def angle_in_degrees(units: str, kind: str | None = None) -> float | None:
    """Return the degrees of one unit of an angle, or None where it is not one.

    Parameters
    ----------
    units
        Text of the units.
    kind
        ``"latitude"`` or ``"longitude"``, whose direction may be in the text.

    Examples
    --------
    >>> angle_in_degrees("hourangle"), angle_in_degrees("degrees_E", "longitude")
    (15.0, 1.0)
    """
    word = units.strip().lower()
    if word in _ANGLES:
        return _ANGLES[word]
    directed = _DIRECTIONS[kind].fullmatch(word) if kind in _DIRECTIONS else None
    return _ANGLES.get(directed[1].strip(" _")) if directed else None


def is_directed(units: str, kind: str) -> bool:
    """Whether units of an angle name the direction that a kind counts to."""
    word = units.strip().lower()
    directed = _DIRECTIONS[kind].fullmatch(word)
    return directed is not None and directed[1].strip(" _") in _ANGLES


def is_length(units: str) -> bool:
    """Whether units are those of a length."""
    return units.strip().lower() in _METRES


def area_unit(units: str) -> tuple[float, bool] | None:
    """Return the size of a unit of area, or None where it is not one.

    Returns
    -------
    scale : float
        In steradian, or in square metres.
    is_length : bool
        Whether the scale is in square metres.

    Examples
    --------
    >>> area_unit("km**2"), area_unit("radians^2"), area_unit("acre")
    ((1000000.0, True), (1.0, False), None)
    """
    word = units.strip().lower()
    if word in _STERADIANS:
        return 1.0, False
    if word in ("ha", "hectare", "hectares"):
        return 1e4, True
    square = _SQUARE.fullmatch(word)
    if square is None:
        return None
    base = (square[1] or square[2]).strip()
    if base in _METRES:
        return _METRES[base] ** 2, True
    if base in _ANGLES:
        return float(np.deg2rad(_ANGLES[base])) ** 2, False
    return None
