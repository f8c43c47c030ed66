"""Opening NetCDF and Zarr through xarray, and choosing parts of it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from deepsphere_pyg.convert.climate_extra import climate_module
from deepsphere_pyg.datasets.files import reading
from deepsphere_pyg.datasets.first_opening import check_opening

Selection = Mapping[str, Any]


class XarraySource:
    """Files that are opened once in each process, or a data set that is open already.

    Parameters
    ----------
    source
        Path of a NetCDF file or Zarr store, a list of paths (joined by their
        coordinates), or an open ``xarray.Dataset``.

    Raises
    ------
    TypeError
        If it is something else.
    FileNotFoundError
        If a path does not exist.
    ValueError
        If a file cannot be read or the files do not fit together.
    """

    def __init__(self, source: Any) -> None:
        xarray = climate_module("xarray")
        self._opened: tuple[int, Any] | None = None
        self._given: Any = None
        self.paths: tuple[Path, ...] = ()
        if isinstance(source, xarray.Dataset):
            self._given = source
        elif isinstance(source, str | os.PathLike):
            self.paths = (Path(source),)
        elif isinstance(source, Sequence) and all(
            isinstance(path, str | os.PathLike) for path in source
        ):
            self.paths = tuple(Path(path) for path in source)
            if not self.paths:
                raise ValueError("the list of files is empty; name at least one")
        else:
            raise TypeError(
                "data must be a path, a list of paths or an xarray.Dataset, "
                f"got {type(source).__name__}"
            )
        for path in self.paths:
            if not path.exists():
                raise FileNotFoundError(
                    f"{path} does not exist; pass a NetCDF file or a Zarr store"
                )

    @property
    def name(self) -> str:
        """For messages: the path, or what stands for it."""
        if not self.paths:
            return "the data set"
        more = f" and {len(self.paths) - 1} more" if len(self.paths) > 1 else ""
        return f"{self.paths[0]}{more}"

    @property
    def dataset(self) -> Any:
        """The open ``xarray.Dataset``, lazily loaded."""
        if self._given is not None:
            return self._given
        # HDF5 files must not be shared with forked workers: each opens its own.
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = (os.getpid(), self._open())
        return self._opened[1]

    def read(self, variable: str, positions: Mapping[str, int], *dims: str) -> Any:
        """Array of a variable at some positions, with its dimensions in this order."""
        dataset = self.dataset
        with reading(self.name, "NetCDF or Zarr"), _quiet():
            part = dataset[variable].isel(dict(positions))
            return part.transpose(*dims).to_numpy()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}

    def _open(self) -> Any:
        with reading(self.name, "NetCDF or Zarr"), _quiet():
            for path in self.paths:
                check_opening(path, "netCDF4")
            try:
                return self._decode(decode_times=True)
            except (ValueError, OverflowError) as error:
                # "months since" has no dates: keep its numbers.
                if "decode" not in str(error):
                    raise
                return self._decode(decode_times=False)

    def _decode(self, decode_times: bool) -> Any:
        xarray = climate_module("xarray")
        if len(self.paths) == 1:
            engine = {"engine": "zarr"} if self.paths[0].is_dir() else {}
            return xarray.open_dataset(
                self.paths[0], decode_times=decode_times, **engine
            )
        climate_module("dask")
        return xarray.open_mfdataset(
            [str(path) for path in self.paths],
            combine="by_coords",
            data_vars="minimal",
            coords="minimal",
            compat="no_conflicts",
            join="exact",
            decode_times=decode_times,
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Ignore notes on encodings that do not change values.

    A ``_FillValue`` that is NaN or of another type is dropped, and NaN is missing
    anyway; a Zarr store without consolidated metadata only opens more slowly.
    """
    xarray = climate_module("xarray")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", xarray.SerializationWarning)
        warnings.filterwarnings("ignore", "Failed to open Zarr store with consolidated")
        yield


def require_variable(source: XarraySource, name: str) -> None:
    """Refuse a name that is no variable of the file.

    Raises
    ------
    ValueError
        If there is none; the message lists those there are.
    """
    if name not in source.dataset.variables:
        found = ", ".join(map(str, source.dataset.data_vars))
        raise ValueError(
            f"{source.name} has no variable {name!r}; it has: {found or 'none'}"
        )


def position_of(dataset: Any, dimension: Hashable, value: Any) -> int:
    """Position of a coordinate value along a dimension; without coordinates, itself.

    Raises
    ------
    ValueError
        If there is no such value; the message lists those there are.
    """
    if dimension not in dataset.coords:
        size = dataset.sizes[dimension]
        if isinstance(value, int | np.integer) and 0 <= value < size:
            return int(value)
        raise ValueError(
            f"dimension {dimension} has no coordinates: select a position from 0 to "
            f"{size - 1}, got {value!r}"
        )
    values = dataset[dimension].to_numpy()
    match = np.zeros(len(values), dtype=bool)
    try:
        if values.dtype.kind == "M":
            match = values == np.datetime64(value)
        elif values.dtype.kind in "iuf":
            match = np.isclose(values, float(value), rtol=1e-6, atol=0)
        else:
            match = np.array([str(one) == str(value) for one in values])
    except (TypeError, ValueError):
        pass  # not of the type of the coordinate: no match
    found = np.flatnonzero(match)
    if len(found) == 0:
        raise ValueError(f"{dimension} has no value {value!r}; it has {listed(values)}")
    return int(found[0])


def select(
    source: XarraySource, variable: str, selection: Selection
) -> dict[str, list[int]]:
    """Positions to keep along the dimensions of a variable that are selected from.

    A value keeps one position, a list several.

    Raises
    ------
    ValueError
        If a value does not exist.
    """
    dataset = source.dataset
    positions = {}
    for dimension, value in selection.items():
        if dimension not in dataset.sizes:
            raise ValueError(
                f"{source.name} has no dimension {dimension!r} to select from; "
                f"it has: {', '.join(map(str, dataset.sizes))}"
            )
        if dimension in dataset[variable].dims:
            values = value if isinstance(value, list | tuple) else [value]
            positions[dimension] = [
                position_of(dataset, dimension, one) for one in values
            ]
    return positions


def listed(values: Any, most: int = 8) -> str:
    """The first values, for messages."""
    shown = ", ".join(short(value) for value in values[:most])
    return f"{shown}, ... ({len(values)} values)" if len(values) > most else shown


def short(value: Any) -> str:
    """A coordinate as text: 500 for 500.0, dates without empty hours."""
    if isinstance(value, np.datetime64):
        return str(np.datetime_as_string(value, unit="auto"))
    if isinstance(value, int | float | np.integer | np.floating):
        return f"{value:g}" if abs(float(value)) < 1e6 else str(value)
    return str(value)
