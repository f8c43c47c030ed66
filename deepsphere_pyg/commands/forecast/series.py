"""Series of states, of forcing and of static fields in files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from deepsphere_pyg.commands.fields.data import sampling_for
from deepsphere_pyg.commands.forecast.memory import refuse_too_large
from deepsphere_pyg.commands.forecast.options import FILES, ForecastOptions
from deepsphere_pyg.commands.forecast.time_step import TimeStep
from deepsphere_pyg.commands.forecast.winds import check_winds
from deepsphere_pyg.commands.options.field_maps import field_maps
from deepsphere_pyg.commands.options.kept import Kept
from deepsphere_pyg.commands.options.parsing import required
from deepsphere_pyg.commands.options.selecting import selection
from deepsphere_pyg.datasets import FieldMaps
from deepsphere_pyg.datasets.field_maps.channel_group import channels_of
from deepsphere_pyg.datasets.field_maps.sample_reader import area_filled
from deepsphere_pyg.processes import tell
from deepsphere_pyg.training.data_parts import time_dim
from samplings import Sampling, same_sampling
from samplings.arguments import counted
from samplings.arrays import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Series:
    """Times and members of states in files, which are read when they are asked for.

    Attributes
    ----------
    maps
        The files: channels of the states, then of the forcing, then static ones.
    n_states, n_forcing
        Numbers of channels.
    time
        The dimension of time.
    times
        Time of each sample of the maps.
    step
        The step in time.
    counts
        Time of each sample in steps.
    member
        Number of the member of each sample.
    gaps
        Number of gaps in time.
    """

    maps: FieldMaps
    n_states: int
    n_forcing: int
    time: str
    times: npt.NDArray[Any]
    step: TimeStep
    counts: FloatArray
    member: IntArray
    gaps: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the channels of the state."""
        return self.maps.channel_names[: self.n_states]

    @property
    def units(self) -> tuple[str, ...]:
        """Units of the channels of the state, empty where the files have none."""
        return self.maps.channel_units[: self.n_states]

    def ordered(self, samples: IntArray) -> IntArray:
        """Return samples member by member, each in order of time."""
        order = np.lexsort((self.counts[samples], self.member[samples]))
        return samples[order]

    def clock(self, samples: IntArray) -> FloatArray:
        """Return times in steps that go back from one member to the next.

        A series of several members is linked at no place where another begins.
        """
        span = self.counts.max() + 2
        times: FloatArray = self.counts[samples] - span * self.member[samples]
        return times

    def at(self, member: int, count: float) -> int | None:
        """Return the sample of a member at a time in steps, if there is one."""
        found = np.flatnonzero((self.member == member) & (self.counts == count))
        return int(found[0]) if len(found) else None

    def longest(self, samples: IntArray) -> int:
        """Return the largest number of consecutive states among samples."""
        linked = np.diff(self.clock(self.ordered(samples))) == 1
        ends = np.flatnonzero(np.concatenate([[True], ~linked, [True]]))
        return int(np.diff(ends).max())

    def read(
        self, samples: IntArray, *, quiet: bool = False
    ) -> tuple[npt.NDArray[np.float32], ...]:
        """Read states, NaN where missing, and forcing, at some samples.

        Their shapes are ``(N, V, C)`` and ``(N, V, n_forcing)``. A progress bar is
        shown, unless this is ``quiet``.

        Raises
        ------
        ValueError
            If they do not fit into memory, or the forcing is missing at a time.
        """
        n, vertices = len(samples), len(self.maps.sampling)
        channels = self.n_states + self.n_forcing
        what = (
            f"the series of {counted(n, 'state')}, {vertices} vertices and "
            f"{counted(channels, 'channel')} in float32"
        )
        refuse_too_large(4 * n * vertices * channels, what)
        states = np.empty((n, vertices, self.n_states), np.float32)
        forcing = np.empty((n, vertices, self.n_forcing), np.float32)
        # Samples of a block of the file together, since it is read once.
        order = np.argsort(self.maps.blocks[samples], kind="stable")
        hidden = True if quiet else None
        for i in tqdm(order, desc="reading", leave=False, disable=hidden):
            sample = int(samples[i])
            x = self.maps.unfilled(sample)
            states[i] = x[:, : self.n_states]
            forcing[i] = self._filled(x[:, self.n_states : channels], sample)
        return states, forcing

    def static(self) -> npt.NDArray[np.float32] | None:
        """Return the static fields, shape ``(V, n_static)``; None without any."""
        first = self.n_states + self.n_forcing
        if first == len(self.maps.channel_names):
            return None
        return self._filled(self.maps.unfilled(0)[:, first:], 0, first)

    def _filled(
        self, x: npt.NDArray[np.float32], sample: int, first: int | None = None
    ) -> npt.NDArray[np.float32]:
        """Replace missing values by the mean of the map."""
        filled, absent = area_filled(x, self.maps.sampling.weights)
        if absent is not None:
            start = self.n_states if first is None else first
            name = self.maps.channel_names[start + absent]
            raise ValueError(
                f"{name} is missing everywhere at {self.times[sample]}, and forcing "
                "and static fields must be known; leave this time out with --select"
            )
        return filled


