"""Extreme weather in boxes: a year of maps in one HDF5 file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.xarray.climate_extra import climate_module
from deepsphere_pyg.datasets.base import SegmentationSample
from deepsphere_pyg.datasets.climate.cam5 import (
    CAM5_CHANNELS,
    CAM5_SHAPE,
    cam5_grid,
    check_array,
    check_finite,
    hdf5_array,
    open_hdf5,
)
from deepsphere_pyg.datasets.files import DataFileError, PathLike, source_files
from deepsphere_pyg.datasets.regridding.regridded_maps import RegriddedMaps
from samplings import Sampling
from samplings.interpolation.weights import Method

# Files list channels in alphabetic order.
_FILE_CHANNELS = tuple(sorted(CAM5_CHANNELS))

_LAYOUT = (
    "put the files climo_YYYY.h5 of the ExtremeWeather data (images, boxes; 62 GB a "
    "year, see extremeweatherdataset.github.io) there"
)


class ExtremeWeather(RegriddedMaps):
    """Cyclones, depressions and atmospheric rivers of CAM5, drawn from their boxes.

    Each map is read on access and carried to the sampling by a :class:`Regridder`.

    Parameters
    ----------
    source
        Folder with files ``climo_*.h5``, or a list of files.
    sampling
        Sampling of the maps.
    regrid
        Method of the :class:`Regridder`.

    Attributes
    ----------
    files
        The files; maps are numbered through them in order.

    Raises
    ------
    FileNotFoundError
        If the folder or a file is missing; the message says where to put which files.
    ValueError
        If a file is damaged, lacks a data set, or holds wrong shapes, boxes of unknown
        classes or values that are not finite; the message names the file.
    ImportError
        If h5py is not installed.

    Notes
    -----
    A file holds ``images`` (time, 16, 768, 1152), channels in alphabetic order, given
    here in the order of :data:`CAM5_CHANNELS`, and ``boxes`` (time, n, 5): ymin, xmin,
    ymax, xmax in cells and the class (0 tropical depression, 1 tropical cyclone, 2
    extratropical cyclone, 3 atmospheric river), with rows of -1 where there are fewer
    boxes. A cell belongs to a box if ``ymin <= y < ymax`` and ``xmin <= x < xmax``,
    where x wraps around the globe. Boxes are coarse labels: their corners hold
    background, and where they overlap the smaller one counts. The grid is
    :func:`cam5_grid`.

    Source: Racah et al., ExtremeWeather: a large-scale climate dataset for
    semi-supervised detection, localization, and understanding of extreme weather
    events, NeurIPS 2017 (arXiv:1612.02095).

    Examples
    --------
    >>> from samplings import HEALPix
    >>> ExtremeWeather([], HEALPix(2))
    Traceback (most recent call last):
    ...
    ValueError: the list of files is empty; put the files climo_YYYY.h5 ...
    """

    channel_names = CAM5_CHANNELS
    class_names = (
        "background",
        "tropical depression",
        "tropical cyclone",
        "extratropical cyclone",
        "atmospheric river",
    )

    def __init__(
        self,
        source: PathLike | Sequence[PathLike],
        sampling: Sampling,
        *,
        regrid: Method = "auto",
    ) -> None:
        climate_module("h5py")
        self.files = source_files(source, "climo_*.h5", _LAYOUT)
        super().__init__(cam5_grid(), sampling, regrid)
        counts = []
        for path in self.files:
            with open_hdf5(path) as file:
                counts.append(_checked_maps(file, path))
        self._ends = np.cumsum(counts)

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, index: int) -> SegmentationSample:
        """Read, check and regrid one map."""
        position = self._check_index(index)
        number = int(np.searchsorted(self._ends, position, side="right"))
        path = self.files[number]
        step = position - int(self._ends[number - 1] if number else 0)
        with open_hdf5(path) as file:
            _checked_maps(file, path)
            image, boxes = file["images"][step], file["boxes"][step]
        check_finite(image, _FILE_CHANNELS, path, axis=0)
        order = [_FILE_CHANNELS.index(name) for name in CAM5_CHANNELS]
        try:
            drawn = draw_boxes(boxes, CAM5_SHAPE, len(self.class_names) - 1)
        except ValueError as error:
            raise ValueError(f"{path}, time step {step}: {error}") from error
        return self._carried(image[order], drawn)


def draw_boxes(
    boxes: npt.ArrayLike, shape: tuple[int, int], n_classes: int
) -> npt.NDArray[np.int64]:
    """Draw boxes as classes of cells: 0 outside, class + 1 inside, small boxes on top.

    Boxes are rows ymin, xmin, ymax, xmax, class, shape ``(n, 5)``; rows of class -1 are
    padding. On a grid of the shape ``(n_lat, n_lon)`` they are cut at the poles, and
    continue at the other end of a row. A box of an unknown class, or whose edges are
    not finite or in wrong order, raises ``ValueError``.

    Examples
    --------
    >>> draw_boxes([[0, 3, 1, 5, 0], [-1, -1, -1, -1, -1]], (2, 4), 1)
    array([[1, 0, 0, 1],
           [0, 0, 0, 0]])
    """
    table = np.asarray(boxes, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != 5:
        raise ValueError(
            f"boxes must have 5 columns (ymin, xmin, ymax, xmax, class), "
            f"got shape {table.shape}"
        )
    table = table[table[:, 4] != -1]
    for box in table:
        if not np.isin(box[4], np.arange(n_classes)):
            raise ValueError(
                f"the class of a box must be from 0 to {n_classes - 1}, got {box[4]:g}"
            )
        if not (np.isfinite(box).all() and box[0] <= box[2] and box[1] <= box[3]):
            raise ValueError(
                "a box must be ymin, xmin, ymax, xmax with minima below maxima, "
                f"got {box[:4].tolist()}"
            )
    classes = np.zeros(shape, dtype=np.int64)
    areas = (table[:, 2] - table[:, 0]) * (table[:, 3] - table[:, 1])
    for box in table[np.argsort(-areas, kind="stable")]:
        ymin, xmin, ymax, xmax = np.ceil(box[:4]).astype(int)
        columns = np.arange(xmin, min(xmax, xmin + shape[1])) % shape[1]
        classes[max(ymin, 0) : max(ymax, 0), columns] = int(box[4]) + 1
    return classes


def _checked_maps(file: Any, path: Path) -> int:
    """Return the number of time steps of an open file, or refuse wrong shapes."""
    images, boxes = (hdf5_array(file, name, path) for name in ("images", "boxes"))
    shape: tuple[int, ...] = getattr(images, "shape", ())
    if len(shape) != 4 or shape[1:] != (len(CAM5_CHANNELS), *CAM5_SHAPE):
        raise DataFileError(
            f"{path}: images must have shape (time, 16, 768, 1152), got {shape}"
        )
    rows: tuple[int, ...] = getattr(boxes, "shape", ())
    if (
        len(rows) != 3
        or (rows[0], rows[2]) != (shape[0], 5)
        or rows[1] > CAM5_SHAPE[0] * CAM5_SHAPE[1]
    ):
        raise DataFileError(
            f"{path}: boxes must have shape ({shape[0]}, n, 5), got {rows}"
        )
    check_array(images, shape, "images", path)
    check_array(boxes, rows, "boxes", path)
    return int(shape[0])
