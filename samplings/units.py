"""Units of angles, lengths and areas by their names in files and objects."""

from __future__ import annotations

import re
from typing import Literal

import numpy as np

Coordinate = Literal["latitude", "longitude"]

# Radius of the Earth in metres that atmospheric models use (ICON, IFS, WRF: 6370 km).
EARTH = 6_371_229.0
# Degrees of a unit of angle, by its names in lower case without a plural's s.
_ANGLES = {
    **dict.fromkeys(("deg", "degree", "°", "º", "angulardegree", "arcdegree"), 1.0),
    **dict.fromkeys(("rad", "radian"), 180 / np.pi),
    **dict.fromkeys(("mrad", "milliradian"), 0.18 / np.pi),
    **dict.fromkeys(("hourangle", "hour_angle", "hour", "hr", "h"), 15.0),
    **dict.fromkeys(("arcmin", "arcminute", "arc_minute", "minuteofarc", "'"), 1 / 60),
    **dict.fromkeys(("minute_angle", "minutes_angle"), 1 / 60),
    **dict.fromkeys(("arcsec", "arcsecond", "arc_second", "as", '"'), 1 / 3600),
    **dict.fromkeys(("mas", "milliarcsecond"), 1 / 3_600_000),
    **dict.fromkeys(("gon", "grad", "gradian", "grade"), 0.9),
    **dict.fromkeys(("turn", "rev", "revolution", "cycle", "cy"), 360.0),
}
# Metres of a unit of length, likewise.
_LENGTHS = {
    **dict.fromkeys(("m", "meter", "metre"), 1.0),
    **dict.fromkeys(("km", "kilometer", "kilometre"), 1000.0),
    **dict.fromkeys(("hm", "hectometer", "hectometre"), 100.0),
    **dict.fromkeys(("cm", "centimeter", "centimetre"), 0.01),
    **dict.fromkeys(("mm", "millimeter", "millimetre"), 0.001),
    **dict.fromkeys(("ft", "foot", "feet"), 0.3048),
    **dict.fromkeys(("mi", "mile"), 1609.344),
}
_TOWARDS = {
    "latitude": re.compile(r"(.+?)_?(north|south|[ns])"),
    "longitude": re.compile(r"(.+?)_?(east|west|[ew])"),
}
_SQUARED = re.compile(r"(.+?)_?(?:\*\*|\^)?_?\(?2(?:\.0)?\)?|sq(?:uare)?[_.]?(.+)")


def degrees_of(unit: str, coordinate: Coordinate | None = None) -> float | None:
    """Return the size of a unit of angle in degrees, None if it is unknown.

    The name ``unit`` may be in any case, with or without the direction in which it
    counts; with ``coordinate``, directions of the other one are unknown.

    Examples
    --------
    >>> degrees_of("Radians"), degrees_of("degrees_west"), degrees_of("metres")
    (57.29577951308232, -1.0, None)
    >>> degrees_of("degrees_west", "latitude") is None
    True
    """
    word = _word(unit)
    plain = _named(word, _ANGLES)
    if plain is not None:
        return plain
    for kind in _TOWARDS if coordinate is None else (coordinate,):
        size, direction = _directed(word, kind)
        if size is not None:
            return -size if direction in ("s", "w") else size
    return None


def counts_along(unit: str, coordinate: Coordinate) -> bool:
    """Whether a unit of angle names a direction of a coordinate.

    Examples
    --------
    >>> counts_along("degrees_N", "latitude"), counts_along("degrees", "latitude")
    (True, False)
    """
    word = _word(unit)
    return _named(word, _ANGLES) is None and _directed(word, coordinate)[0] is not None


def is_length(unit: str) -> bool:
    """Whether a unit is one of length."""
    return _named(_word(unit), _LENGTHS) is not None


def steradians_of(unit: str, radius: float = EARTH) -> float | None:
    """Return the size of a unit of area in steradians, None if it is unknown.

    ``unit`` is such as ``sr``, ``deg2``, ``radians^2``, ``square degrees`` or ``m**2``;
    ``radius`` is that of the sphere in metres.

    Examples
    --------
    >>> steradians_of("radian^2"), steradians_of("km2", 1000.0), steradians_of("K")
    (1.0, 1.0, None)
    """
    word = _word(unit)
    if word.removesuffix("s") in ("sr", "steradian"):
        return 1.0
    if word in ("ha", "hectare", "hectares"):
        return 1e4 / radius**2
    squared = _SQUARED.fullmatch(word)
    if squared is None:
        return None
    base = squared[1] or squared[2]
    angle, length = _named(base, _ANGLES), _named(base, _LENGTHS)
    if angle is not None:
        return float(np.deg2rad(angle)) ** 2
    return None if length is None else (length / radius) ** 2


def _word(unit: str) -> str:
    """Return a unit in lower case, parts joined by one underscore, ² as 2."""
    return re.sub(r"[\s_]+", "_", unit.strip().lower().replace("²", "2"))


def _named(word: str, sizes: dict[str, float]) -> float | None:
    """Return the size of a unit, or of the singular of its name."""
    return sizes.get(word, sizes.get(word.removesuffix("s")))


def _directed(word: str, coordinate: str) -> tuple[float | None, str]:
    """Return the size and direction of a unit such as degrees_north."""
    found = _TOWARDS[coordinate].fullmatch(word)
    # True degrees, not magnetic ones.
    if found is None and word in ("degree_true", "degrees_true"):
        return 1.0, ""
    return (None, "") if found is None else (_named(found[1], _ANGLES), found[2][0])
