"""Any NetCDF or Zarr file as maps to segment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.datasets.base import SegmentationSample, segmentation_sample
from deepsphere_pyg.datasets.class_table import (
    ClassTable,
    build_table,
    code_names,
    given_names,
)
from deepsphere_pyg.datasets.regrid import Regridder
from deepsphere_pyg.datasets.xarray_channels import label_layout
from deepsphere_pyg.datasets.xarray_fields import XarrayFields
from deepsphere_pyg.datasets.xarray_source import Selection, XarraySource, listed
from samplings import Sampling


class XarrayDataset(XarrayFields):
    """Maps and labels from files that xarray reads.

    Latitude, longitude and time are found by the CF conventions (standard names, units,
    axes, usual names). Each sample is read when asked for and interpolated to the
    sampling: inputs bilinearly, labels from the cell that holds the vertex.

    Parameters
    ----------
    fields
        Inputs: path of a NetCDF file or Zarr store, a list of paths, or an open
        ``xarray.Dataset``.
    labels
        The same for the labels, on a grid of its own; by default ``fields``.
    variables
        Names of the input variables. ``"z"`` gives a channel for each further
        coordinate, such as pressure levels, with names like ``"z@500"``; ``"z@500"``
        gives that one. Variables without time are the same in each sample.
    label_variable
        Name of the variable of class codes. Labels without time, or with a single one,
        count for each sample; others must have all the times of the fields.
    sampling
        Where the maps are wanted.
    selection, label_selection
        Coordinates to keep along further dimensions of the fields (a value or a list)
        and of the labels (a value), such as ``{"Z": 0}``.
    sample_dimension
        Dimension along which the samples lie; by default that of time.
    class_names
        Names by code, or one for each code that occurs in ascending order. By default
        from the attributes ``flag_values`` and ``flag_meanings``, or ``CLIST``; codes
        without a name are called by their number. Names by code with ``min_share=0``
        spare one pass over labels that vary in time.
    missing_label
        Name of a class for missing labels (NaN, fill values), which becomes class 0;
        by default such vertices are masked.
    min_share
        Classes below this share of the labelled area of the file's grid (mean over
        time) are merged into ``rare_label``. Independent of the sampling.
    rare_label
        Name of the class of rare ones, a new one (the last) or one of the others; None
        to mask them.

    Attributes
    ----------
    times
        Coordinates of the samples, shape ``(len(self),)``.

    Raises
    ------
    ValueError
        If a file is damaged; a variable, dimension or coordinate does not exist; a grid
        is not regular; times do not fit; or fewer than two classes are left.
    TypeError, FileNotFoundError, ImportError
        If ``fields`` or ``labels`` are of the wrong type or missing, or if a package
        that reads them is.

    Examples
    --------
    >>> import xarray as xr
    >>> from samplings import HEALPix
    >>> grid = {"lat": [-60.0, 0.0, 60.0], "lon": [0.0, 90.0, 180.0, 270.0]}
    >>> file = xr.Dataset({
    ...     "height": (("month", "lat", "lon"), np.ones((2, 3, 4))),
    ...     "zone": (("lat", "lon"), [[1] * 4, [5] * 4, [1] * 4]),
    ... }, coords=grid)
    >>> dataset = XarrayDataset(file, variables=["height"], label_variable="zone",
    ...     sampling=HEALPix(2), class_names={1: "polar", 5: "tropical"})
    >>> len(dataset), dataset.class_names, dataset[0].y[:4]
    (2, ('polar', 'tropical'), tensor([1, 0, 0, 0]))
    """

    labelled = True

    def __init__(
        self,
        fields: Any,
        labels: Any = None,
        *,
        variables: Sequence[str],
        label_variable: str,
        sampling: Sampling,
        selection: Selection | None = None,
        label_selection: Selection | None = None,
        sample_dimension: str | None = None,
        class_names: Mapping[float, str] | Sequence[str] | None = None,
        missing_label: str | None = None,
        min_share: float = 0.0,
        rare_label: str | None = "other",
    ) -> None:
        self._open(fields, variables, sampling, selection, sample_dimension)
        self._labels = self._fields if labels is None else XarraySource(labels)
        self._target = label_layout(
            self._labels,
            label_variable,
            label_selection or {},
            self._inputs.sample_dimension,
        )
        self._label_steps = self._matched_steps()
        self._label_regridder = Regridder(self._target.grid, sampling)
        self._table = self._classes(class_names, missing_label, min_share, rare_label)
        self.class_names = self._table.names
        self._static: npt.NDArray[np.int64] | None = None

    def __getitem__(self, index: int) -> SegmentationSample:
        """Read and interpolate sample ``index``."""
        step = int(self._steps[self._check_index(index)])
        x = self._inputs_at(step)
        if not self._target.channels[0].sampled:
            if self._static is None:
                self._static = self._classes_at(0)
            y = self._static
        else:
            y = self._classes_at(int(self._label_steps[step]))
        return segmentation_sample(x, y, len(self.class_names), y >= 0)

    def _matched_steps(self) -> npt.NDArray[np.int64]:
        """Step of the labels for each step of the fields."""
        if not self._target.channels[0].sampled:
            return np.zeros(len(self._steps), dtype=np.int64)
        ours = self._inputs.times(self._fields)
        theirs = self._target.times(self._labels)
        position = {time: i for i, time in enumerate(theirs.tolist())}
        absent = [time for time in ours.tolist() if time not in position]
        if absent:
            raise ValueError(
                f"{self._labels.name} has no labels for {len(absent)} of the "
                f"{len(ours)} times of the fields: {listed(ours)} against "
                f"{listed(theirs)}; give labels for each, or labels without time"
            )
        return np.array([position[time] for time in ours.tolist()], dtype=np.int64)

    def _classes(
        self,
        class_names: Mapping[float, str] | Sequence[str] | None,
        missing_label: str | None,
        min_share: float,
        rare_label: str | None,
    ) -> ClassTable:
        if isinstance(class_names, Mapping) and min_share == 0:
            names = given_names(class_names, ())
            shares = dict.fromkeys(names, 1.0)
        else:
            shares = self._shares()
            attributes = self._labels.dataset[self._target.channels[0].variable].attrs
            names = (
                code_names(attributes)
                if class_names is None
                else given_names(class_names, sorted(shares))
            )
        try:
            return build_table(
                shares,
                names,
                missing_label=missing_label,
                min_share=min_share,
                rare_label=rare_label,
            )
        except ValueError as error:
            raise ValueError(f"{self._labels.name}: {error}") from error

    def _shares(self) -> dict[float, float]:
        """Area of each code over all label maps, on the grid of the file."""
        areas = self._target.grid.cell_areas.ravel()
        shares: dict[float, float] = {}
        for step in np.unique(self._label_steps):
            codes = self._codes(int(step)).astype(np.float64).ravel()
            known = np.isfinite(codes)
            values, place = np.unique(codes[known], return_inverse=True)
            sums = np.bincount(place, areas[known], minlength=len(values))
            for value, area in zip(values.tolist(), sums.tolist(), strict=True):
                shares[value] = shares.get(value, 0.0) + area
        return shares

    def _codes(self, step: int) -> npt.NDArray[Any]:
        """Label map of the file at a step."""
        channel = self._target.channels[0]
        positions = dict(channel.positions)
        if channel.sampled:
            positions[str(self._target.sample_dimension)] = step
        codes = self._labels.read(channel.variable, positions, *channel.dims)
        if codes.dtype.kind not in "iufb":
            raise ValueError(
                f"{self._labels.name}: {channel.variable} must hold numbers, "
                f"got {codes.dtype}"
            )
        return np.asarray(codes)

    def _classes_at(self, step: int) -> npt.NDArray[np.int64]:
        """Class of each vertex, -1 where masked."""
        codes, inside = self._label_regridder.labels(self._codes(step))
        try:
            classes = self._table.apply(codes)
        except ValueError as error:
            raise ValueError(f"{self._labels.name}: {error}") from error
        return np.where(inside, classes, -1)
