"""Maps of the Community Atmosphere Model in HDF5, with cyclones and rivers labelled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert import XarraySampling, from_xarray
from deepsphere_pyg.convert.xarray.climate_extra import climate_module
from deepsphere_pyg.datasets.base import SegmentationSample
from deepsphere_pyg.datasets.files import DataFileError, PathLike, reading, source_files
from deepsphere_pyg.datasets.netcdf.first_opening import check_opening
from deepsphere_pyg.datasets.regridding.regridded_maps import RegriddedMaps
from samplings import Sampling
from samplings.arguments import counted
from samplings.interpolation.weights import Method

#: Channels in the order of the files: see :class:`WeatherState` for their units.
CAM5_CHANNELS: tuple[str, ...] = tuple(
    "TMQ U850 V850 UBOT VBOT QREFHT PS PSL T200 T500 PRECT TS TREFHT Z1000 Z200 "
    "ZBOT".split()
)
#: Classes by their code; TC is a tropical cyclone, AR an atmospheric river.
CAM5_CLASSES = ("background", "TC", "AR")
CAM5_SHAPE = (768, 1152)

_LAYOUT = (
    "put the HDF5 files data-YYYY-MM-DD-SS-R.h5 of the DeepCAM / CAM5 segmentation data"
    " (climate/data, climate/labels_0, climate/labels_1) there"
)


@cache
def cam5_grid() -> XarraySampling:
    """Grid of the model: 768 latitudes with both poles, 1152 longitudes from 0.

    The HDF5 files have no coordinates. ClimateNet's NetCDF files of the same model have
    these: latitudes -90 to 90 degrees, longitudes 0 to 359.6875.
    """
    lat = np.linspace(-90, 90, CAM5_SHAPE[0], dtype=np.float64)
    lon = np.arange(CAM5_SHAPE[1], dtype=np.float64) * (360 / CAM5_SHAPE[1])
    return from_xarray(
        climate_module("xarray").DataArray(
            np.broadcast_to(0.0, CAM5_SHAPE),
            coords={"lat": lat, "lon": lon},
            dims=("lat", "lon"),
        )
    )


class CAM5(RegriddedMaps):
    """Tropical cyclones and atmospheric rivers in CAM5 simulations, from HDF5 files.

    Each file holds one map, which is read on access and carried to the sampling by a
    :class:`Regridder`.

    Parameters
    ----------
    source
        Folder with files ``data-*.h5``, or a list of files.
    sampling
        Sampling of the maps.
    label_set
        0 for the default thresholds of the heuristics that made the labels
        (``climate/labels_0``), 1 for the relaxed ones (``climate/labels_1``).
    regrid
        Method of the :class:`Regridder`.

    Attributes
    ----------
    files
        The files, in the order of the maps.

    Raises
    ------
    FileNotFoundError
        If the folder or a file is missing; the message says where to put which files.
    ValueError
        On access, if a file is damaged, lacks a data set, or holds wrong shapes, labels
        out of range or values that are not finite; the message names the file.
    ImportError
        If h5py is not installed.

    Notes
    -----
    Each file holds ``climate/data`` (768, 1152, 16), channels in the order of
    :data:`CAM5_CHANNELS`, and labels (768, 1152): 0 background, 1 tropical cyclone,
    2 atmospheric river. The first row is taken as the south pole, see
    :func:`cam5_grid`.

    Source: Kurth et al., Exascale deep learning for climate analytics, SC 2018
    (arXiv:1810.01993); also the DeepCAM benchmark of MLPerf HPC. Distributed by NERSC;
    see the terms given there.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> CAM5("no-such-folder", HEALPix(2))
    Traceback (most recent call last):
    ...
    FileNotFoundError: no-such-folder does not exist; put the HDF5 files ...
    """

    channel_names = CAM5_CHANNELS
    class_names = CAM5_CLASSES

    def __init__(
        self,
        source: PathLike | Sequence[PathLike],
        sampling: Sampling,
        *,
        label_set: Literal[0, 1] = 0,
        regrid: Method = "auto",
    ) -> None:
        if label_set not in (0, 1):
            raise ValueError(
                f"label_set must be 0 (default thresholds) or 1 (relaxed), "
                f"got {label_set!r}"
            )
        climate_module("h5py")
        self.files = source_files(source, "data-*.h5", _LAYOUT)
        self.label_set = label_set
        super().__init__(cam5_grid(), sampling, regrid)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> SegmentationSample:
        """Read, check and regrid the map of file ``index``."""
        path = self.files[self._check_index(index)]
        names = ("climate/data", f"climate/labels_{self.label_set}")
        shapes = ((*CAM5_SHAPE, len(CAM5_CHANNELS)), CAM5_SHAPE)
        with open_hdf5(path) as file:
            stored = [hdf5_array(file, name, path) for name in names]
            # A damaged header may state any size, so shapes are checked before reading.
            for array, shape, name in zip(stored, shapes, names, strict=True):
                check_array(array, shape, name, path)
            data, labels = (array[...] for array in stored)
        check_finite(data, CAM5_CHANNELS, path)
        classes = checked_classes(labels, CAM5_CLASSES, path)
        return self._carried(np.moveaxis(data, -1, 0), classes)


@contextmanager
def open_hdf5(path: Path) -> Iterator[Any]:
    """Open an HDF5 file to read; errors of a damaged one name it."""
    h5py = climate_module("h5py")
    with reading(path, "HDF5"):
        check_opening(path, "h5py")
        with h5py.File(path, "r") as file:
            yield file


def hdf5_array(file: Any, name: str, path: Path) -> Any:
    """Return a data set of an open HDF5 file, or refuse a file that lacks it."""
    if name not in file:
        found: list[str] = []
        file.visit(found.append)
        raise DataFileError(
            f"{path} has no data set {name!r}; it has: {', '.join(found) or 'nothing'}"
        )
    return file[name]


def check_array(array: Any, shape: tuple[int, ...], name: str, path: Path) -> None:
    """Refuse an array of a wrong shape or without real numbers."""
    found = getattr(array, "shape", "no array")
    if found != shape:
        raise DataFileError(f"{path}: {name} must have shape {shape}, got {found}")
    if array.dtype.kind not in "biuf":
        raise DataFileError(f"{path}: {name} must hold numbers, got {array.dtype}")


def check_finite(
    data: npt.NDArray[Any], channels: Sequence[str], path: Path, axis: int = -1
) -> None:
    """Refuse data with NaN or infinity in a format that has no missing values."""
    finite = np.isfinite(data)
    if not finite.all():
        bad = np.moveaxis(~finite, axis, 0).reshape(len(channels), -1).sum(axis=1)
        first = int(np.flatnonzero(bad)[0])
        one, several = "value that is not finite", "values that are not finite"
        raise ValueError(
            f"{path}: {channels[first]} has {counted(bad[first], one, several)}, but "
            "these data have no missing values; copy the file again"
        )


def checked_classes(
    labels: npt.NDArray[Any], class_names: Sequence[str], path: Path
) -> npt.NDArray[np.int64]:
    """Return labels as integers, or refuse one that is not a class."""
    wrong = ~np.isin(labels, np.arange(len(class_names)))
    if wrong.any():
        names = ", ".join(f"{i} {name}" for i, name in enumerate(class_names))
        raise ValueError(
            f"{path}: labels must be one of {names}; got {labels[wrong][0]!s} "
            f"in {wrong.sum()} cells"
        )
    return labels.astype(np.int64)
