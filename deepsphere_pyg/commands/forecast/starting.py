"""States that forecasts start from, and the forcing at the times after them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.commands.forecast.series import Series
from deepsphere_pyg.commands.forecast.time_step import time_text
from samplings.arrays import IntArray


def counts_of(series: Series, text: str) -> list[float]:
    """Return the times that a text names, in steps."""
    maps = series.maps
    matching = maps.matching({series.time: text})
    found = np.unique(series.counts[matching])
    if len(found) > 1 and "/" not in text:
        times = series.times[matching]
        raise ValueError(
            f"--from {text} stands for {len(found)} times, {time_text(times[0])} to "
            f"{time_text(times[-1])}; name one of them, or pass {text}/{text} to "
            "forecast from each"
        )
    return [float(one) for one in found]


def initial_states(
    series: Series, counts: list[float] | None, history: int
) -> tuple[IntArray, npt.NDArray[np.float32]]:
    """Return samples and values of the states that a forecast of each member starts at.

    Their shapes are ``(N, history)`` and ``(N, history, V, C)``, the members of a time
    together.

    Parameters
    ----------
    series
        The series.
    counts
        Times of the last of them in steps; by default the last time whose states are
        known.
    history
        Number of states.
    """
    if counts is None:
        every = np.unique(series.counts)[::-1].tolist()
        found = next((one for t in every if (one := _known(series, t, history))), None)
        if found is None:
            _refuse_start(series, history, "at any time", "fill the gaps")
        return found
    parts = []
    for now in counts:
        part = _known(series, now, history)
        if part is None:
            when = series.times[series.counts == now][0]
            remedy = "pass another time to --from"
            _refuse_start(series, history, f"up to {time_text(when)}", remedy)
        parts.append(part)
    samples, states = zip(*parts, strict=True)
    return np.concatenate(samples), np.concatenate(states)


def _known(
    series: Series, now: float, history: int
) -> tuple[IntArray, npt.NDArray[np.float32]] | None:
    """Return the states of all members up to a time, if they are known."""
    members = np.unique(series.member).tolist()
    found = [
        series.at(member, now - back)
        for member in members
        for back in reversed(range(history))
    ]
    known = [sample for sample in found if sample is not None]
    if len(known) < len(found):
        return None
    samples = np.array(known, dtype=np.int64)
    states, _ = series.read(samples)
    if not np.isfinite(states).any(axis=(1, 2)).all():
        return None
    shape = (len(members), history)
    return samples.reshape(shape), states.reshape(*shape, *states.shape[1:])


def _refuse_start(series: Series, history: int, when: str, remedy: str) -> NoReturn:
    raise ValueError(
        f"a forecast needs {history} consecutive states of each member, and they are "
        f"not known {when} in {series.maps.source.name}; {remedy}"
    )


def _forcing_samples(series: Series, start: int, leads: int) -> list[int]:
    """Return the samples of the times after a start, up to the first missing one."""
    member, now = int(series.member[start]), float(series.counts[start])
    samples: list[int] = []
    while len(samples) < leads:
        sample = series.at(member, now + 1 + len(samples))
        if sample is None:
            break
        samples.append(sample)
    return samples


def refuse_unknown_forcing(series: Series, starts: IntArray, leads: int) -> None:
    """Refuse forecasts at whose times the files do not have the forcing."""
    for start in starts.tolist():
        last = len(_forcing_samples(series, start, leads))
        if last < leads:
            raise ValueError(
                f"--forcing must be known at the {leads} times after "
                f"{time_text(series.times[start])}, and {series.maps.source.name} "
                f"has {last} of them; add times with the forcing and missing "
                "states to the file, or pass "
                + (f"--lead {last}" if last else "an earlier --from")
            )


def forcing_ahead(
    series: Series, starts: IntArray, leads: int
) -> Iterator[npt.NDArray[np.float32]]:
    """Read the forcing at the times of forecasts, one after another, ``(N, V, F)``."""
    every = [_forcing_samples(series, start, leads) for start in starts.tolist()]
    for samples in np.array(every).T:
        yield series.read(samples, quiet=True)[1]
