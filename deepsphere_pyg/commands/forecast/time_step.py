"""The step in time of a series, in seconds, months, or units of its own."""

from __future__ import annotations

import datetime
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.xarray.climate_extra import climate_module
from samplings.arrays import FloatArray

SECONDS, MONTHS = "seconds", "months"
# The shortest month, in seconds, less a day, since dates lie within months.
_MONTH = 27 * 86400
# Relative error of a step that is a multiple of another.
_SAME = 1e-6
_NAMES = ((86400, "day"), (3600, "h"), (60, "min"), (1, "s"))
# Gaps of one length that are as frequent as this share of the steps are no accident.
_MIXED = 0.5


@dataclass(frozen=True)
class TimeStep:
    """A step in time.

    Attributes
    ----------
    length
        Its length.
    unit
        Its unit: seconds, months of the calendar, or the unit of numbers.
    """

    length: float
    unit: str

    @classmethod
    def of(cls, times: npt.NDArray[Any], unit: str) -> TimeStep | None:
        """Return the step of most neighbours; None if there are no two times.

        Dates are months or years apart if that explains them better than days: months
        have different numbers of days.

        Parameters
        ----------
        times
            Dates, durations or numbers, in any order.
        unit
            Unit of numbers.
        """
        dates = is_dates(times)
        seconds = np.unique(numbers(times, SECONDS))
        change = np.diff(seconds)
        if not len(change):
            return None
        step = float(np.sort(change)[(len(change) - 1) // 2])
        if not dates:
            return cls(step, SECONDS if times.dtype.kind == "m" else unit)
        count = change / step
        equal = bool((np.abs(count - np.round(count)) <= _SAME * count).all())
        if step >= _MONTH and (not equal or _same_day(times)):
            months = np.unique(numbers(times, MONTHS))
            if len(months) == len(seconds):
                gaps = np.diff(months)
                return cls(float(np.sort(gaps)[(len(gaps) - 1) // 2]), MONTHS)
        return cls(step, SECONDS)

    @property
    def config(self) -> dict[str, Any]:
        """JSON-able arguments."""
        return asdict(self)

    def counts(self, times: npt.NDArray[Any]) -> FloatArray:
        """Return times in steps, integers where they follow each other by steps."""
        found = numbers(times, self.unit)
        count = (found - found.min()) / self.length
        near = np.round(count)
        # Dates of later times have round-off.
        counts: FloatArray = np.where(np.abs(count - near) <= _SAME, near, count)
        return counts

    def gaps(self, times: npt.NDArray[Any]) -> int:
        """Return how often times do not follow each other by a step.

        Raises
        ------
        ValueError
            If times lie between the steps, or another step is at least half as frequent
            as this one: a series of mixed steps has no windows across them.
        """
        ordered, first = np.unique(self.counts(times), return_index=True)
        change = np.diff(ordered)
        flat = times.reshape(-1)
        between = np.flatnonzero(change != np.round(change))
        if len(between):
            i = int(between[0])
            raise ValueError(
                f"times must be whole steps of {self.text()} apart, got "
                f"{_shown(flat[first[i + 1]])} after {_shown(flat[first[i]])}; choose "
                "times of one step with --select"
            )
        lengths, frequent = np.unique(change, return_counts=True)
        own = int(frequent[lengths == 1].sum())
        other = np.where(lengths == 1, 0, frequent)
        most = int(other.argmax()) if len(other) else 0
        if len(other) and other[most] > 1 and other[most] >= _MIXED * own:
            i = int(np.flatnonzero(change == lengths[most])[0])
            raise ValueError(
                f"times must have one step, got mixed steps: {own} of {self.text()} "
                f"and {other[most]} of {self.text(lengths[most])}, as from "
                f"{_shown(flat[first[i]])} to {_shown(flat[first[i + 1]])}; choose "
                "times of one step with --select"
            )
        return int((change != 1).sum())

    def after(self, time: Any, k: int) -> Any:
        """Return the time so many steps after another, of the same type.

        By months, the day and the time of day stay; the last day of a month is followed
        by the last of another.
        """
        if self.unit != MONTHS:
            ahead = k * self.length
            if is_dates(np.asarray(time)[None]) or isinstance(time, np.timedelta64):
                if isinstance(time, np.datetime64 | np.timedelta64):
                    later = time + np.timedelta64(round(1e6 * ahead), "us")
                    return later.astype(time.dtype)
                return time + datetime.timedelta(seconds=ahead)
            return time + type(time)(ahead)
        ahead = round(k * self.length)
        if not isinstance(time, np.datetime64):
            year, month = divmod(12 * time.year + time.month - 1 + ahead, 12)
            first = time.replace(day=1, year=year, month=month + 1)
            last = time.day == time.daysinmonth or time.day > first.daysinmonth
            return first.replace(day=first.daysinmonth if last else time.day)
        start = time.astype("M8[M]")
        day = (time.astype("M8[D]") - start.astype("M8[D]")).astype(np.int64)
        later = start + np.timedelta64(ahead, "M")
        before, after = _days(start), _days(later)
        if day == before - 1 or day >= after:
            day = after - 1
        hour = time - time.astype("M8[D]")
        return (later.astype("M8[D]") + day + hour).astype(time.dtype)

    def text(self, k: float = 1) -> str:
        """Return the length of so many steps in words, such as ``6 h``.

        Examples
        --------
        >>> TimeStep(21600, "seconds").text(3), TimeStep(12, "months").text(2)
        ('18 h', '2 years')
        """
        total, unit = k * self.length, self.unit
        if unit == SECONDS:
            size, unit = next(
                (one for one in _NAMES if not self.length % one[0]), _NAMES[-1]
            )
            total /= size
        elif unit == MONTHS:
            unit = "month"
            if not self.length % 12:
                total, unit = total / 12, "year"
        plural = "s" if unit in ("day", "month", "year") and total != 1 else ""
        return f"{total:g} {unit}{plural}".strip()


def _shown(time: Any) -> str:
    """Return a time without zeros at its end."""
    if isinstance(time, np.datetime64):
        return str(np.datetime_as_string(time, unit="auto"))
    return str(time)


def is_dates(times: npt.NDArray[Any]) -> bool:
    """Whether times are dates of NumPy or of another calendar."""
    return times.dtype.kind == "M" or (
        times.dtype == object and hasattr(times.flat[0], "calendar")
    )


def numbers(times: npt.NDArray[Any], unit: str) -> FloatArray:
    """Return times as numbers of a unit since some origin.

    Raises
    ------
    ValueError
        If a time is missing, or not a time.
    """
    kind = times.dtype.kind
    if kind in "mM":
        if np.isnat(times).any():
            raise ValueError(
                "the series has missing times; leave them out with --select"
            )
        if unit == MONTHS:
            return times.astype("M8[M]").astype(np.int64).astype(np.float64)
        return times.astype(f"{kind}8[us]").astype(np.int64) / 1e6
    if is_dates(times):
        if unit == MONTHS:
            return np.array([12 * t.year + t.month - 1 for t in times.flat], float)
        cftime = climate_module("cftime")
        calendar = times.flat[0].calendar
        since = "seconds since 2000-01-01"
        return np.asarray(cftime.date2num(times, since, calendar), dtype=np.float64)
    if kind not in "iuf" or not np.isfinite(times).all():
        raise ValueError(
            f"times must be dates or numbers, got {times.flat[0]!r} and others; decode "
            "them, or pass --sample-dims with the dimension of time"
        )
    return times.astype(np.float64)


def time_text(time: Any) -> str:
    """Return a time to the minute.

    Examples
    --------
    >>> time_text(np.datetime64("2001-02-03T06:00:00.000000000")), time_text(1990)
    ('2001-02-03 06:00', '1990')
    """
    if isinstance(time, np.datetime64):
        return str(time.astype("M8[m]")).replace("T", " ")
    return str(time)


def _days(month: Any) -> int:
    """Return the number of days of a month of NumPy."""
    return int(((month + 1).astype("M8[D]") - month.astype("M8[D]")).astype(np.int64))


def _same_day(times: npt.NDArray[Any]) -> bool:
    """Whether dates differ by whole months, as the first of each."""
    if times.dtype.kind == "M":
        within = times - times.astype("M8[M]").astype(times.dtype)
        return bool((within == within[0]).all())
    return len({(t.day, t.hour, t.minute, t.second) for t in times.flat}) == 1
