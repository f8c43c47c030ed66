"""Coordinates, and names of their columns, as people write them in text files."""

from __future__ import annotations

import re
from dataclasses import dataclass

from samplings.quantities import refuse_other_coordinate
from samplings.units import degrees_of

# Names of columns, in lower case, by coordinate.
NAMES = {
    "lon": ("lon", "longitude", "long", "lng", "längengrad", "laengengrad", "longitud"),
    "lat": ("lat", "latitude", "breitengrad", "latitud"),
    "ra": ("ra", "right_ascension", "raj2000", "ra_icrs"),
    "dec": ("dec", "declination", "de", "dej2000", "de_icrs"),
}
# Texts that programs write where a value is missing.
_MISSING = {"", "na", "n/a", "nan", "null", "none", "nil", "missing", "-", "--", "---"}
_MISSING |= {"?", ".", "inf", "-inf", "<na>", "nat", "#n/a", "masked"}
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?"
_PLAIN = re.compile(_NUMBER, re.ASCII)
# Degrees (or hours), minutes and seconds, one after the other.
_PARTS = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>\d+(?:\.\d*)?)\s*(?P<mark>[°ºdh:]|deg|\s)\s*"
    r"(?:(?P<minutes>\d+(?:\.\d*)?)\s*(?:['′’m:]|\s|$)\s*)?"
    r"(?:(?P<seconds>\d+(?:\.\d*)?)\s*(?:\"|″|”|''|s)?\s*)?",
    re.ASCII,
)
_HEMISPHERE = {"n": ("lat", 1), "s": ("lat", -1), "e": ("lon", 1), "w": ("lon", -1)}


class MissingCoordinate(ValueError):
    """A coordinate is missing."""


@dataclass(frozen=True)
class Column:
    """A column of coordinates: its number, its coordinate, and its unit, if stated."""

    index: int
    kind: str
    unit: str

    @property
    def axis(self) -> str:
        """``"lon"`` or ``"lat"``; of right ascensions and declinations too."""
        return {"ra": "lon", "dec": "lat"}.get(self.kind, self.kind)

    def factor(self) -> float:
        """Return the unit in degrees, if it is an angle along this coordinate."""
        if not self.unit:
            return 1.0
        refuse_other_coordinate(self.axis, self.unit)
        degrees = degrees_of(self.unit)
        if degrees is None:
            raise ValueError(
                f"{self.kind} must be in a unit of angle, such as degrees or radians, "
                f"got {self.unit!r}; convert it to degrees"
            )
        return degrees


def named_column(index: int, name: str, unit: str = "") -> Column | None:
    """Return the coordinate and unit that a column's name states, or None.

    Examples
    --------
    >>> named_column(2, "Longitude (degrees_east)")
    Column(index=2, kind='lon', unit='degrees_east')
    >>> named_column(0, "RA [hours]"), named_column(1, "name")
    (Column(index=0, kind='ra', unit='hours'), None)
    """
    text = name.strip().strip("\"'").strip().lower()
    found = re.fullmatch(r"(.*?)\s*[\[(<{]\s*(.*?)\s*[\])>}]", text)
    bare, stated = (found[1], found[2]) if found else (text, "")
    bare = re.sub(r"[\s_]+", "_", bare.strip())
    if bare in ("x", "y", "z"):
        return Column(index, bare, "")
    for kind, names in NAMES.items():
        for known in names:
            if bare == known:
                return Column(index, kind, unit or stated)
            # lon_deg, latitude_radians
            rest = bare.removeprefix(f"{known}_")
            if rest != bare and degrees_of(rest) is not None:
                return Column(index, kind, unit or stated or rest)
    return None


def degrees_in(text: str, column: Column, factor: float) -> float:
    """Return the value of a field of a coordinate in degree.

    It is a number with a point, or with a comma; with a
    hemisphere's letter before or after it; or degrees, minutes and seconds. Right
    ascensions in such parts are hours, unless their unit is degrees.

    Raises
    ------
    MissingCoordinate
        If there is no value.
    ValueError
        If it cannot be read, or in more than one way.

    Examples
    --------
    >>> lon = Column(0, "lon", "")
    >>> degrees_in("12°30'E", lon, 1.0), degrees_in("7,5 W", lon, 1.0)
    (12.5, -7.5)
    """
    given = text.strip().strip("\"'").strip() if text.count('"') != 1 else text.strip()
    if given.lower() in _MISSING:
        raise MissingCoordinate(f"{column.kind} is missing, got {text.strip()!r}")
    given = given.replace("−", "-").replace("\u00a0", " ")
    if given.count(",") == 1 and "." not in given:
        given = given.replace(",", ".")
    if _PLAIN.fullmatch(given):
        return _number(given) * factor
    sign = 1
    letter = re.fullmatch(r"(?:([nsew])\s*)?(.*?)(?:\s*([nsew]))?", given.lower())
    marks = [m for m in (letter[1], letter[3]) if m] if letter else []
    if re.search(r"[hm][^hms]*s$", given.lower()):
        # The last letter is that of seconds.
        marks = []
    if letter and len(marks) == 1:
        axis, sign = _HEMISPHERE[marks[0]]
        if axis != column.axis:
            raise ValueError(f"{column.kind} cannot be {text.strip()!r}")
        given = letter[2]
        if given.startswith(("-", "+")):
            raise ValueError(
                f"{column.kind} has both a sign and a letter, got {text!r}"
            )
    if _PLAIN.fullmatch(given.rstrip("°º").strip()):
        return sign * _number(given.rstrip("°º").strip()) * factor
    parts = _PARTS.fullmatch(given.lower())
    if parts is None:
        raise ValueError(f"{column.kind} must be a number, got {text.strip()!r}")
    minutes, seconds = (float(parts[n] or 0) for n in ("minutes", "seconds"))
    if minutes >= 60 or seconds >= 60:
        raise ValueError(
            f"{column.kind} must have less than 60 minutes and seconds, got "
            f"{text.strip()!r}"
        )
    value = float(parts["whole"]) + minutes / 60 + seconds / 3600
    hours = parts["mark"] == "h" or (column.kind == "ra" and not column.unit)
    if hours and column.axis == "lat":
        raise ValueError(f"{column.kind} cannot be hours, got {text.strip()!r}")
    unit = 15.0 if hours and parts["mark"] not in "°º" else factor
    return sign * (-value if parts["sign"] == "-" else value) * unit


def _number(text: str) -> float:
    # Fortran writes 1.5D+02.
    return float(text.lower().replace("d", "e"))
