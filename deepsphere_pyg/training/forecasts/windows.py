"""Windows of consecutive states in a series, with which forecasts are trained."""

from __future__ import annotations

from typing import Any, NamedTuple, SupportsIndex

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset

from deepsphere_pyg.datasets.map_arrays import maps_argument
from samplings.arguments import integer_argument
from samplings.arrays import IntArray
from samplings.missing_values import without_missing

# Relative difference of steps in time that are equal.
_SAME_STEP = 1e-6
_SERIES = "(T, V, C)"


class ForecastSample(NamedTuple):
    """States, and those that follow.

    Attributes
    ----------
    x
        States up to the present, oldest first, shape ``(H, V, C)``, float32; NaN where
        missing.
    y
        The next states, shape ``(S, V, C)``, float32; 0 where missing.
    mask
        True where they are known, shape ``(S, V, C)``.
    forcing
        What is known in advance at their times, shape ``(S, V, n_forcing)``, float32.
    """

    x: Tensor
    y: Tensor
    mask: Tensor
    forcing: Tensor


class ForecastWindows(Dataset[ForecastSample]):
    """Windows of ``history + steps`` consecutive states that do not cross gaps.

    States are read window by window, so that a memory-mapped series need not fit in
    memory. See :func:`forecast_windows`, which makes it.

    Attributes
    ----------
    fields, forcing
        The series, shapes ``(T, V, C)`` and ``(T, V, n_forcing)``.
    history, steps
        Numbers of states.
    present
        Index in the series of the last state of x of each window, shape ``(N,)``.
    linked
        Whether a state follows its predecessor by one step, shape ``(T - 1,)``.
    """

    def __init__(
        self,
        fields: npt.ArrayLike | Tensor,
        history: SupportsIndex = 1,
        steps: SupportsIndex = 1,
        *,
        times: npt.ArrayLike | None = None,
        forcing: npt.ArrayLike | Tensor | None = None,
    ) -> None:
        self.fields = maps_argument("fields", fields, _SERIES)
        self.history = integer_argument("history", history, 1)
        self.steps = integer_argument("steps", steps, 1)
        n, vertices, _ = self.fields.shape
        shape = (n, vertices, 0)
        self.forcing = (
            np.broadcast_to(np.float32(0), shape)
            if forcing is None
            else maps_argument("forcing", forcing, _SERIES, channels=0)
        )
        if self.forcing.shape[:2] != (n, vertices):
            raise ValueError(
                f"forcing must have shape ({n}, {vertices}, n_forcing), times and "
                f"vertices of the fields, got {self.forcing.shape}; pass it at each of "
                "their times"
            )
        self.linked = _links(times, n) & _present(self.fields)
        length = self.history + self.steps
        # A window is whole if it has as many links as it has pairs of neighbours.
        before = np.concatenate([[0], np.cumsum(self.linked)])
        starts = np.arange(max(0, n - length + 1))
        whole = before[starts + length - 1] - before[starts] == length - 1
        self.present: IntArray = starts[whole] + self.history - 1
        self._vertices: IntArray | None = None
        if not len(self.present):
            raise ValueError(
                f"the series of {n} times must have {length} consecutive states, "
                f"history {self.history} and steps {self.steps}, got at most "
                f"{_longest(self.linked)}; use fewer steps, or fill the gaps"
            )

    def __len__(self) -> int:
        return len(self.present)

    def __getitem__(self, index: int) -> ForecastSample:
        """Return a window."""
        now = int(self.present[index])
        past = slice(now + 1 - self.history, now + 1)
        later = slice(now + 1, now + 1 + self.steps)
        x = without_missing(self._read(self.fields, past))
        y = without_missing(self._read(self.fields, later))
        known = np.isfinite(y)
        ahead = without_missing(self._read(self.forcing, later))
        if not np.isfinite(ahead).all():
            raise ValueError(
                "forcing must be known everywhere, got missing values after time "
                f"{now}; fill them"
            )
        return ForecastSample(
            _tensor(np.where(np.isfinite(x), x, np.nan)),
            _tensor(np.where(known, y, 0)),
            torch.from_numpy(known),
            _tensor(ahead),
        )

    def take_vertices(self, vertices: IntArray | None) -> None:
        """Read some vertices of each state, or all if it is None."""
        self._vertices = vertices

    def _read(self, series: npt.NDArray[Any], times: slice) -> npt.NDArray[Any]:
        """Return the vertices of states that are asked for, and read no others."""
        some: npt.NDArray[Any] = series[times]
        return some if self._vertices is None else some[:, self._vertices]

    def within(self, start: int, stop: int) -> list[int]:
        """Return the windows of which all states lie at times from start to stop."""
        times = np.arange(len(self.fields))
        return self.inside((times >= start) & (times < stop))

    def inside(self, chosen: npt.NDArray[np.bool_]) -> list[int]:
        """Return the windows of which all states are chosen.

        Parameters
        ----------
        chosen
            True for states of the series that a window may have, shape ``(T,)``.
        """
        before = np.concatenate([[0], np.cumsum(chosen)])
        first = self.present + 1 - self.history
        last = self.present + self.steps
        count = before[last + 1] - before[first]
        whole = count == self.history + self.steps
        found: list[int] = np.flatnonzero(whole).tolist()
        return found


