"""Which maps of a file are the channels of a data set."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.cf_coordinates import find_dimension, variable_grid
from deepsphere_pyg.convert.latlon_grid import LatLonGrid
from deepsphere_pyg.datasets.files import DataFileError, reading
from deepsphere_pyg.datasets.xarray_source import (
    Selection,
    XarraySource,
    listed,
    position_of,
    require_variable,
    select,
    short,
)


@dataclass(frozen=True)
class Channel:
    """A map at each sample: a variable at fixed positions of its other dimensions.

    Attributes
    ----------
    name
        Such as ``z@500``.
    variable, positions
        Where its values are.
    dims
        Dimensions of latitude and longitude.
    sampled
        Whether the values change along the sample dimension.
    """

    name: str
    variable: str
    positions: dict[str, int]
    dims: tuple[str, str]
    sampled: bool


@dataclass(frozen=True)
class Layout:
    """Channels on one grid, along one sample dimension.

    Attributes
    ----------
    channels
        What is read for a sample.
    grid
        Grid of all channels.
    sample_dimension
        Dimension along which samples lie; None if there is a single one.
    """

    channels: tuple[Channel, ...]
    grid: LatLonGrid
    sample_dimension: str | None

    def n_samples(self, source: XarraySource) -> int:
        """Number of samples in the files."""
        if self.sample_dimension is None:
            return 1
        return int(source.dataset.sizes[self.sample_dimension])

    def times(self, source: XarraySource) -> npt.NDArray[Any]:
        """Coordinates of the samples, or their numbers where the files give none."""
        along = self.sample_dimension
        if along is None or along not in source.dataset.coords:
            return np.arange(self.n_samples(source))
        return np.asarray(source.dataset[along].to_numpy())


def field_layout(
    source: XarraySource,
    variables: Sequence[str],
    selection: Selection,
    sample_dimension: str | None,
) -> Layout:
    """Channels of the input variables.

    Parameters
    ----------
    source
        The files.
    variables
        Names of variables; ``"z"`` gives a channel for each position of its further
        dimensions, ``"z@500"`` the one at that coordinate.
    selection
        Coordinates to keep along further dimensions.
    sample_dimension
        Dimension of the samples; by default that of time.

    Raises
    ------
    ValueError
        If a variable or coordinate does not exist, or grids differ.
    """
    if isinstance(variables, str) or not variables:
        raise ValueError(
            f"variables must be a list of at least one name, got {variables!r}"
        )
    dataset = source.dataset
    channels: list[Channel] = []
    grids: list[LatLonGrid] = []
    along = sample_dimension
    for wanted in variables:
        name, _, level = wanted.partition("@")
        require_variable(source, name)
        row, column, grid = named_grid(source, name)
        if grids and not grid.matches(grids[0]):
            raise ValueError(
                f"{name} is on another grid than {channels[0].variable}; "
                "interpolate the variables to one grid first"
            )
        grids.append(grid)
        time = sample_dimension or find_dimension(dataset, name, "time")
        sampled = time in dataset[name].dims
        if sampled and along is not None and time != along:
            raise ValueError(
                f"{name} has samples along {time}, but others along {along}; "
                "pass sample_dimension, and select one value of the other"
            )
        along = time if sampled else along
        keep = select(source, name, selection)
        further = [
            str(d)
            for d in dataset[name].dims
            if d not in (row, column) and not (sampled and d == time)
        ]
        if level:
            free = [d for d in further if d not in keep]
            if len(free) != 1:
                raise ValueError(
                    f"{wanted!r} needs one further dimension of {name} to select "
                    f"{level} from, got {', '.join(free) or 'none'}"
                )
            keep[free[0]] = [position_of(dataset, free[0], _number(level))]
        choices = [keep.get(d, range(dataset.sizes[d])) for d in further]
        for combination in itertools.product(*choices):
            positions = dict(zip(further, combination, strict=True))
            label = ",".join(_coordinate(dataset, d, i) for d, i in positions.items())
            full = f"{name}@{label}" if label else name
            channels.append(Channel(full, name, positions, (row, column), sampled))
    names = [channel.name for channel in channels]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"variables give channel {twice} twice; name it once")
    if sample_dimension is not None and sample_dimension not in dataset.sizes:
        raise ValueError(
            f"{source.name} has no dimension {sample_dimension!r}; "
            f"it has: {', '.join(map(str, dataset.sizes))}"
        )
    return Layout(tuple(channels), grids[0], along)


def label_layout(
    source: XarraySource, variable: str, selection: Selection, along: str | None
) -> Layout:
    """The label variable as a single channel.

    Raises
    ------
    ValueError
        If it does not exist, or has dimensions that nothing is selected from.
    """
    require_variable(source, variable)
    dataset = source.dataset
    row, column, grid = named_grid(source, variable)
    keep = select(source, variable, selection)
    for dimension, places in keep.items():
        if len(places) != 1:
            raise ValueError(
                f"labels need one value of {dimension}, got {len(places)}; "
                "select a single one"
            )
    time = along if along in dataset[variable].dims else None
    time = time or find_dimension(dataset, variable, "time")
    if time in keep:
        time = None
    for dimension in dataset[variable].dims:
        if dimension in (row, column, time) or dimension in keep:
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
    # One map of labels for all samples.
    if time is not None and dataset.sizes[time] == 1:
        keep[time], time = [0], None
    positions = {dimension: places[0] for dimension, places in keep.items()}
    channel = Channel(variable, variable, positions, (row, column), time is not None)
    return Layout((channel,), grid, time)


def named_grid(source: XarraySource, variable: str) -> tuple[str, str, LatLonGrid]:
    """Dimensions and grid of a variable; messages name the file."""
    dataset = source.dataset
    with reading(source.name, "NetCDF or Zarr"):
        try:
            return variable_grid(dataset, variable)
        except ValueError as error:
            raise DataFileError(f"{source.name}: {error}") from error


def _coordinate(dataset: Any, dimension: str, position: int) -> str:
    if dimension not in dataset.coords:
        return str(position)
    return short(dataset[dimension].to_numpy()[position])


def _number(text: str) -> Any:
    """The number that a text is, or the text."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text
