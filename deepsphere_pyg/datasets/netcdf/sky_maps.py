"""HEALPix maps in FITS files, opened as an xarray data set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from deepsphere_pyg.convert import read_healpix
from deepsphere_pyg.convert.xarray.climate_extra import climate_module
from samplings.reading import DataFileError

_ENDINGS = (".fits", ".fit", ".fits.gz", ".fit.gz")


def is_fits(path: str) -> bool:
    """Whether a path names a FITS file."""
    return Path(path).name.lower().endswith(_ENDINGS)


def open_sky_maps(paths: Sequence[str]) -> Any:
    """Return the HEALPix maps of FITS files as a data set along pixels.

    Columns are variables. Several files, which must have the same pixels and columns,
    are joined along the dimension ``file``, and read when they are needed.

    Raises
    ------
    ValueError
        If a file is damaged, or differs from the first in its pixels or columns.
    """
    xarray = climate_module("xarray")
    first = read_healpix(paths[0])
    shape = first.values.shape
    if len(paths) == 1:
        dims: tuple[str, ...] = ("cell",)
        columns = list(first.values.T)
    else:
        array = climate_module("dask.array")
        delayed = climate_module("dask").delayed(_like_first)
        dims = ("file", "cell")
        maps = [
            array.from_delayed(
                delayed(
                    path, paths[0], first.pixels, first.nside, first.nest, shape[1]
                ),
                shape,
                dtype=first.values.dtype,
            )
            for path in paths
        ]
        stacked = array.stack(maps)
        columns = [stacked[:, :, i] for i in range(shape[1])]
    order = "nested" if first.nest else "ring"
    mapping = {
        "grid_mapping_name": "healpix",
        "healpix_nside": first.nside,
        "healpix_order": order,
    }
    variables = {
        name: (dims, column, {"units": unit, "grid_mapping": "crs"})
        for name, unit, column in zip(first.names, first.units, columns, strict=True)
    }
    return xarray.Dataset(
        {**variables, "crs": ((), 0, mapping)},
        coords={
            "cell": ("cell", first.pixels, {"standard_name": "healpix_index"}),
        },
    )


def _like_first(
    path: str, first: str, pixels: Any, nside: int, nest: bool, columns: int
) -> Any:
    """Read the values of a file that must have the pixels of the first."""
    sky = read_healpix(path)
    same = (sky.nside, sky.nest, sky.values.shape[1]) == (nside, nest, columns)
    if not same or not np.array_equal(sky.pixels, pixels):
        raise DataFileError(
            f"{path} has other pixels or columns than {first}; bring the maps to one "
            "resolution and order first, by read_healpix(..., to_nest=...) and Transfer"
        )
    return sky.values
