"""Maps of one file on one grid, read block by block and carried to the sampling."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from deepsphere_pyg.convert import XarraySampling
from deepsphere_pyg.convert.xarray.grid_winds import refuse_grid_frames
from deepsphere_pyg.datasets.field_maps.block_cache import chunk_lengths
from deepsphere_pyg.datasets.fill_values import FILES_REMEDY, FillValues
from deepsphere_pyg.datasets.netcdf.class_table import ClassTable
from deepsphere_pyg.datasets.netcdf.coordinates import select
from deepsphere_pyg.datasets.netcdf.xarray_channels import (
    maps_of,
    refuse_repeated,
    same_places,
)
from deepsphere_pyg.datasets.netcdf.xarray_source import (
    XarraySource,
    require_variable,
)
from deepsphere_pyg.datasets.regridding.regrid import Regridder
from deepsphere_pyg.datasets.regridding.winds import WindRegridder, Winds, paired
from samplings.arrays import IntArray
from samplings.missing_values import without_missing

# Bytes of float64 that are regridded at a time.
_AT_ONCE = 1 << 22


@dataclass(frozen=True)
class FieldChannel:
    """A map at each sample: a variable at fixed positions of its other dimensions.

    Attributes
    ----------
    name
        Such as ``z@500``.
    variable
        Name in the file.
    positions
        Along its other dimensions.
    along
        Sample dimensions that it varies along, in their common order.
    """

    name: str
    variable: str
    positions: dict[str, int]
    along: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ChannelGroup:
    """Channels on one grid.

    Attributes
    ----------
    source
        The files.
    channels, places
        The channels, and the sampling of their cells.
    regridder
        From the cells to the sampling of the maps.
    steps
        Position in these files for each position along a sample dimension of the
        inputs, -1 where they have none; dimensions that are left out agree.
    table
        Classes of the codes, if the channels hold classes.
    winds
        Positions of the channels that are eastward and northward winds, in pairs.
    cells
        Cells that are read, in the order of the vertices, if they are not all and need
        no regridding.
    """

    source: XarraySource
    channels: tuple[FieldChannel, ...]
    places: XarraySampling
    regridder: Regridder
    steps: Mapping[str, IntArray] = field(default_factory=dict)
    table: ClassTable | None = None
    winds: tuple[tuple[int, int], ...] = ()
    cells: IntArray | None = None
    # Channels and fill values that a warning has named.
    _told: set[tuple[str, float]] = field(default_factory=set, init=False, repr=False)

    def part(self, vertices: IntArray) -> ChannelGroup | None:
        """Return a group that reads some vertices alone; None if they need others.

        They do not where each vertex is a cell of the file, and cells have a single
        dimension.
        """
        if not self._unmixed or len(self.places.dims) != 1 or self.winds:
            return None
        return replace(self, cells=self._matrix.indices[vertices].astype(np.int64))

    @property
    def _matrix(self) -> sp.csr_array:
        """The matrix from cells to vertices."""
        return (
            self.regridder.matrix if self.table is None else self.regridder.label_matrix
        )

    @cached_property
    def _unmixed(self) -> bool:
        """Whether each vertex is a cell of the file."""
        matrix = self._matrix
        return (
            matrix.nnz == matrix.shape[0]
            and bool((np.diff(matrix.indptr) == 1).all())
            and bool((matrix.data == 1).all())
        )

    def read(
        self, channel: FieldChannel, ranges: Mapping[str, tuple[int, int]]
    ) -> npt.NDArray[Any]:
        """Read a channel on the cells of the file, NaN where missing.

        The result has shape ``(*along, *grid)``, with the sample dimensions of the
        channel, or ``(*along, cell)`` if some cells are read.
        """
        positions: dict[str, Any] = dict(channel.positions)
        for dim in channel.along:
            start, end = ranges[dim]
            wanted = np.arange(start, end)
            if dim in self.steps:
                # Positions that are absent are not those of any sample.
                wanted = np.maximum(self.steps[dim][start:end], 0)
            first, n = int(wanted[0]), len(wanted)
            consecutive = bool((wanted == first + np.arange(n)).all())
            positions[dim] = slice(first, first + n) if consecutive else wanted
        dims = (*channel.along, *self.places.dims)
        if self.cells is None:
            return self.source.read(channel.variable, positions, *dims)
        # One run of cells: files are slow to read in pieces.
        first, end = (0, 0)
        if len(self.cells):
            first, end = int(self.cells.min()), int(self.cells.max()) + 1
        positions[self.places.dims[0]] = slice(first, end)
        run = self.source.read(channel.variable, positions, *dims)
        return run[..., self.cells - first]

    def carried(
        self, channel: FieldChannel, ranges: Mapping[str, tuple[int, int]]
    ) -> npt.NDArray[Any]:
        """Read a channel on the vertices, shape ``(*along, V)``.

        Numbers are float32, NaN where missing; classes are int16, -1 where masked.
        """
        cells = self.read(channel, ranges)
        if self.cells is not None:
            if self.table is None:
                return _single(without_missing(cells))
            return np.maximum(self.table.apply(cells), -1).astype(np.int16)
        shape = cells.shape[: cells.ndim - len(self.places.dims)]
        flat = cells.reshape(-1, *self.places.shape)
        kind = np.float32 if self.table is None else np.int16
        n_vertices = len(self.regridder.sampling)
        result = np.empty((len(flat), n_vertices), dtype=kind)
        step = max(1, _AT_ONCE // (8 * max(flat[0].size, n_vertices)))
        for start in range(0, len(flat), step):
            part = flat[start : start + step]
            if self.table is None:
                self._tell_fill_values(channel.name, part)
            carried = self._fields(part) if self.table is None else self._classes(part)
            result[start : start + step] = carried
        return result.reshape(*shape, n_vertices)

    @cached_property
    def _wind_regridder(self) -> WindRegridder:
        return WindRegridder(self.regridder)

    def carried_winds(
        self, pair: tuple[int, int], ranges: Mapping[str, tuple[int, int]]
    ) -> npt.NDArray[np.float32]:
        """Read two channels as winds on the vertices, shape ``(2, *along, V)``.

        They are eastward and northward, NaN where one of them is missing.
        """
        cells = [self.read(self.channels[i], ranges) for i in pair]
        for i, values in zip(pair, cells, strict=True):
            self._tell_fill_values(self.channels[i].name, values)
        shape = cells[0].shape[: cells[0].ndim - len(self.places.dims)]
        flat = [one.reshape(-1, *self.places.shape) for one in cells]
        n_vertices = len(self.regridder.sampling)
        result = np.empty((2, len(flat[0]), n_vertices), dtype=np.float32)
        step = max(1, _AT_ONCE // (24 * max(flat[0][0].size, n_vertices)))
        for start in range(0, len(flat[0]), step):
            part = np.stack([one[start : start + step] for one in flat])
            result[:, start : start + step] = self._wind_regridder.fields(part)
        return result.reshape(2, *shape, n_vertices)

    def _tell_fill_values(self, name: str, cells: npt.NDArray[Any]) -> None:
        """Warn once of values that seem to be marks of missing ones.

        Regridding would hide them in averages; elsewhere, those who take statistics of
        the maps look at them.
        """
        if self._unmixed:
            return
        found = FillValues()
        found.add(without_missing(cells).reshape(-1, 1))
        new = {(name, value) for _, value in found.counts} - self._told
        if new:
            self._told.update(new)
            cell = ("cell", "cells")
            found.warn("the files", [name], FILES_REMEDY, places=cell, stacklevel=3)

    def _fields(self, cells: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return _single(self.regridder.fields(cells))

    def _classes(self, cells: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        if self.table is None:
            raise TypeError("the group has no classes")
        classes = self.table.apply(cells)
        labels, known = self.regridder.labels(np.ma.masked_less(classes, 0, copy=False))
        return np.where(known, labels, -1)

    def chunks(self) -> list[dict[str, int]]:
        """Return the length of the chunks of each variable, in positions of inputs."""
        names = dict.fromkeys(channel.variable for channel in self.channels)
        return [chunk_lengths(self.source.dataset[name]) for name in names]

    def map_bytes(self) -> int:
        """Return the bytes of the largest map as it is read."""
        n_cells = int(np.prod(self.places.shape))
        dataset = self.source.dataset
        variables = [dataset[one.variable] for one in self.channels]
        return n_cells * max(int(one.dtype.itemsize) for one in variables)

    def units(self) -> tuple[str, ...]:
        """Return the unit of each channel, empty where the file does not state it."""
        dataset = self.source.dataset
        return tuple(
            str(dataset[channel.variable].attrs.get("units", ""))
            for channel in self.channels
        )


def _single(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Return values in single precision, of which those that overflow are missing."""
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    single[np.isinf(single)] = np.nan
    return single


