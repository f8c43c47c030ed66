"""Choice of the maps of a file that are the channels of a data set."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert import XarraySampling
from deepsphere_pyg.convert.xarray.coordinates.cf_coordinates import find_time
from deepsphere_pyg.datasets.netcdf.coordinates import (
    Selection,
    listed,
    number_or_text,
    position_of,
    select,
    short,
)
from deepsphere_pyg.datasets.netcdf.xarray_source import XarraySource, require_variable
from samplings import same_sampling
from samplings.arguments import instance_argument, names_argument


@dataclass(frozen=True)
class Channel:
    """A map at each sample: a variable at fixed positions of its other dimensions."""

    name: str  # such as z@500
    variable: str
    positions: dict[str, int]  # along the other dimensions
    dims: tuple[str, ...]  # of the places
    sampled: bool  # whether it varies along the sample dimension


@dataclass(frozen=True)
class SampledChannels:
    """Channels on one grid, along one sample dimension."""

    channels: tuple[Channel, ...]
    places: XarraySampling
    sample_dimension: str | None  # None if there is a single sample
    chosen: tuple[int, ...] | None = None  # positions of the samples; None for all

    def n_samples(self, source: XarraySource) -> int:
        """Return the number of samples in the files."""
        if self.sample_dimension is None:
            return 1
        return int(source.dataset.sizes[self.sample_dimension])

    def times(self, source: XarraySource) -> npt.NDArray[Any]:
        """Return coordinates of the samples, or their numbers without coordinates."""
        along = self.sample_dimension
        if along is None or along not in source.dataset.coords:
            return np.arange(self.n_samples(source))
        return np.asarray(source.dataset[along].to_numpy())

    def read(
        self, source: XarraySource, channel: Channel, step: int
    ) -> npt.NDArray[Any]:
        """Read a channel at a step of the samples, NaN where missing."""
        positions = dict(channel.positions)
        if channel.sampled:
            positions[str(self.sample_dimension)] = step
        return source.read(channel.variable, positions, *channel.dims)


def field_channels(
    source: XarraySource,
    variables: Sequence[str],
    selection: Selection,
    sample_dimension: str | None,
) -> SampledChannels:
    """Return the channels of the input variables.

    Parameters are those of :class:`XarrayDataset`. If a variable or coordinate does not
    exist, or grids differ, ``ValueError`` is raised.
    """
    variables = names_argument("variables", variables)
    if not variables:
        raise ValueError(
            "variables must be a list of at least one name, got []; name one"
        )
    if sample_dimension is not None:
        remedy = "pass the name of a dimension"
        instance_argument("sample_dimension", sample_dimension, str, remedy)
    dataset = source.dataset
    channels: list[Channel] = []
    found: list[XarraySampling] = []
    along, chosen = sample_dimension, None
    for wanted in variables:
        name, _, level = wanted.partition("@")
        require_variable(source, name)
        own = source.places(name)
        if found and not same_places(own, found[0]):
            raise ValueError(
                f"{name} and {channels[0].variable} are on different grids; "
                "interpolate the variables to one grid first"
            )
        found.append(own)
        keep = select(source.name, dataset, name, selection)
        time = sample_dimension or _time(dataset, name, own.dims, keep)
        sampled = time in dataset[name].dims
        if sampled and along is not None and time != along:
            raise ValueError(
                f"{name} has samples along {time}, but others along {along}; "
                "pass sample_dimension, and select one value of the other"
            )
        along = time if sampled else along
        if sampled and time in keep:
            chosen = tuple(keep[str(time)])
        fixed = own.dims if time is None or not sampled else (*own.dims, time)
        channels += [
            Channel(full, name, positions, own.dims, sampled)
            for full, positions in maps_of(dataset, name, level, fixed, keep)
        ]
    refuse_repeated("variables", [channel.name for channel in channels])
    if sample_dimension is not None and sample_dimension not in dataset.sizes:
        raise ValueError(
            f"{source.name} has no dimension {sample_dimension!r}; "
            f"it has: {', '.join(map(str, dataset.sizes))}"
        )
    return SampledChannels(tuple(channels), found[0], along, chosen)


def maps_of(
    dataset: Any,
    name: str,
    level: str,
    fixed: Collection[str],
    keep: dict[str, list[int]],
) -> list[tuple[str, dict[str, int]]]:
    """Return the maps of a variable, one at each place along its further dimensions.

    These are the dimensions that are not ``fixed``, and ``keep`` has the positions to
    take along them, by default all. ``level`` is the text after ``@``, or empty. Each
    map has a name, such as ``z@500``, and its positions.
    """
    further = [str(d) for d in dataset[name].dims if d not in fixed]
    # Names leave out dimensions with one value, so that networks can be used on files
    # with and without them.
    named = [d for d in further if len(keep.get(d, (0, 0))) > 1]
    if level:
        free = [d for d in further if d not in keep]
        free = free or [d for d in further if len(keep[d]) > 1]
        if len(free) != 1:
            remedy = "choose along the others first" if free else f"write '{name}'"
            raise ValueError(
                f"'{name}@{level}' needs one further dimension of {name} to select "
                f"{level} from, got {', '.join(free) or 'none'}; {remedy}"
            )
        at = position_of(dataset, free[0], number_or_text(level))
        keep = {**keep, free[0]: [at]}
    choices = [keep.get(d, range(dataset.sizes[d])) for d in further]
    found = []
    for combination in itertools.product(*choices):
        positions = dict(zip(further, combination, strict=True))
        label = ",".join(_coordinate(dataset, d, positions[d]) for d in named)
        found.append((f"{name}@{label}" if label else name, positions))
    return found


def refuse_repeated(argument: str, names: Sequence[str]) -> None:
    """Refuse channels of the same name."""
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"{argument} give channel {twice[0]} twice; name it once")


def label_channel(
    source: XarraySource, variable: str, selection: Selection, along: str | None
) -> SampledChannels:
    """Return the label variable as a single channel.

    If it does not exist, or has dimensions without a selection, ``ValueError`` is
    raised.
    """
    remedy = "pass the name of a variable"
    instance_argument("label_variable", variable, str, remedy)
    require_variable(source, variable)
    dataset = source.dataset
    places = source.places(variable)
    keep = select(source.name, dataset, variable, selection)
    for dimension, kept in keep.items():
        if len(kept) != 1:
            raise ValueError(
                f"labels need one value of {dimension}, got {len(kept)}; "
                "select a single one"
            )
    time = along if along in dataset[variable].dims else None
    time = time or _time(dataset, variable, places.dims, keep)
    if time in keep:
        time = None
    for dimension in dataset[variable].dims:
        if dimension in (*places.dims, time) or dimension in keep:
            continue
        if dataset.sizes[dimension] > 1:
            values = (
                listed(dataset[dimension].to_numpy())
                if dimension in dataset.coords
                else f"positions 0 to {dataset.sizes[dimension] - 1}"
            )
            raise ValueError(
                f"{variable} varies along {dimension} ({values}); choose one with "
                f"label_selection={{'{dimension}': ...}}"
            )
        keep[str(dimension)] = [0]
    # A single map of labels serves all samples.
    if time is not None and dataset.sizes[time] == 1:
        keep[time], time = [0], None
    positions = {dimension: kept[0] for dimension, kept in keep.items()}
    channel = Channel(variable, variable, positions, places.dims, time is not None)
    return SampledChannels((channel,), places, time)


def same_places(one: XarraySampling, other: XarraySampling) -> bool:
    """Whether cells at the same positions are the same vertices."""
    return one is other or (
        np.array_equal(one.vertex, other.vertex)
        and same_sampling(one.sampling, other.sampling)
    )


def _time(
    dataset: Any, variable: str, places: tuple[str, ...], keep: dict[str, list[int]]
) -> str | None:
    """Return the dimension of time, or None if a single time is selected."""
    single = {d: kept[0] for d, kept in keep.items() if len(kept) == 1}
    part = dataset[[variable]].isel(single)
    found = find_time(part, variable)
    return None if found in places else found


def _coordinate(dataset: Any, dimension: str, position: int) -> str:
    if dimension not in dataset.coords:
        return str(position)
    return short(dataset[dimension].to_numpy()[position])