def open_series(options: ForecastOptions, kept: Kept | None = None) -> Series:
    """Open the files of the options; print the sampling.

    Parameters
    ----------
    options
        The options.
    kept
        A checkpoint, which brings its sampling and static fields.

    Raises
    ------
    ValueError
        If files, variables or times do not fit.
    """
    required(options, "fields", FILES["fields"])
    static = () if kept is not None else options.static
    inputs = options.inputs or _time_dependent(options)
    groups = [tuple(inputs), tuple(options.forcing), tuple(static)]
    named = replace(options, inputs=tuple(name for one in groups for name in one))
    sampling: Sampling | None = None
    if kept is None or kept.sampling is None:
        maps = field_maps(named, None, targets=False)
        sampling = sampling_for(options, maps)
        if sampling is not None:
            maps = field_maps(named, sampling, targets=False)
    else:
        _refuse_other_sampling(options, kept)
        maps = field_maps(named, kept.sampling, targets=False)
    tell(f"sampling   {maps.sampling!r}")
    if not maps.sample_dims:
        raise ValueError(
            f"{maps.source.name} has no dimension of time for {', '.join(inputs)}; "
            "name it with --sample-dims"
        )
    time = time_dim(maps)
    chosen = selection(options.select)
    rest = {d: one for d, one in chosen.items() if d not in maps.sample_dims}
    counts = [
        len(channels_of("inputs", maps.source, one, rest, maps.sample_dims)[0])
        if one
        else 0
        for one in groups
    ]
    _check_dims(maps, time, groups)
    check_winds(maps)
    dataset = maps.source.dataset
    positions = maps.positions(time)
    values = np.arange(dataset.sizes[time])
    unit = time
    if time in dataset.coords:
        values = dataset[time].to_numpy()
        unit = str(dataset[time].attrs.get("units", time))
    times = values[positions]
    step = TimeStep.of(times, unit)
    if kept is not None and kept.notes.get("time_step"):
        before = TimeStep(**kept.notes["time_step"])
        if step is not None and step != before and not _same_step(step, before):
            raise ValueError(
                f"{kept.path} forecasts by steps of {before.text()}, the times of "
                f"{maps.source.name} differ by {step.text()}; choose times with "
                "--select, or train on such a series"
            )
        step = before
    if step is None:
        raise ValueError(
            f"{maps.source.name} must have at least two values of {time}, got "
            f"{len(np.unique(positions))}; a forecast needs a series in time"
        )
    members = np.zeros(len(maps), np.int64)
    others = [maps.positions(dim) for dim in maps.sample_dims if dim != time]
    if others:
        _, members = np.unique(np.stack(others), axis=1, return_inverse=True)
    series = Series(
        maps, counts[0], counts[1], time, times, step, step.counts(times), members
    )
    _refuse_repeated(series)
    try:
        gaps = step.gaps(times)
    except ValueError as error:
        raise ValueError(f"{maps.source.name}: {error}") from error
    return replace(series, gaps=gaps)


def _time_dependent(options: ForecastOptions) -> tuple[str, ...]:
    """Return the channels that vary in time and are not forcing or static."""
    maps = field_maps(replace(options, inputs=None), None, targets=False)
    dims = set(maps.sample_dims)
    taken = {one.partition("@")[0] for one in (*options.forcing, *options.static)}
    dataset = maps.source.dataset
    names = {name.partition("@")[0] for name in maps.channel_names}
    found = {one for one in names - taken if dims & set(dataset[one].dims)}
    return tuple(n for n in maps.channel_names if n.partition("@")[0] in found)


def _check_dims(maps: FieldMaps, time: str, groups: list[tuple[str, ...]]) -> None:
    """Refuse states that do not vary in time, and static fields that do."""
    dataset = maps.source.dataset
    for name in groups[0]:
        if time not in dataset[name.partition("@")[0]].dims:
            raise ValueError(
                f"--inputs {name} does not vary along {time}; pass it as --static "
                f"{name}"
            )
    for name in groups[2]:
        along = [
            d
            for d in dataset[name.partition("@")[0]].dims
            if d in maps.sample_dims and dataset.sizes[d] > 1
        ]
        if along:
            raise ValueError(
                f"--static {name} varies along {', '.join(along)}; pass it as "
                f"--forcing {name} if it is known in advance"
            )


def _refuse_other_sampling(options: ForecastOptions, kept: Kept) -> None:
    if not options.names_sampling or kept.sampling is None:
        return
    named = sampling_for(options, field_maps(options, None, targets=False))
    if named is None or not same_sampling(named, kept.sampling):
        raise ValueError(
            f"{kept.path} keeps a climatology on {kept.sampling.name}, so that its "
            "forecasts cannot move to another sampling; leave out --sampling, and the "
            "fields are regridded"
        )


def _same_step(one: TimeStep, other: TimeStep) -> bool:
    return one.unit == other.unit and bool(np.isclose(one.length, other.length))


def _refuse_repeated(series: Series) -> None:
    """Refuse two states of a member at one time."""
    every = series.ordered(np.arange(len(series.maps)))
    same = np.diff(series.clock(every)) == 0
    if same.any():
        again = series.times[every[int(np.flatnonzero(same)[0])]]
        raise ValueError(
            f"{series.maps.source.name} has {again} along {series.time} twice; leave "
            "repeated times out with --select, or name the dimension that tells them "
            "apart with --sample-dims"
        )
