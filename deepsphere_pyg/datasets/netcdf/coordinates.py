"""Search, comparison and names of coordinate values."""

from __future__ import annotations

import datetime
from collections.abc import Hashable, Mapping
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from samplings.arguments import shown

Selection = Mapping[str, Any]

_NANOSECONDS = {
    **{"W": 604_800 * 10**9, "D": 86_400 * 10**9, "h": 3_600 * 10**9},
    **{"m": 60 * 10**9, "s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1},
}
# Possible units of a lead time given as a number.
_NUMBER_UNITS = ("h", "D", "m", "s")
# Calendars that agree with NumPy's from this date on.
_STANDARD = ("standard", "gregorian", "proleptic_gregorian")
_SINCE = "1582-10-15"


def number_or_text(text: str) -> Any:
    """Convert a text to an integer or a float if possible, or return it as it is.

    Examples
    --------
    >>> number_or_text("500"), number_or_text("0.5"), number_or_text("r1i1p1f1")
    (500, 0.5, 'r1i1p1f1')
    """
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def coordinate_keys(values: Any) -> list[Hashable]:
    """Return keys that compare coordinate values of any type or resolution.

    Dates have equal keys if they are the same instant, in any unit of ``datetime64`` or
    as another type of the standard calendar; numbers have equal keys if they are equal.
    """
    array = np.atleast_1d(np.asarray(values))
    if array.dtype.kind in "mM":
        kind = "date" if array.dtype.kind == "M" else "step"
        return [(kind, one) for one in _nanoseconds(array)]
    return [_key(one) for one in array.tolist()]


def calendar_of(values: Any) -> str | None:
    """Return the calendar of dates, such as ``noleap``, or None if it is NumPy's."""
    array = np.asarray(values)
    if array.dtype != object or array.size == 0:
        return None
    calendar = getattr(array.flat[0], "calendar", None)
    return None if calendar in (None, *_STANDARD) else str(calendar)


def _key(value: Any) -> Hashable:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, bool | int | float):
        return ("number", float(value))
    if isinstance(value, datetime.datetime | datetime.date):
        return ("date", *_nanoseconds(np.array([np.datetime64(_naive(value))])))
    if isinstance(value, datetime.timedelta):
        return ("step", *_nanoseconds(np.array([np.timedelta64(value)])))
    if hasattr(value, "calendar") and hasattr(value, "isoformat"):
        text = value.isoformat()
        if value.calendar in _STANDARD and text >= _SINCE:
            return ("date", *_nanoseconds(np.array([np.datetime64(text)])))
        return ("date", str(value.calendar), text)
    return str(value)


def _naive(value: Any) -> Any:
    """Return a date in UTC without its time zone."""
    if getattr(value, "tzinfo", None) is None:
        return value
    return value.astimezone(datetime.UTC).replace(tzinfo=None)


def _nanoseconds(array: npt.NDArray[Any]) -> list[int | None]:
    """Return nanoseconds as Python integers, which do not overflow; None for NaT."""
    unit, count = np.datetime_data(array.dtype)
    if unit in ("Y", "M", "generic"):
        unit, count = "D", 1
        array = array.astype(f"{array.dtype.kind}8[D]")
    if unit not in _NANOSECONDS:  # picoseconds and below
        unit, count = "ns", 1
        array = array.astype(f"{array.dtype.kind}8[ns]")
    factor = _NANOSECONDS[unit] * count
    return [
        None if missing else int(one) * factor
        for one, missing in zip(
            array.astype(np.int64).tolist(), np.isnat(array).tolist(), strict=True
        )
    ]


def position_of(dataset: Any, dimension: Hashable, value: Any) -> int:
    """Return the position of a coordinate value along a dimension.

    Without coordinates the value is the position. Numbers match to float32, dates of
    any resolution by their instant, dates and lead times also by text
    (``"2001-02-01"``, ``"6h"``), and texts exactly. A missing or repeated value raises
    ``ValueError``, which lists the existing ones.
    """
    if dimension not in dataset.coords:
        size = dataset.sizes[dimension]
        number = number_or_text(value) if isinstance(value, str) else value
        whole = isinstance(number, int | float | np.integer | np.floating)
        if whole and number == int(number) and 0 <= number < size:
            return int(number)
        raise ValueError(
            f"dimension {dimension} has no coordinates: select a position from 0 to "
            f"{size - 1}, got {value!r}"
        )
    values = dataset[dimension].to_numpy()
    found = np.flatnonzero(_matches(str(dimension), values, value))
    if len(found) == 0:
        raise ValueError(f"{dimension} has no value {value!r}; it has {listed(values)}")
    if len(found) > 1:
        raise ValueError(
            f"{dimension} has the value {value!r} {len(found)} times, at positions "
            f"{', '.join(map(str, found[:4]))}; drop the repeated ones first"
        )
    return int(found[0])


