"""Maps and labels of any NetCDF or Zarr file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.datasets.base import SegmentationSample, segmentation_sample
from deepsphere_pyg.datasets.netcdf.class_table import (
    build_table,
    code_names,
    given_names,
)
from deepsphere_pyg.datasets.netcdf.coordinates import (
    Selection,
    calendar_of,
    checked_selection,
    coordinate_keys,
    listed,
)
from deepsphere_pyg.datasets.netcdf.label_codes import code_areas
from deepsphere_pyg.datasets.netcdf.xarray_channels import label_channel
from deepsphere_pyg.datasets.netcdf.xarray_fields import XarrayFields
from deepsphere_pyg.datasets.netcdf.xarray_source import XarraySource
from deepsphere_pyg.datasets.regridding.regrid import Regridder
from samplings import Sampling
from samplings.arguments import probability_argument
from samplings.interpolation.weights import Method


class XarrayDataset(XarrayFields):
    """Maps and labels from files that xarray reads.

    The grid is recognised by :func:`~deepsphere_pyg.convert.from_xarray`: latitudes and
    longitudes of one or two dimensions, HEALPix, reduced and unstructured grids. Each
    sample is read on access and carried to the sampling by a :class:`Regridder`.

    Parameters
    ----------
    fields
        Inputs: path of a NetCDF file or Zarr store, a pattern of paths, a folder of
        NetCDF files, a URL, a list of these, or an open ``xarray.Dataset``.
    labels
        The same for the labels, which may be on another grid; by default ``fields``.
    variables
        Names of the input variables. ``"z"`` stands for a channel at each further
        coordinate, such as pressure levels, with names like ``"z@500"``; ``"z@500"``
        stands for that channel alone. Variables without time are the same in each
        sample.
    label_variable
        Name of the variable of class codes. Labels without time, or with a single time,
        apply to each sample; others must have all the times of the fields.
    sampling
        Sampling of the maps.
    selection, label_selection
        Coordinates to keep along further dimensions of the fields (a value or a list)
        and of the labels (a value), such as ``{"Z": 0}``, ``{"step": "6h"}`` or
        ``{"member_id": "r1i1p1f1"}``; positions, for dimensions without coordinates.
        Channel names leave out a dimension with a single value.
    sample_dimension
        Dimension of the samples; by default that of time.
    class_names
        Names by code, or a list in ascending order of the codes that occur. By default
        they come from the attributes ``flag_values`` and ``flag_meanings``, or
        ``CLIST``; codes without a name are called by their number. Names by code with
        ``min_share=0`` save a pass over labels that vary in time.
    missing_label
        Name of a class for missing labels (NaN, fill values), which becomes class 0;
        by default such vertices are masked.
    min_share
        Classes below this share of the labelled area of the file's grid (mean over
        time) are merged into ``rare_label``, whatever the sampling.
    rare_label
        Name of a new class, which is the last, or of another one; None to mask rare
        classes.
    regrid
        Method of the :class:`Regridder`.

    Attributes
    ----------
    times
        Coordinates of the samples, shape ``(len(self),)``.

    Raises
    ------
    ValueError
        If a file is damaged; a variable, dimension or coordinate does not exist; a grid
        is not recognised; times do not fit; labels are not class codes; or fewer than
        two classes are left.
    TypeError, FileNotFoundError, ImportError
        If ``fields`` or ``labels`` have the wrong type or do not exist, or if a package
        that reads them is missing.

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
        regrid: Method = "auto",
    ) -> None:
        super().__init__(
            fields,
            variables=variables,
            sampling=sampling,
            class_names=(),
            selection=selection,
            sample_dimension=sample_dimension,
            regrid=regrid,
        )
        self._labels = (
            self._fields if labels is None else XarraySource(labels, "labels")
        )
        along = self._inputs.sample_dimension
        self._target = label_channel(
            self._labels,
            label_variable,
            checked_selection("label_selection", label_selection),
            along,
        )
        self._label_steps = self._matched_steps()
        self._label_regridder = (
            self._regridder
            if self._target.places is self._inputs.places
            else Regridder(self._target.places, sampling, regrid)
        )
        shares, names = self._shares_and_names(class_names, min_share)
        try:
            self._table = build_table(
                shares,
                names,
                missing_label=missing_label,
                min_share=min_share,
                rare_label=rare_label,
            )
        except ValueError as error:
            raise ValueError(f"{self._labels.name}: {error}") from error
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
        """Return the step of the labels for each step of the fields."""
        if not self._target.channels[0].sampled:
            return np.zeros(self._inputs.n_samples(self._fields), dtype=np.int64)
        ours = self._inputs.times(self._fields)
        theirs = self._target.times(self._labels)
        calendars = {calendar_of(one) for one in (ours, theirs)}
        if len(calendars) > 1:
            known = ", ".join(sorted(map(str, calendars - {None})))
            raise ValueError(
                f"times of {self._labels.name} and {self._fields.name} have "
                f"different calendars ({known} in one only): convert one of them with "
                "convert_calendar of xarray"
            )
        position = {key: i for i, key in enumerate(coordinate_keys(theirs))}
        keys = coordinate_keys(ours)
        chosen = set(self._steps.tolist())
        absent = sum(keys[i] not in position for i in chosen)
        if absent:
            raise ValueError(
                f"{self._labels.name} has no labels for {absent} of the {len(chosen)} "
                f"times of the fields: {listed(ours)} against {listed(theirs)}; give "
                "labels for each, or labels without time"
            )
        return np.array([position.get(key, -1) for key in keys], dtype=np.int64)

    def _shares_and_names(
        self, class_names: Mapping[float, str] | Sequence[str] | None, min_share: float
    ) -> tuple[dict[float, float], dict[float, str]]:
        """Return the areas and names of codes; areas are read only if they matter."""
        min_share = probability_argument("min_share", min_share)
        if isinstance(class_names, Mapping) and min_share == 0:
            names = given_names(class_names, ())
            return dict.fromkeys(names, 1.0), names
        shares = self._shares()
        if class_names is not None:
            return shares, given_names(class_names, sorted(shares))
        variable = self._target.channels[0].variable
        return shares, code_names(self._labels.dataset[variable].attrs)

    def _shares(self) -> dict[float, float]:
        """Sum the area of each code over all label maps, on the grid of the file."""
        steps = np.unique(self._label_steps[self._steps])
        what = f"{self._labels.name}: {self._target.channels[0].variable}"
        maps = (self._codes(int(step)) for step in steps)
        return code_areas(maps, *self._label_regridder.places, what)

    def _codes(self, step: int) -> npt.NDArray[Any]:
        """Read the label map of the file at a step, NaN where missing."""
        return self._target.read(self._labels, self._target.channels[0], step)

    def _classes_at(self, step: int) -> npt.NDArray[np.int64]:
        """Return the class of each vertex, -1 where masked."""
        try:
            cells = self._table.apply(self._codes(step))
        except ValueError as error:
            raise ValueError(f"{self._labels.name}: {error}") from error
        # Regrid classes, not codes: missing labels may be a class, and codes of one
        # class vote together.
        classes, known = self._label_regridder.labels(
            np.ma.masked_less(cells, 0, copy=False)
        )
        return np.where(known, classes, -1)
