"""Expert-labelled cyclones and atmospheric rivers, one NetCDF file per time step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert import XarraySampling, from_xarray
from deepsphere_pyg.convert.xarray.climate_extra import climate_module
from deepsphere_pyg.convert.xarray.coordinates.angles import ROUNDING
from deepsphere_pyg.datasets.base import SegmentationSample
from deepsphere_pyg.datasets.climate.cam5 import (
    CAM5_CHANNELS,
    CAM5_CLASSES,
    check_finite,
    checked_classes,
)
from deepsphere_pyg.datasets.files import DataFileError, PathLike, files_in, reading
from deepsphere_pyg.datasets.netcdf.first_opening import check_opening
from deepsphere_pyg.datasets.regridding.regridded_maps import RegriddedMaps
from samplings import Sampling, same_sampling
from samplings.arguments import instance_argument, path_argument
from samplings.interpolation.weights import Method
from samplings.missing_values import without_missing

_LAYOUT = (
    "put ClimateNet's files data-YYYY-MM-DD-SS-R.nc into the folders train and test "
    "under one root (they are published by NERSC), and pass that root"
)


class ClimateNet(RegriddedMaps):
    """Tropical cyclones and atmospheric rivers labelled by experts.

    Each file holds one map of CAM5.1 at 25 km, which is read on access and carried to
    the sampling by a :class:`Regridder`.

    Parameters
    ----------
    root
        Folder that holds the folders ``train`` and ``test``.
    sampling
        Sampling of the maps.
    split
        ``"train"``, ``"test"``, or another folder under the root; None for files in the
        root itself.
    regrid
        Method of the :class:`Regridder`.

    Attributes
    ----------
    files
        The files, in the order of the maps.

    Raises
    ------
    FileNotFoundError
        If the folder is missing or empty; the message says where to put which files.
    ValueError
        If a file is damaged, lacks a variable, differs from the first in its grid, or
        holds labels out of range or values that are not finite; the message names the
        file.
    ImportError
        If xarray is not installed.

    Notes
    -----
    A file holds the 16 variables of :data:`CAM5_CHANNELS` and ``LABELS`` (0 background,
    1 tropical cyclone, 2 atmospheric river) on 768 latitudes ``lat`` from -90 to 90 and
    1152 longitudes ``lon`` from 0 to 359.6875. A map that several experts labelled is
    in several files.

    Source: Prabhat et al., ClimateNet: an expert-labeled open dataset and deep learning
    architecture for enabling high-precision analyses of extreme weather, Geoscientific
    Model Development 14 (2021), 107-124. Distributed by NERSC; see the terms there.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> ClimateNet("no-such-folder", HEALPix(2))
    Traceback (most recent call last):
    ...
    FileNotFoundError: no-such-folder... does not exist; put ClimateNet's files ...
    """

    channel_names = CAM5_CHANNELS
    class_names = CAM5_CLASSES

    def __init__(
        self,
        root: PathLike,
        sampling: Sampling,
        *,
        split: str | None = "train",
        regrid: Method = "auto",
    ) -> None:
        climate_module("xarray")
        folder = path_argument("root", root)
        if split is not None:
            remedy = "pass 'train' or 'test', or None for files that lie in root"
            folder = folder / instance_argument("split", split, str, remedy)
        self.files = files_in(folder, "*.nc", _LAYOUT)
        self._grid: XarraySampling | None = None
        self._grid = self._read(self.files[0])[0]
        super().__init__(self._grid, sampling, regrid)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> SegmentationSample:
        """Read, check and regrid the map of file ``index``."""
        path = self.files[self._check_index(index)]
        _, data, labels = self._read(path)
        return self._carried(data, labels)

    def _read(
        self, path: Path
    ) -> tuple[XarraySampling, npt.NDArray[Any], npt.NDArray[np.int64]]:
        """Read the grid, inputs ``(16, *grid)`` and labels of a file."""
        xarray = climate_module("xarray")
        # The files hold file names in place of times.
        with reading(path, "NetCDF"):
            check_opening(path, "netCDF4")
            dataset = xarray.open_dataset(path, decode_times=False)
        with dataset:
            missing = {*CAM5_CHANNELS, "LABELS"} - set(dataset.variables)
            if missing:
                raise ValueError(
                    f"{path} has no variable {', '.join(sorted(missing))}; "
                    f"it has: {', '.join(map(str, dataset.data_vars))}"
                )
            with reading(path, "NetCDF"):
                grid = self._recognised(dataset, path)
            maps = []
            for name in (*CAM5_CHANNELS, "LABELS"):
                variable = dataset[name]
                extra = [d for d in variable.dims if d not in grid.dims]
                # A damaged file may name one dimension twice.
                if sorted({*variable.dims} - {*extra}) != sorted(grid.dims) or any(
                    variable.sizes[d] != 1 for d in extra
                ):
                    raise ValueError(
                        f"{path}: {name} must be one map over "
                        f"{' and '.join(grid.dims)}, got {dict(variable.sizes)}"
                    )
                one = variable.isel({d: 0 for d in extra}).transpose(*grid.dims)
                with reading(path, "NetCDF"):
                    values = one.to_numpy()
                maps.append(without_missing(values, one.attrs, one.encoding))
        data = np.stack(maps[:-1])
        check_finite(data, CAM5_CHANNELS, path, axis=0)
        return grid, data, checked_classes(maps[-1], CAM5_CLASSES, path)

    def _recognised(self, dataset: Any, path: Path) -> XarraySampling:
        """Return the grid of a file, which must be that of the first one."""
        first = self._grid
        if first is not None and all(
            name in dataset.variables
            and dataset[name].shape == known.shape
            and np.allclose(dataset[name], known, rtol=0, atol=ROUNDING)
            for name, known in first.coordinates.coords.items()
            if known.dtype.kind == "f"
        ):
            return first
        try:
            grid = from_xarray(dataset, "LABELS")
        except ValueError as error:
            raise DataFileError(f"{path}: {error}") from error
        if first is not None and not (
            np.array_equal(grid.vertex, first.vertex)
            and same_sampling(grid.sampling, first.sampling)
        ):
            raise DataFileError(
                f"{path} and {self.files[0]} are on different grids; "
                "keep files of one grid in a folder"
            )
        # The file will be closed.
        return replace(grid, coordinates=grid.coordinates.load())