def _matches(name: str, values: Any, value: Any) -> npt.NDArray[np.bool_]:
    """True where a coordinate has a value."""
    if values.dtype.kind == "m":
        return _lead_times(name, values, value)
    try:
        if values.dtype.kind == "M" and isinstance(value, str):
            value = np.datetime64(value)
        if values.dtype.kind in "iufb":
            close = np.isclose(values.astype(float), float(value), rtol=1e-6, atol=0)
            return np.asarray(close)
    except (TypeError, ValueError):
        return np.zeros(len(values), dtype=bool)
    if values.dtype.kind == "O" and isinstance(value, str):
        # Dates of other calendars match by text; midnight may be left out.
        texts = np.array([str(_decoded(one)) for one in values], dtype=object)
        wanted = (value, value.replace("T", " "), f"{value} 00:00:00")
        return np.isin(texts.astype(str), wanted)
    wanted_key = coordinate_keys(
        np.array([value], dtype=object) if isinstance(value, str) else value
    )
    if len(wanted_key) != 1:
        return np.zeros(len(values), dtype=bool)
    equal = (wanted_key[0], str(_decoded(value)))
    return np.array([key in equal for key in coordinate_keys(values)], dtype=bool)


def _decoded(value: Any) -> Any:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _lead_times(name: str, values: Any, value: Any) -> npt.NDArray[np.bool_]:
    """True where lead times equal a duration, its text, or a number of hours."""
    keys = _nanoseconds(values)

    def places(wanted: int) -> npt.NDArray[np.bool_]:
        return np.array([one == wanted for one in keys], dtype=bool)

    number = number_or_text(value) if isinstance(value, str) else value
    # NumPy counts durations among its integers.
    duration = isinstance(number, np.timedelta64)
    if not duration and isinstance(number, int | float | np.integer | np.floating):
        by_unit = {
            unit: places(round(float(number) * _NANOSECONDS[unit]))
            for unit in _NUMBER_UNITS
        }
        fitting = {tuple(np.flatnonzero(one)) for one in by_unit.values() if one.any()}
        if not by_unit["h"].any() or len(fitting) > 1:
            raise ValueError(
                f"{name} holds durations, but {number:g} has no unit: "
                f"pass a text such as '{number:g}h'; it has {listed(values)}"
            )
        return by_unit["h"]
    try:
        if isinstance(value, str):
            # xarray depends on pandas.
            pandas: Any = import_module("pandas")
            value = pandas.to_timedelta(value).to_timedelta64()
        wanted = _nanoseconds(np.atleast_1d(np.asarray(value).astype("m8[ns]")))
    except (TypeError, ValueError):
        return np.zeros(len(values), dtype=bool)
    return places(wanted[0]) if wanted[0] is not None else np.zeros(len(values), bool)


def checked_selection(name: str, selection: Selection | None) -> Selection:
    """Return a selection, empty for None."""
    if selection is None:
        return {}
    if not isinstance(selection, Mapping):
        raise TypeError(
            f"{name} must map dimensions to values, got {shown(selection)}; pass a "
            "dictionary such as {'level': 500}"
        )
    return selection


def select(
    name: str, dataset: Any, variable: str, selection: Selection
) -> dict[str, list[int]]:
    """Return the selected positions along dimensions of a variable.

    A value selects one position, a list several. If a dimension or a value does not
    exist, the ``ValueError`` names the file ``name``.
    """
    positions = {}
    for dimension, value in selection.items():
        if dimension not in dataset.sizes:
            raise ValueError(
                f"{name} has no dimension {dimension!r} to select from; "
                f"it has: {', '.join(map(str, dataset.sizes))}"
            )
        if dimension in dataset[variable].dims:
            several = isinstance(value, list | tuple | np.ndarray) and np.ndim(value)
            values = value if several else [value]
            positions[dimension] = [
                position_of(dataset, dimension, one) for one in values
            ]
            if not positions[dimension]:
                raise ValueError(
                    f"the selection of {dimension} is empty; select at least one value"
                )
    return positions


def listed(values: Any, most: int = 8) -> str:
    """Return the first values as text, for messages."""
    shown = ", ".join(short(value) for value in values[:most])
    return f"{shown}, ... ({len(values)} values)" if len(values) > most else shown


def short(value: Any) -> str:
    """Return a coordinate as text: 500 for 500.0, dates without zero hours, 6h.

    Examples
    --------
    >>> short(np.float32(0.1)), short(np.timedelta64(5400, "s"))
    ('0.1', '90min')
    """
    if isinstance(value, np.datetime64):
        return str(np.datetime_as_string(value, unit="auto"))
    if isinstance(value, np.timedelta64):
        (length,) = _nanoseconds(np.array([value]))
        if length is None:
            return "NaT"
        for unit in ("h", "m", "s", "ms", "us"):
            if length % _NANOSECONDS[unit] == 0:
                return f"{length // _NANOSECONDS[unit]}{'min' if unit == 'm' else unit}"
        return f"{length}ns"
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, int | float | np.integer | np.floating):
        text = f"{value:g}"
        same = type(value)(float(text)) == value or value != value
        return text if same and abs(float(value)) < 1e6 else str(value)
    return str(_decoded(value))
