"""A NetCDF file of predictions, filled sample by sample."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import numpy as np

from deepsphere_pyg.convert.xarray.climate_extra import climate_module
from deepsphere_pyg.datasets.predictions.layout import OutputVariable, PredictionLayout
from deepsphere_pyg.datasets.predictions.to_xarray import ATTRIBUTES
from samplings.atomic_files import atomic_path


class NetCDFFile:
    """Writer of a NetCDF file, whole or not at all.

    Parameters
    ----------
    path, layout
        The file, and its variables.
    """

    def __init__(self, path: Path, layout: PredictionLayout) -> None:
        self._path, self._layout = path, layout
        self._stack = ExitStack()
        self._file: Any = None

    def __enter__(self) -> Self:
        netcdf = climate_module("netCDF4")
        with ExitStack() as stack:
            temporary = stack.enter_context(atomic_path(self._path))
            coordinates = self._layout.coordinates.assign_attrs(ATTRIBUTES)
            coordinates.to_netcdf(temporary, engine="netcdf4", format="NETCDF4")
            self._file = netcdf.Dataset(temporary, "a")
            stack.callback(self._close)
            if "coordinates" in self._file.ncattrs():
                self._file.delncattr("coordinates")
            for variable in self._layout.variables:
                self._create(variable)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _create(self, variable: OutputVariable) -> None:
        for dim, size in zip(variable.dims, variable.shape, strict=True):
            if dim not in self._file.dimensions:
                self._file.createDimension(dim, size)
        n = len(self._layout.samples.dims)
        created = self._file.createVariable(
            variable.name,
            variable.dtype,
            variable.dims,
            fill_value=variable.dtype.type(variable.fill),
            chunksizes=((1,) * n + variable.shape[n:]) or None,
            compression="zlib" if variable.shape else None,
            complevel=1,
        )
        created.setncatts(variable.attrs)
        further = auxiliary(self._layout.coordinates, variable)
        if further:
            created.setncattr("coordinates", " ".join(further))

    def write(self, sample: int, values: list[Any]) -> None:
        """Write the variables of a sample."""
        at = self._layout.at(sample)
        for variable, one in zip(self._layout.variables, values, strict=True):
            self._file.variables[variable.name][at or ...] = np.asarray(one)


def auxiliary(coordinates: Any, variable: OutputVariable) -> list[str]:
    """Return the coordinates of a variable that are not those of a dimension."""
    named = " ".join(map(str, variable.attrs.values())).split()
    return [
        str(name)
        for name, one in coordinates.variables.items()
        if name not in coordinates.dims
        and set(one.dims) <= set(variable.dims)
        and name not in named
    ]
