"""Maps of any NetCDF or Zarr file, without labels."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.xarray.climate_extra import climate_module
from deepsphere_pyg.datasets.base import SegmentationSample, segmentation_sample
from deepsphere_pyg.datasets.netcdf.coordinates import (
    Selection,
    checked_selection,
    listed,
)
from deepsphere_pyg.datasets.netcdf.xarray_channels import field_channels
from deepsphere_pyg.datasets.netcdf.xarray_source import XarraySource
from deepsphere_pyg.datasets.regridding.regridded_maps import RegriddedMaps
from samplings import Sampling
from samplings.arguments import names_argument
from samplings.interpolation.weights import Method


class XarrayFields(RegriddedMaps):
    """Maps to predict, from files that xarray reads.

    Labels are placeholders, all 0: :attr:`labelled` is False. The mask is True where
    all inputs are known.

    Parameters
    ----------
    fields, variables, sampling, selection, sample_dimension, regrid
        As in :class:`XarrayDataset`.
    class_names
        Names of the classes to predict.

    Attributes
    ----------
    times
        Coordinates of the samples, shape ``(len(self),)``.

    Raises
    ------
    ValueError, TypeError, FileNotFoundError, ImportError
        As :class:`XarrayDataset`.

    Examples
    --------
    >>> import xarray as xr
    >>> from samplings import HEALPix
    >>> file = xr.Dataset({"height": (("month", "lat", "lon"), np.ones((2, 3, 4)))},
    ...     coords={"lat": [-60.0, 0.0, 60.0], "lon": [0.0, 90.0, 180.0, 270.0]})
    >>> maps = XarrayFields(file, variables=["height"], sampling=HEALPix(2),
    ...     class_names=["land", "sea"])
    >>> len(maps), maps.labelled, tuple(maps[1].x.shape)
    (2, False, (48, 1))
    """

    labelled = False

    def __init__(
        self,
        fields: Any,
        *,
        variables: Sequence[str],
        sampling: Sampling,
        class_names: Sequence[str],
        selection: Selection | None = None,
        sample_dimension: str | None = None,
        regrid: Method = "auto",
    ) -> None:
        self.class_names = names_argument("class_names", class_names)
        self._fields = XarraySource(fields)
        self._inputs = field_channels(
            self._fields,
            variables,
            checked_selection("selection", selection),
            sample_dimension,
        )
        self.channel_names = tuple(channel.name for channel in self._inputs.channels)
        steps = self._inputs.chosen or range(self._inputs.n_samples(self._fields))
        self._steps = np.array(steps, dtype=np.int64)
        super().__init__(self._inputs.places, sampling, regrid)

    @property
    def times(self) -> npt.NDArray[Any]:
        """Coordinates of the samples, or their numbers without coordinates."""
        return self._inputs.times(self._fields)[self._steps]

    def __len__(self) -> int:
        return len(self._steps)

    def __getitem__(self, index: int) -> SegmentationSample:
        """Read and interpolate sample ``index``."""
        x = self._inputs_at(int(self._steps[self._check_index(index)]))
        return segmentation_sample(
            x, np.zeros(len(self.sampling), dtype=np.int64), len(self.class_names)
        )

    def _inputs_at(self, step: int) -> npt.NDArray[Any]:
        """Read the channels on the sampling, shape ``(V, C)``, NaN where missing."""
        inputs = self._inputs
        maps = [inputs.read(self._fields, one, step) for one in inputs.channels]
        return self._regridder.fields(np.stack(maps)).T

    def subset(self, times: Any) -> Self:
        """Return the samples at some times, for instance to hold out the others.

        Parameters
        ----------
        times
            One of the :attr:`times`, a list of them, or a slice with both ends
            included; dates may be given as text (``"2001-02"``).

        Raises
        ------
        ValueError
            If there are no samples at these times.

        Examples
        --------
        >>> import xarray as xr
        >>> from samplings import HEALPix
        >>> file = xr.Dataset({"zone": (("month", "lat", "lon"), np.ones((3, 3, 4)))},
        ...     coords={"month": [1, 4, 7], "lat": [-60.0, 0.0, 60.0],
        ...             "lon": [0.0, 90.0, 180.0, 270.0]})
        >>> dataset = XarrayFields(file, variables=["zone"], sampling=HEALPix(1),
        ...     class_names=["a", "b"])
        >>> dataset.subset([1, 7]).times, len(dataset.subset(slice(4, None)))
        (array([1, 7]), 2)
        """
        xarray = climate_module("xarray")
        numbers = xarray.DataArray(
            np.arange(len(self)), dims="time", coords={"time": self.times}
        )
        wanted = times if isinstance(times, slice | str) else np.atleast_1d(times)
        absent = f"there are no samples at {times}; there are {listed(self.times)}"
        try:
            chosen = np.atleast_1d(numbers.sel(time=wanted).to_numpy())
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(absent) from error
        if len(chosen) == 0:
            raise ValueError(absent)
        part = copy.copy(self)
        part._steps = self._steps[chosen]
        return part