def forecast_windows(
    fields: npt.ArrayLike | Tensor,
    history: SupportsIndex = 1,
    steps: SupportsIndex = 1,
    *,
    times: npt.ArrayLike | None = None,
    forcing: npt.ArrayLike | Tensor | None = None,
) -> ForecastWindows:
    """Return the windows of consecutive states of a series, as a data set.

    Parameters
    ----------
    fields
        States at equal steps in time, shape ``(T, V, C)``. Missing values are NaN. A
        time without any value is a gap.
    history
        Number of states that a network sees.
    steps
        Number of states to predict.
    times
        Time of each state, numbers or dates, shape ``(T,)``: no window crosses a place
        where the times differ by another step than most do, such as a gap, or the end
        of one run of a model and the beginning of the next. By default the states are
        consecutive. Dates of months differ by numbers of days: convert them with
        ``.astype("datetime64[M]")``.
    forcing
        What is known in advance, shape ``(T, V, n_forcing)``.

    Returns
    -------
    ForecastWindows
        A data set of PyTorch.

    Raises
    ------
    TypeError
        If an array has another type.
    ValueError
        If shapes do not fit, or no window has enough consecutive states.

    Examples
    --------
    >>> series = np.arange(6.0)[:, None, None]
    >>> windows = forecast_windows(series, 2, 1, times=[0, 1, 2, 10, 11, 12])
    >>> [(window.x.flatten().tolist(), window.y.item()) for window in windows]
    [([0.0, 1.0], 2.0), ([3.0, 4.0], 5.0)]
    """
    return ForecastWindows(fields, history, steps, times=times, forcing=forcing)


def _links(times: npt.ArrayLike | None, n: int) -> npt.NDArray[np.bool_]:
    """Return whether each state follows its predecessor by the usual step."""
    if times is None:
        return np.ones(n - 1, dtype=bool)
    try:
        given = np.asarray(times)
    except ValueError:
        given = np.array(None)
    if given.dtype.kind not in "iufM" or given.shape != (n,):
        raise ValueError(
            f"times must be {n} numbers or dates, one for each state, got "
            f"{given.dtype} of shape {given.shape}; pass those of the series"
        )
    dates = given.dtype.kind == "M"
    if not (~np.isnat(given) if dates else np.isfinite(given)).all():
        raise ValueError(
            "times must be known, got missing ones; leave out the states without a time"
        )
    change = np.diff(given.astype(np.int64) if dates else given.astype(np.float64))
    forward = change[change > 0]
    if not len(forward):
        return np.zeros(n - 1, dtype=bool)
    # The median is the step of most, and one of them if their number is odd.
    step = np.sort(forward)[(len(forward) - 1) // 2]
    linked: npt.NDArray[np.bool_] = np.abs(change - step) <= _SAME_STEP * step
    return linked


def _present(fields: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return whether neither a state nor its predecessor is missing as a whole."""
    known = np.array([np.isfinite(without_missing(one)).any() for one in fields])
    both: npt.NDArray[np.bool_] = known[1:] & known[:-1]
    return both


def _longest(linked: npt.NDArray[np.bool_]) -> int:
    """Return the most consecutive states."""
    longest = run = 1
    for link in linked:
        run = run + 1 if link else 1
        longest = max(longest, run)
    return longest


def _tensor(values: npt.NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.array(values, dtype=np.float32))
