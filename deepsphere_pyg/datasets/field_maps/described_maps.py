"""Names, units, coordinates and blocks of the samples of files."""

from __future__ import annotations

import copy
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert import XarraySampling
from deepsphere_pyg.datasets.field_maps.channel_group import ChannelGroup
from deepsphere_pyg.datasets.field_maps.global_targets import GlobalTargets
from deepsphere_pyg.datasets.field_maps.lazy_arrays import LazyArray
from deepsphere_pyg.datasets.field_maps.sample_axes import SampleAxes
from deepsphere_pyg.datasets.field_maps.sample_reader import SampleReader
from deepsphere_pyg.datasets.maps import MapDataset
from deepsphere_pyg.datasets.netcdf.coordinates import Selection, checked_selection
from deepsphere_pyg.datasets.netcdf.xarray_source import XarraySource
from samplings.arguments import instance_argument
from samplings.arrays import IntArray


class DescribedMaps(MapDataset[Any]):
    """Names and coordinates of samples of files, their parts, and views as arrays."""

    item = "sample"
    source: XarraySource
    winds: tuple[tuple[str, str], ...] = ()
    _axes: SampleAxes
    _reader: SampleReader

    @property
    def _inputs(self) -> ChannelGroup:
        return self._reader.inputs

    @property
    def _targets(self) -> ChannelGroup | GlobalTargets | None:
        return self._reader.targets

    @property
    def channel_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """Names of the inputs."""
        return tuple(channel.name for channel in self._inputs.channels)

    @property
    def channel_units(self) -> tuple[str, ...]:
        """Units of the inputs, empty where the files do not state them."""
        return self._inputs.units()

    @property
    def target_names(self) -> tuple[str, ...]:
        """Names of the targets."""
        if isinstance(self._targets, ChannelGroup):
            return tuple(channel.name for channel in self._targets.channels)
        return () if self._targets is None else self._targets.names

    @property
    def target_units(self) -> tuple[str, ...]:
        """Units of the targets, empty where the files do not state them."""
        if isinstance(self._targets, ChannelGroup):
            return self._targets.units()
        return () if self._targets is None else self._targets.units

    @property
    def target_attributes(self) -> tuple[dict[str, Any], ...]:
        """Attributes of the variable of each target in its file."""
        if not isinstance(self._targets, ChannelGroup):
            return tuple({"units": unit} if unit else {} for unit in self.target_units)
        variables = self._targets.source.dataset
        return tuple(
            dict(variables[one.variable].attrs) for one in self._targets.channels
        )

    @property
    def class_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """Names of the classes, empty for numbers."""
        table = None if self._targets is None else self._targets.table
        return () if table is None else table.names

    @property
    def n_classes(self) -> int:
        """Number of classes; 0 for numbers."""
        return len(self.class_names)

    @property
    def labelled(self) -> bool:
        """Whether there are targets."""
        return self._targets is not None

    @property
    def global_target(self) -> bool:
        """Whether there is one target per sample."""
        return isinstance(self._targets, GlobalTargets)

    @property
    def places(self) -> XarraySampling:
        """The grid of the inputs, as ``from_xarray`` found it."""
        return self._inputs.places

    @property
    def regridding(self) -> str:
        """Method in use for numbers: conservative, bilinear or linear."""
        return self._inputs.regridder.used

    @property
    def sample_dims(self) -> tuple[str, ...]:
        """Dimensions of the samples in the files."""
        return self._axes.dims

    @property
    def sample_coords(self) -> Any:
        """``xarray.Dataset`` of the coordinates of the samples, along ``sample``."""
        return self._axes.coordinates(self.source.dataset)

    @property
    def X(self) -> LazyArray:
        """The inputs as an array ``(N, V, C)`` that is read where it is sliced."""
        shape = (len(self), len(self.sampling), len(self.channel_names))
        return LazyArray(shape, np.float32, lambda i: self[i].x.numpy())

    @property
    def y(self) -> LazyArray:
        """The targets as an array that is read where it is sliced.

        Raises
        ------
        ValueError
            If there are no targets.
        """
        if self._targets is None:
            raise ValueError("the maps have no targets; name them with targets=")
        places = () if self.global_target else (len(self.sampling),)
        outputs = () if self.n_classes else (len(self.target_names),)
        kind = np.int64 if self.n_classes else np.float32

        def row(index: int) -> npt.NDArray[Any]:
            sample: Any = self[index]
            return np.asarray(sample.y.numpy())

        return LazyArray((len(self), *places, *outputs), kind, row)

    def take(self, indices: Any) -> Self:
        """Return some of the samples; they share the cache.

        Parameters
        ----------
        indices
            Integers from 0 to ``len(self) - 1``, or booleans, one per sample.

        Raises
        ------
        ValueError
            If an index does not exist, or the list is empty.
        """
        chosen = np.asarray(indices)
        if chosen.dtype == np.bool_:
            if chosen.shape != (len(self),):
                raise ValueError(
                    f"booleans must be one per sample, shape ({len(self)},), got "
                    f"{chosen.shape}"
                )
            chosen = np.flatnonzero(chosen)
        numbers = [self._check_index(i) for i in chosen.ravel().tolist()]
        if not numbers:
            raise ValueError("indices must list at least one sample, got an empty list")
        part = copy.copy(self)
        part._axes = self._axes.take(numbers)
        return part

    def subset(self, wanted: Selection | None = None, **more: Any) -> Self:
        """Return the samples at some coordinates, as in ``subset(time="1950/1989")``.

        Parameters
        ----------
        wanted, **more
            By sample dimension: a value, a list, or a range, as for ``select``.

        Raises
        ------
        ValueError
            If there is no such dimension or sample.
        """
        selection = {**checked_selection("wanted", wanted), **more}
        return self.take(self.matching(selection))

    def matching(self, wanted: Selection) -> IntArray:
        """Return the indices of the samples at some coordinates, as :meth:`subset`."""
        return self._axes.matching(self.source.dataset, wanted)

    def positions(self, dim: str) -> IntArray:
        """Return the position of each sample along a sample dimension in the files.

        Raises
        ------
        ValueError
            If there is no such dimension.
        """
        instance_argument("dim", dim, str, "pass the name of a dimension")
        if dim not in self.sample_dims:
            raise ValueError(
                f"there is no sample dimension {dim!r}; there are: "
                f"{', '.join(self.sample_dims) or 'no dimensions, but a single sample'}"
            )
        return self._axes.samples[:, self.sample_dims.index(dim)]

    @property
    def blocks(self) -> IntArray:
        """Number of the block that each sample is read with, shape ``(N,)``."""
        return self._reader.grid.numbers(self._axes.samples)

    @property
    def blocks_in_memory(self) -> int:
        """Number of blocks that the cache holds at a time, at least 1."""
        return self._reader.blocks_in_memory
