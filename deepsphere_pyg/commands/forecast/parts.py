"""Windows of a series for training, validation and test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.commands.forecast.options import ForecastOptions
from deepsphere_pyg.commands.forecast.series import Series
from deepsphere_pyg.commands.options.fields import ALL, part_of
from deepsphere_pyg.training.data_parts import PARTS, is_source, split_samples
from deepsphere_pyg.training.forecasts import ForecastWindows
from samplings.arrays import IntArray


@dataclass(frozen=True, eq=False)
class Part:
    """Windows of one part.

    Attributes
    ----------
    windows
        Windows of the series.
    indices
        Those of the part.
    samples
        Sample of the files of each state of the series.
    chosen
        True for the states of the part, shape ``(T,)``.
    """

    windows: ForecastWindows
    indices: list[int]
    samples: IntArray
    chosen: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.indices)


def sample_parts(
    options: ForecastOptions, series: Series, history: int, only_test: bool
) -> dict[str, IntArray]:
    """Return the samples of each part, by coordinates alone.

    Parameters
    ----------
    options
        The options.
    series
        The series.
    history
        Number of states that the network sees.
    only_test
        Whether a checkpoint is tested, which may use all samples.

    Raises
    ------
    ValueError
        If parts overlap, or one is too short.
    """
    if options.test == ALL:
        if not only_test:
            raise ValueError(
                "--test all needs --checkpoint FILE: a training holds times out"
            )
        parts = {"test": np.arange(len(series.maps))}
    else:
        given = {name: part_of(getattr(options, name)) for name in PARTS}
        for name, part in given.items():
            if is_source(part):
                raise ValueError(
                    f"--{name} must be a share, a range of times or members, got the "
                    f"file {part}; test other files with --checkpoint FILE --fields "
                    f"{part}"
                )
        cut = split_samples(series.maps, given, "time", options.gap)
        parts = {name: cut[name] for name in PARTS}
    if only_test:
        parts = {"test": parts["test"]}
    for name, samples in parts.items():
        wanted = history + (options.steps if name == "train" else options.leads)
        found = series.longest(samples)
        if found < wanted:
            _refuse_short(options, name, found, wanted, history)
    return parts


def read_parts(
    options: ForecastOptions,
    series: Series,
    parts: Mapping[str, IntArray],
    history: int,
) -> dict[str, Part]:
    """Read the samples of the parts, and return their windows.

    Raises
    ------
    ValueError
        If missing states leave no window in a part.
    """
    samples = series.ordered(np.concatenate(list(parts.values())))
    states, forcing = series.read(samples)
    times = series.clock(samples)
    found: dict[str, Part] = {}
    made: dict[int, ForecastWindows] = {}
    for name, members in parts.items():
        steps = options.steps if name == "train" else options.leads
        if steps not in made:
            made[steps] = ForecastWindows(
                states, history, steps, times=times, forcing=forcing
            )
        chosen = np.isin(samples, members)
        inside = made[steps].inside(chosen)
        if not inside:
            _refuse_short(options, name, None, history + steps, history)
        found[name] = Part(made[steps], inside, samples, chosen)
    return found


def _refuse_short(
    options: ForecastOptions, name: str, found: int | None, wanted: int, history: int
) -> None:
    """Refuse a part without a window."""
    value: Any = getattr(options, name)
    part = f"--{name} {value}" if value is not None else f"the {name}ing part"
    steps = "--steps" if name == "train" else "--scored-steps"
    count = "fewer, since states are missing" if found is None else str(found)
    raise ValueError(
        f"{part} must have {wanted} consecutive times, {history} of the history and "
        f"{wanted - history} of {steps}, got {count}; choose another part, or fewer "
        f"{steps}"
    )
