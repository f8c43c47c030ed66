"""A Zarr store of predictions, filled sample by sample."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import numpy as np

from deepsphere_pyg.convert.xarray.climate_extra import climate_module
from deepsphere_pyg.datasets.netcdf.locations import is_store
from deepsphere_pyg.datasets.predictions.layout import PredictionLayout
from deepsphere_pyg.datasets.predictions.to_xarray import ATTRIBUTES
from samplings.atomic_files import atomic_folder


class ZarrStore:
    """Writer of a Zarr store, whole or not at all.

    Parameters
    ----------
    path, layout
        The store, and its variables.
    """

    def __init__(self, path: Path, layout: PredictionLayout) -> None:
        if path.is_dir() and any(path.iterdir()) and not is_store(path):
            raise FileExistsError(
                f"{path} is a folder but not a Zarr store, and is not replaced; choose "
                "another path, or move it away"
            )
        self._path, self._layout = path, layout
        self._stack = ExitStack()
        self._arrays: list[Any] = []

    def __enter__(self) -> Self:
        xarray, array = climate_module("xarray"), climate_module("dask.array")
        zarr = climate_module("zarr")
        n = len(self._layout.samples.dims)
        variables, encoding = {}, {}
        for one in self._layout.variables:
            chunks = (1,) * n + one.shape[n:]
            # A description only: nothing of it is computed.
            empty = array.full(one.shape, one.fill, dtype=one.dtype, chunks=chunks)
            variables[one.name] = xarray.Variable(one.dims, empty, one.attrs)
            encoding[one.name] = {
                "chunks": chunks or None,
                "_FillValue": one.dtype.type(one.fill),
            }
        described = self._layout.coordinates.assign(variables)
        with ExitStack() as stack:
            folder = stack.enter_context(atomic_folder(self._path))
            described.assign_attrs(ATTRIBUTES).to_zarr(
                folder, mode="w", compute=False, consolidated=False, encoding=encoding
            )
            group = zarr.open_group(str(folder), mode="r+", use_consolidated=False)
            self._arrays = [group[name] for name in variables]
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._arrays = []
        self._stack.__exit__(*error)

    def write(self, sample: int, values: list[Any]) -> None:
        """Write the variables of a sample."""
        at = self._layout.at(sample)
        for array, one in zip(self._arrays, values, strict=True):
            array[at or ...] = np.asarray(one)
