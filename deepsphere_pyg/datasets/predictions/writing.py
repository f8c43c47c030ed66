"""Predictions in NetCDF, Zarr and FITS files, written sample by sample."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from itertools import chain
from pathlib import Path
from typing import Any

from deepsphere_pyg.datasets.field_maps.field_maps import FieldMaps
from deepsphere_pyg.datasets.predictions.fits_files import FitsFiles
from deepsphere_pyg.datasets.predictions.layout import PredictionLayout
from deepsphere_pyg.datasets.predictions.netcdf_file import NetCDFFile
from deepsphere_pyg.datasets.predictions.to_xarray import (
    Grid,
    checked_blocks,
    layout_of,
)
from deepsphere_pyg.datasets.predictions.zarr_store import ZarrStore
from samplings.arguments import path_argument
from samplings.interpolation.weights import Method

_WRITERS: dict[tuple[str, ...], Any] = {
    (".nc", ".nc4", ".netcdf"): NetCDFFile,
    (".zarr",): ZarrStore,
    (".fits", ".fits.gz"): FitsFiles,
}


def write_predictions(
    path: str | os.PathLike[str],
    answers: Any,
    maps: FieldMaps,
    *,
    grid: Grid = "source",
    names: Sequence[str] | None = None,
    units: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    regrid: Method = "auto",
    batch_size: int = 4,
) -> Path:
    """Write predictions to a file with the times, members and grid of the inputs.

    The content is that of :func:`predictions_to_xarray`. Samples are predicted, if
    ``answers`` is a function, and written batch by batch, so that neither inputs nor
    predictions need fit into memory. The file is written whole or not at all; an
    existing one is replaced.

    Parameters
    ----------
    path
        The ending chooses the format: ``.nc`` for NetCDF; ``.zarr`` for a Zarr store;
        ``.fits`` or ``.fits.gz`` for HEALPix maps, one file per sample, whose number
        replaces ``{sample}`` in the path.
    answers, maps, grid, names, units, class_names, regrid, batch_size
        As for :func:`predictions_to_xarray`.

    Returns
    -------
    Path
        The file; of several FITS files, the path with ``{sample}``.

    Raises
    ------
    TypeError, ValueError
        As :func:`predictions_to_xarray`; or if the ending of the path is not known, or
        maps in FITS files would not be on HEALPix pixels.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import xarray as xr
    >>> data = xr.DataArray(np.ones((2, 3, 4)), name="t", dims=("time", "lat", "lon"),
    ...     coords={"time": np.array(["2001-01-01", "2001-07-01"], "M8[ns]"),
    ...             "lat": [-60.0, 0.0, 60.0], "lon": [0.0, 90.0, 180.0, 270.0]})
    >>> maps = FieldMaps(data)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_predictions(
    ...         f"{folder}/double.nc", lambda x: 2 * x, maps, names=["double"])
    ...     xr.load_dataset(path).double.shape
    (2, 3, 4)
    """
    target = path_argument("path", path)
    writer_class = _writer_class(target)
    options = (grid, names, units, class_names, regrid)
    blocks = iter(checked_blocks(answers, maps, grid, regrid, batch_size))
    first = next(blocks, None)
    if first is None:
        raise ValueError("there are no answers; pass one per sample")
    layout = layout_of(first, maps, *options)
    write_blocks(writer_class(target, layout), layout, chain([first], blocks))
    return target


def write_blocks(
    writer: AbstractContextManager[Any],
    layout: PredictionLayout,
    blocks: Iterable[Any],
) -> None:
    """Write blocks of answers, in the order of the samples of their layout."""
    with writer as file:
        done = 0
        for block in blocks:
            values = layout.values(block)
            for j in range(len(block)):
                file.write(done + j, [one[j] for one in values])
            done += len(block)


def _writer_class(path: Path) -> Any:
    name = path.name.lower()
    for endings, writer in _WRITERS.items():
        if name.endswith(endings):
            return writer
    listed = ", ".join(ending for endings in _WRITERS for ending in endings)
    raise ValueError(
        f"the ending of the path chooses the format, {listed}, got {path.name!r}; add "
        "one of them"
    )
