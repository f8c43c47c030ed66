"""Maps of any file that xarray reads, with targets of any kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from deepsphere_pyg.datasets.arrays import GlobalSample, MapSample
from deepsphere_pyg.datasets.base import SegmentationSample, segmentation_sample
from deepsphere_pyg.datasets.field_maps.channel_group import (
    ChannelGroup,
    channels_of,
    wind_channels,
)
from deepsphere_pyg.datasets.field_maps.class_options import (
    KINDS,
    ClassOptions,
    Kind,
)
from deepsphere_pyg.datasets.field_maps.described_maps import DescribedMaps
from deepsphere_pyg.datasets.field_maps.sample_axes import SampleAxes, sample_dims
from deepsphere_pyg.datasets.field_maps.sample_reader import (
    SampleReader,
    area_filled,
)
from deepsphere_pyg.datasets.field_maps.targets import targets_of
from deepsphere_pyg.datasets.field_maps.variables import (
    checked_names,
    checked_winds,
    other_variables,
)
from deepsphere_pyg.datasets.netcdf.coordinates import Selection, checked_selection
from deepsphere_pyg.datasets.netcdf.xarray_source import XarraySource, require_variable
from deepsphere_pyg.datasets.regridding.regrid import Regridder
from deepsphere_pyg.datasets.regridding.winds import Winds
from samplings import Sampling
from samplings.arguments import (
    choice_argument,
    counted,
    integer_argument,
    sampling_argument,
)
from samplings.arrays import IntArray
from samplings.interpolation.weights import Method

#: Bytes of maps that a data set keeps in memory, by default.
CACHE_BYTES = 1 << 28


class InputSample(NamedTuple):
    """One map without a target.

    Attributes
    ----------
    x
        Inputs, shape ``(V, C)``, float32, finite everywhere.
    """

    x: Tensor


class FieldMaps(DescribedMaps):
    """Maps and targets of one's own files, read when they are needed.

    The grid is recognised by :func:`~deepsphere_pyg.convert.from_xarray`; maps are
    carried to the sampling by a :class:`Regridder`, which averages where the sampling
    is coarser, and interpolates where it is finer. A sample is one position along the
    sample dimensions: by default those of time and of the members of an ensemble.
    Maps are read in blocks, the chunks of the files, and those used last stay in
    memory.

    Parameters
    ----------
    source
        Path of a NetCDF or GRIB file, a Zarr store or HEALPix maps in FITS files; a
        pattern, a folder, a URL or a list of these; or an ``xarray.Dataset`` or
        ``DataArray``.
    inputs
        Names of the input variables, as for :class:`XarrayDataset`: ``"z"`` stands for
        a channel at each further coordinate, such as pressure levels, with names like
        ``"z@500"``; ``"z@500"`` stands for that channel alone. Variables that lack a
        sample dimension are the same along it. By default all variables on the grid
        that are not targets.
    targets
        Names of the targets: maps, as for the inputs; or values that vary along sample
        dimensions only, for targets of whole samples, such as an index, a coordinate,
        or a part of a time (``"time.year"``, ``"time.dayofyear"``). None for maps to
        predict.
    sampling
        Where the vertices are; by default those of the grid of the inputs.
    target_source
        Files of the targets, which may be on another grid, by default ``source``.
        Their samples are found by coordinates.
    select, target_select
        Coordinates to keep: of samples, a value, a list or a range (``slice(1950,
        1989)``, ``"1950/1989"``, ``"2001-02"``); along further dimensions, a value or a
        list.
    sample_dims
        Names of the sample dimensions, the last of which varies fastest if the files
        have them in this order.
    target_kind
        ``"numbers"`` for regression, ``"classes"`` for segmentation and
        classification. ``"auto"``: variables with named codes or stored as integers
        hold classes; others, parts of times, and coordinates of dimensions hold
        numbers.
    class_names, missing_label, min_share, rare_label
        Of classes: see :class:`XarrayDataset`.
    regrid
        Method of the :class:`Regridder` for numbers: ``"auto"``, ``"conservative"``,
        ``"bilinear"`` or ``"linear"``. Classes are those of the largest share, or of
        the cell at the vertex where numbers are interpolated.
    winds
        Pairs of names of inputs or of targets, such as ``[("u", "v")]``, that are
        eastward and northward winds, at any levels: they are regridded as vectors,
        which is right around the poles too.
    cache_bytes
        Memory for maps that were read, in each process; as it is used up, the maps
        that were not used for longest are dropped.

    Attributes
    ----------
    sampling, channel_names, channel_units
        The points, and the names and units of the inputs.
    target_names, target_units, class_names, n_classes
        Names and units of numbers, or names and number of classes (0 for numbers).
    global_target
        Whether there is one target per sample.
    labelled
        Whether there are targets.
    places
        The grid of the inputs, as ``from_xarray`` found it.

    Raises
    ------
    ValueError
        If a file is damaged; a variable, dimension or coordinate does not exist; a grid
        is not recognised; samples of the targets do not match; targets are no classes
        but should be; or winds lack a component or are along the axes of a grid.
    TypeError, FileNotFoundError, ImportError
        If an argument has the wrong type, a file does not exist, or a package that
        reads it is missing.

    Notes
    -----
    Missing inputs become the mean of their channel over the map, by area. A vertex
    counts where all its targets are known; for classes, only where all inputs are, too.

    Shapes
    ------
    Samples have ``x (V, C)``, and ``y (V, C_out)`` with ``mask (V,)`` for maps of
    numbers, ``y (V,)`` with ``mask (V,)`` for maps of classes, ``y (C_out,)`` for
    numbers of samples, ``y ()`` for their classes, and no ``y`` without targets.

    Examples
    --------
    >>> import xarray as xr
    >>> from samplings import HEALPix
    >>> data = xr.Dataset(
    ...     {name: (("time", "lat", "lon"), np.ones((2, 3, 4))) for name in "uv"},
    ...     coords={"time": np.array(["2001-01-01", "2001-07-01"], "M8[ns]"),
    ...             "lat": [-60.0, 0.0, 60.0], "lon": [0.0, 90.0, 180.0, 270.0]})
    >>> maps = FieldMaps(data, inputs=["u"], targets=["v"], sampling=HEALPix(2))
    >>> len(maps), maps[0].x.shape, maps[0].y.shape
    (2, torch.Size([48, 1]), torch.Size([48, 1]))
    >>> months = FieldMaps(data, targets=["time.month"])
    >>> months.channel_names, months[1].y, len(months.sampling)
    (('u', 'v'), tensor([7.]), 12)
    """

    def __init__(
        self,
        source: Any,
        *,
        inputs: Sequence[str] | None = None,
        targets: Sequence[str] | str | None = None,
        sampling: Sampling | None = None,
        target_source: Any = None,
        select: Selection | None = None,
        target_select: Selection | None = None,
        sample_dims: Sequence[str] | None = None,
        target_kind: Kind = "auto",
        class_names: Mapping[float, str] | Sequence[str] | None = None,
        missing_label: str | None = None,
        min_share: float = 0.0,
        rare_label: str | None = "other",
        regrid: Method = "auto",
        winds: Winds = (),
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        choice_argument("target_kind", target_kind, KINDS)
        cache_bytes = integer_argument("cache_bytes", cache_bytes, 0)
        selection = checked_selection("select", select)
        chosen = checked_selection("target_select", target_select)
        self.winds = checked_winds(winds)
        options = ClassOptions(class_names, missing_label, min_share, rare_label)
        self.source = XarraySource(source, "source")
        names = checked_names("targets", targets)
        theirs = self.source
        if target_source is not None:
            theirs = XarraySource(target_source, "target_source")
        own = names if theirs is self.source else ()
        variables = checked_names("inputs", inputs)
        if not variables:
            variables = other_variables(self.source, own)
        self._axes = _axes(self.source, variables, sample_dims, selection)
        channels, places = channels_of(
            "inputs", self.source, variables, selection, self._axes.dims
        )
        self.sampling = (
            places.sampling
            if sampling is None
            else sampling_argument("sampling", sampling)
        )
        regridder = Regridder(places, self.sampling, regrid)
        found = None
        if names:
            if theirs is self.source:
                chosen = {**selection, **chosen}
            found = targets_of(
                theirs,
                names,
                chosen,
                self._axes,
                self.source,
                self.sampling,
                regrid,
                target_kind,
                options,
                self.winds,
            )
        pairs = wind_channels(self.source, channels, places, self.winds)
        group = ChannelGroup(self.source, channels, places, regridder, winds=pairs)
        self._reader = SampleReader(group, found, self._axes, cache_bytes)
        self._part: tuple[IntArray, SampleReader] | None = None

    def __repr__(self) -> str:
        to = f" -> {', '.join(self.target_names)}" if self.labelled else ""
        return (
            f"FieldMaps({', '.join(self.channel_names)}{to}; "
            f"{counted(len(self), 'sample')} on {self.sampling!r})"
        )

    # -- samples ----------------------------------------------------------------------
    def __len__(self) -> int:
        return len(self._axes)

    def __getitem__(
        self, index: int
    ) -> MapSample | SegmentationSample | GlobalSample | InputSample:
        """Read a sample."""
        sample = self._axes.samples[self._check_index(index)]
        if self._part is None:
            return self._sample(self._reader, self._reader.inputs_at(sample), index)
        vertices, part = self._part
        x = part.inputs_at(sample)
        if not np.isnan(x).any():
            return self._sample(part, x, index)
        # What replaces missing inputs depends on the whole map.
        whole = self._sample(self._reader, self._reader.inputs_at(sample), index)
        some = torch.from_numpy(vertices)
        at_vertices = ("x", "y", "mask") if hasattr(whole, "mask") else ("x",)
        return whole._replace(
            **{name: getattr(whole, name)[some] for name in at_vertices}
        )

    def take_vertices(self, vertices: IntArray | None) -> None:
        """Read some vertices of each map alone, or all if it is None.

        Where vertices are not cells of the file, maps are read as a whole.
        """
        self._reader.forget()
        part = None if vertices is None else self._reader.part(vertices)
        self._part = None if vertices is None or part is None else (vertices, part)

    def _sample(
        self, reader: SampleReader, x: npt.NDArray[np.float32], index: int
    ) -> MapSample | SegmentationSample | GlobalSample | InputSample:
        """Return a sample with inputs that were read, and targets of a reader."""
        sample = self._axes.samples[index]
        if isinstance(self._targets, ChannelGroup):
            y = reader.targets_at(sample)
            if self._targets.table is not None:
                known = y[:, 0] >= 0
                return segmentation_sample(x, y[:, 0], self.n_classes, known)
            known = ~np.isnan(y).any(axis=1)
            y = np.where(known[:, None], y, np.float32(0))
            inputs = torch.from_numpy(self._filled(x, index))
            return MapSample(inputs, torch.from_numpy(y), torch.from_numpy(known))
        inputs = torch.from_numpy(self._filled(x, index))
        if self._targets is None:
            return InputSample(inputs)
        value = np.array(self._targets.values[tuple(sample)])
        if self._targets.table is None:
            value = value.astype(np.float32)
        return GlobalSample(inputs, torch.from_numpy(value))

    def unfilled(self, index: int) -> npt.NDArray[np.float32]:
        """Return the inputs of a sample, shape ``(V, C)``, NaN where missing."""
        return self._reader.inputs_at(self._axes.samples[self._check_index(index)])

    def _filled(self, x: npt.NDArray[Any], index: int) -> npt.NDArray[np.float32]:
        """Replace missing inputs by the mean of their channel over the map."""
        if not np.isnan(x).any():
            return x
        filled, absent = area_filled(x, self.sampling.weights)
        if absent is not None:
            raise ValueError(
                f"{self.source.name}: {self.channel_names[absent]} is missing at all "
                f"vertices of sample {index}{self._said(index)}; leave it out with "
                "select= or take()"
            )
        return filled

    def _said(self, index: int) -> str:
        """Return the coordinates of a sample as text, for messages."""
        coords = self._axes.take([index]).coordinates(self.source.dataset)
        found = [f"{dim} {coords[dim].values[0]}" for dim in self._axes.dims]
        return f" ({', '.join(found)})" if found else ""


def _axes(
    source: XarraySource,
    variables: Sequence[str],
    given: Sequence[str] | None,
    selection: Selection,
) -> SampleAxes:
    """Return the samples of the input variables."""
    bare = list(dict.fromkeys(name.partition("@")[0] for name in variables))
    for name in bare:
        require_variable(source, name)
    placed = [(name, source.places(name).dims) for name in bare]
    dims = sample_dims(source.dataset, placed, given, selection)
    return SampleAxes.of(source.dataset, dims, selection)
