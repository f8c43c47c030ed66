"""Normal states by season and hour, from which anomalies are counted."""

from __future__ import annotations

from typing import Any, SupportsIndex

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.metrics.forecast.time_axis import calendar_parts, time_array
from samplings.arguments import choice_argument, integer_argument, real_array
from samplings.arrays import FloatArray, IntArray

SEASONS = ("all", "month", "week", "day-hour")
WINDOWS = ("triangle", "gaussian", "box")
_DAY = 86400


class Climatology:
    r"""Mean state by season, of times that may come in parts.

    With ``"day-hour"``, one state for each day of the year and hour of the day: the
    weighted mean over all years of the days within a window around it,

    .. math:: k_{dh} = \frac{\sum_{t} w(d_t - d) \, x_t}{\sum_{t} w(d_t - d)}, \qquad
        h_t = h,

    with distances around the turn of the year. The window ``"triangle"`` falls linearly
    to zero at its last days; ``"gaussian"`` has a standard deviation of a sixth of its
    length; ``"box"`` is a running mean. With ``"month"`` and ``"week"`` it is the plain
    mean of each month, or of each week of 7 days (the last has the days that are left
    over); with ``"all"`` that of all times.

    Parameters
    ----------
    by
        ``"all"``, ``"month"``, ``"week"`` or ``"day-hour"``.
    window
        Days of the window, an odd number; of ``"day-hour"`` only.
    shape
        Shape of the window.

    Raises
    ------
    TypeError
        If the window is not an integer.
    ValueError
        If an option is unknown, or the window even or below 1.

    Notes
    -----
    Days are those of the year, so that the first of March is day 61 in leap years and
    60 in others, and the 366th day has states in leap years alone. In years without it,
    the 365th stands for it too. Missing values are NaN, and left out. Sums of each slot
    are kept, so that a series need not fit in memory.

    Source: Rasp et al. 2024, arXiv:2308.15560, section 3.3, and its code: windows of 61
    days by hour, with linear weights.

    Examples
    --------
    >>> times = np.arange("2001-01-01", "2003-01-01", dtype="M8[D]")
    >>> month = (times.astype("M8[M]").astype(int) % 12 + 1.0)[:, None, None]
    >>> normal = Climatology("month").update(month, times)
    >>> normal.at(np.array(["2010-03-09", "2011-12-24"], "M8[D]")).ravel()
    array([ 3., 12.])
    """

    def __init__(
        self,
        by: str = "day-hour",
        *,
        window: SupportsIndex = 61,
        shape: str = "triangle",
    ) -> None:
        self.by = choice_argument("by", by, SEASONS)
        self.window = integer_argument("window", window, 1)
        if self.window % 2 == 0 or self.window > 359:
            raise ValueError(
                "window must be an odd number of days, at most 359, got "
                f"{self.window}; pass 61"
            )
        self.shape = choice_argument("shape", shape, WINDOWS)
        self._sums: dict[tuple[int, int], list[FloatArray]] = {}
        self._size: tuple[int, ...] | None = None
        self._days = 0

    def update(self, fields: npt.ArrayLike, times: npt.ArrayLike) -> Climatology:
        """Add states, and return the climatology.

        Parameters
        ----------
        fields
            Shape ``(T, V, C)``, NaN where missing.
        times
            Date of each state, of NumPy or cftime, shape ``(T,)``; with ``by="all"``
            also numbers.

        Raises
        ------
        TypeError
            If the fields are not numbers, or the times not dates.
        ValueError
            If shapes do not fit, a value is infinite, or the calendar differs.
        """
        states = real_array("fields", fields)
        dates = time_array(times)
        if states.ndim != 3 or len(states) != len(dates):
            raise ValueError(
                f"fields must have shape ({len(dates)}, V, C), one state for each "
                f"time, got {states.shape}; add channels with [..., None]"
            )
        if self._size not in (None, states.shape[1:]):
            raise ValueError(
                f"fields must have shape (T, {self._size[0]}, {self._size[1]}), as "
                f"those before, got {states.shape}; pass maps of one sampling"
            )
        if np.isinf(states).any():
            raise ValueError("fields must be finite or NaN, got infinite values")
        if not len(states):
            return self
        self._size = states.shape[1:]
        for slots, state in zip(self._held(dates), states, strict=True):
            known = np.isfinite(state)
            value = np.where(known, state, 0).astype(np.float64)
            for slot in slots:
                if slot in self._sums:
                    total, count = self._sums[slot]
                    total += value
                    count += known
                else:
                    self._sums[slot] = [value.copy(), known.astype(np.float64)]
        return self

    def at(self, times: npt.ArrayLike) -> FloatArray:
        """Return the normal states at some times, ``(*times, V, C)``.

        Vertices without any state in a season are NaN.

        Parameters
        ----------
        times
            Dates of any shape, such as ``(time, lead)``.

        Raises
        ------
        ValueError
            If there are no states; an hour, month or week has none; or no day has
            any, nor those on both sides of it within the window.
        """
        array = np.asarray(times)
        dates = time_array(array.reshape(-1))
        if self._size is None:
            raise ValueError("a climatology needs states; call update first")
        slots = self._slots(dates)
        found = np.empty((len(dates), *self._size))
        lacking: list[tuple[int, int]] = []
        kept: dict[tuple[int, int], FloatArray] = {}
        for i, slot in enumerate(slots):
            if slot not in kept:
                sums = self._window(slot)
                if sums is None:
                    lacking.append(slot)
                    continue
                total, count = sums
                kept[slot] = total / np.where(count > 0, count, np.nan)
            found[i] = kept[slot]
        if lacking:
            self._refuse(lacking)
        return found.reshape(*array.shape, *self._size)

    def _slots(self, dates: npt.NDArray[Any]) -> list[tuple[int, int]]:
        """Return the season and the second of the day of each date."""
        if self.by == "all":
            return [(0, 0)] * len(dates)
        if not len(dates):
            return []
        parts = calendar_parts(dates)
        if self._days not in (0, parts.days):
            leap = 366 in (self._days, parts.days)
            lacks = ", without the leap days of the other" if leap else ""
            raise ValueError(
                f"times must be of a calendar of {self._days} days, as those before, "
                f"got one of {parts.days}{lacks}; convert them by "
                "xarray's convert_calendar, or leave out what has no counterpart, such "
                "as 29 February"
            )
        self._days = parts.days
        season: IntArray = parts.day
        if self.by == "month":
            season = parts.month
        elif self.by == "week":
            season = np.minimum((parts.day - 1) // 7 + 1, 52)
        second = parts.second if self.by == "day-hour" else np.zeros_like(season)
        return list(zip(season.tolist(), second.tolist(), strict=True))

    def _held(self, dates: npt.NDArray[Any]) -> list[list[tuple[int, int]]]:
        """Return the slots that the state of each date belongs to."""
        slots = [[slot] for slot in self._slots(dates)]
        if self.by == "day-hour" and self._days == 366:
            years = calendar_parts(dates).year.tolist()
            for held, year in zip(slots, years, strict=True):
                ((day, second),) = held
                if day == 365 and not _is_leap(year):
                    held.append((366, second))
        return slots

    def _window(self, slot: tuple[int, int]) -> tuple[FloatArray, FloatArray] | None:
        """Return sums over the window of a slot; None if states are lacking."""
        if self.by != "day-hour":
            found = self._sums.get(slot)
            return None if found is None else (found[0], found[1])
        day, second = slot
        zero = np.zeros(self._size or ())
        total, count, sides = zero, zero, set()
        for offset, weight in self._weights():
            near = ((day - 1 + offset) % self._days + 1, second)
            if weight > 0 and near in self._sums:
                one, known = self._sums[near]
                total, count = total + weight * one, count + weight * known
                sides.add(np.sign(offset))
        # Normal states are never extrapolated from one side.
        return (total, count) if 0 in sides or {-1, 1} <= sides else None

    def _weights(self) -> list[tuple[int, float]]:
        """Return days from the middle of the window, and their weights."""
        half = self.window // 2
        offset = np.arange(-half, half + 1)
        if self.shape == "triangle":
            weight: FloatArray = 1 - np.abs(offset) / max(half, 1)
        elif self.shape == "gaussian":
            weight = np.exp(-0.5 * (6 * offset / self.window) ** 2)
        else:
            weight = np.ones(len(offset))
        return list(zip(offset.tolist(), weight.tolist(), strict=True))

    def _refuse(self, lacking: list[tuple[int, int]]) -> None:
        """Refuse times whose season has no state."""
        season, second = lacking[0]
        if self.by == "day-hour":
            hours = {one for _, one in self._sums}
            clock = f"{second // 3600:02d}:{second // 60 % 60:02d}"
            if second not in hours:
                raise ValueError(
                    f"the climatology has no state at {clock} o'clock; score forecasts "
                    "of hours that it has, or pass by='month'"
                )
            raise ValueError(
                f"the climatology lacks {len(set(lacking))} days, the first of which "
                f"is day {season} of the year at {clock}: no state within "
                f"{self.window // 2} days before and after; add years or a longer "
                "window, or pass by='month' or by='all'"
            )
        raise ValueError(
            f"the climatology has no state of {self.by} {season}; add years that have, "
            "or pass by='all'"
        )


def _is_leap(year: int) -> bool:
    """Whether a year of the Gregorian calendar has 366 days."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
