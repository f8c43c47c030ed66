"""Axes of time: their calendars, and their steps."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from samplings.arguments import kind_of
from samplings.arrays import IntArray

# Relative difference of steps that are equal.
_SAME = 1e-6
# Days of a year of calendars of climate models; others have leap days.
_YEARS = {"noleap": 365, "365_day": 365, "360_day": 360}


class CalendarParts(NamedTuple):
    """Parts of dates, each of shape ``(T,)``.

    Attributes
    ----------
    year, month
        Year, and month from 1.
    day
        Day of the year, from 1.
    second
        Second of the day.
    days
        Days of the longest year of the calendar.
    """

    year: IntArray
    month: IntArray
    day: IntArray
    second: IntArray
    days: int


def time_array(times: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return dates or numbers as an array ``(T,)``.

    Parameters
    ----------
    times
        Dates of NumPy or cftime, or numbers; also a coordinate of xarray.

    Raises
    ------
    TypeError
        If they are neither.
    ValueError
        If they are not one-dimensional, or a time is missing.
    """
    try:
        array = np.asarray(times)
    except (TypeError, ValueError, RuntimeError):
        array = np.array(None)
    dated = array.dtype == object and array.size and hasattr(array.flat[0], "dayofyr")
    if array.dtype.kind not in "iufM" and not dated:
        raise TypeError(
            f"times must be dates or numbers, got {kind_of(times)} of {array.dtype}; "
            "pass those of the series, such as an array of numpy.datetime64"
        )
    if array.ndim != 1:
        raise ValueError(
            f"times must have one axis, got shape {array.shape}; pass one for each "
            "state"
        )
    known = ~np.isnat(array) if array.dtype.kind == "M" else np.ones(len(array), bool)
    if array.dtype.kind == "f":
        known = np.isfinite(array)
    if not known.all():
        raise ValueError(
            f"times must be known, got {(~known).sum()} missing of {len(array)}; leave "
            "out the states without a time"
        )
    return array


def calendar_parts(times: npt.ArrayLike) -> CalendarParts:
    """Return year, month, day of the year and second of the day of dates.

    Raises
    ------
    TypeError, ValueError
        If they are not dates, or a date is missing.
    """
    array = time_array(times)
    if array.dtype.kind == "M":
        month = array.astype("M8[M]").astype(np.int64)
        day = array.astype("M8[D]")
        ahead = (day - array.astype("M8[Y]").astype("M8[D]")).astype(np.int64)
        second = (array - day).astype("m8[s]").astype(np.int64)
        return CalendarParts(month // 12 + 1970, month % 12 + 1, ahead + 1, second, 366)
    if array.dtype != object:
        raise TypeError(
            f"times must be dates, got {array.dtype}; pass numpy.datetime64, or a "
            "climatology that does not depend on the season"
        )
    parts = np.array(
        [
            (t.year, t.month, t.dayofyr, 3600 * t.hour + 60 * t.minute + t.second)
            for t in array
        ],
        dtype=np.int64,
    ).reshape(-1, 4)
    days = _YEARS.get(array[0].calendar, 366)
    year, month, day, second = parts.T
    return CalendarParts(year, month, day, second, days)


def regular_step(times: npt.ArrayLike) -> Any:
    """Return the step of times that follow each other at equal steps.

    Parameters
    ----------
    times
        At least two dates or numbers, in order.

    Returns
    -------
    scalar
        A number, or a duration of dates.

    Raises
    ------
    TypeError
        If they are neither dates nor numbers.
    ValueError
        If there are fewer than two, they are not in order, a time stands twice, there
        is a gap, or steps are mixed; the message says where.

    Examples
    --------
    >>> regular_step(np.arange("2001-01-01", "2001-01-05", dtype="M8[D]"))
    np.timedelta64(1,'D')
    """
    array = time_array(times)
    if len(array) < 2:
        raise ValueError(
            f"times must be at least 2, got {len(array)}; a step needs a pair"
        )
    change = np.diff(array)
    zero = change[0] - change[0]
    again = change == zero
    if again.any():
        i = int(np.flatnonzero(again)[0])
        raise ValueError(
            f"times must differ, got {array[i]} twice, at {i} and {i + 1}; leave out "
            "repeated states"
        )
    back = change < zero
    if back.any():
        i = int(np.flatnonzero(back)[0])
        raise ValueError(
            f"times must be in order, got {array[i + 1]} after {array[i]} at {i + 1}; "
            "sort the series"
        )
    # The median is the step of most, and one of them if their number is odd.
    step = np.sort(change)[(len(change) - 1) // 2]
    ratio = np.array([one / step for one in change], dtype=np.float64)
    wrong = np.abs(ratio - 1) > _SAME
    if wrong.any():
        i = int(np.flatnonzero(wrong)[0])
        whole = np.abs(ratio - np.round(ratio)) <= _SAME * ratio
        kind = "a gap" if whole.all() else "mixed steps"
        remedy = (
            "fill it, or score the parts beside it one by one"
            if whole.all()
            else "choose times of equal steps"
        )
        raise ValueError(
            f"times must have equal steps, got {kind}: {array[i]} is followed by "
            f"{array[i + 1]} at {i + 1}, most by a step of {step}; {remedy}"
        )
    return step