def channels_of(
    argument: str,
    source: XarraySource,
    variables: Sequence[str],
    selection: Mapping[str, Any],
    dims: Collection[str],
) -> tuple[tuple[FieldChannel, ...], XarraySampling]:
    """Return the channels of some variables, and their common grid.

    Parameters
    ----------
    argument
        Name of the argument that lists the variables, for messages.
    source, variables
        The files, and names such as ``z`` or ``z@500``.
    selection
        Values along further dimensions.
    dims
        Sample dimensions, in their order.
    """
    dataset = source.dataset
    channels: list[FieldChannel] = []
    found: list[XarraySampling] = []
    rest = {d: value for d, value in selection.items() if d not in dims}
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
        keep = select(source.name, dataset, name, rest)
        along = tuple(d for d in dims if d in dataset[name].dims)
        fixed = (*own.dims, *along)
        channels += [
            FieldChannel(full, name, positions, along)
            for full, positions in maps_of(dataset, name, level, fixed, keep)
        ]
    refuse_repeated(argument, [channel.name for channel in channels])
    return tuple(channels), found[0]


def wind_channels(
    source: XarraySource,
    channels: Sequence[FieldChannel],
    places: XarraySampling,
    winds: Winds,
) -> tuple[tuple[int, int], ...]:
    """Return the positions of the pairs of channels that are winds.

    If the components are along the axes of a grid, along different sample dimensions,
    or one lacks the other, ``ValueError`` is raised.
    """
    pairs = paired([one.name for one in channels], winds)
    for pair in pairs:
        east, north = (channels[i] for i in pair)
        refuse_grid_frames(source.dataset, places, east.variable, north.variable)
        if east.along != north.along:
            raise ValueError(
                f"winds {east.name} and {north.name} must vary along the same "
                f"dimensions, got ({', '.join(east.along)}) and "
                f"({', '.join(north.along)}); leave the pair out"
            )
    return pairs
