"""NetCDF and Zarr opened through xarray, and their arrays."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert import XarraySampling, from_xarray
from deepsphere_pyg.convert.xarray.climate_extra import climate_module
from deepsphere_pyg.convert.xarray.recognition import REFERENCES
from deepsphere_pyg.datasets.files import DataFileError, reading
from deepsphere_pyg.datasets.netcdf.first_opening import check_opening
from deepsphere_pyg.datasets.netcdf.grib_messages import check_messages
from deepsphere_pyg.datasets.netcdf.joining import joined
from deepsphere_pyg.datasets.netcdf.large_chunks import few_chunks_at_once
from deepsphere_pyg.datasets.netcdf.locations import (
    GRIB,
    PACKAGES,
    is_url,
    locations_of,
)
from deepsphere_pyg.datasets.netcdf.sky_maps import is_fits, open_sky_maps
from samplings.arguments import kind_of
from samplings.missing_values import CODES, without_missing
from samplings.reading import REMEDY

# Open data sets. HDF5 2.2 ends the process if a file of texts is opened again after one
# of two openings was closed, so each file is opened once, and stays open while in use.
_OPEN: WeakValueDictionary[tuple[Any, ...], Any] = WeakValueDictionary()


class XarraySource:
    """Files that are opened once in each process, or an open ``xarray.Dataset``.

    The source is that of :func:`locations_of`; several files are joined by their
    coordinates.
    """

    def __init__(self, source: Any, name: str = "fields") -> None:
        xarray = climate_module("xarray")
        self._opened: tuple[int, Any] | None = None
        self._given: Any = None
        self._places: dict[tuple[Any, ...], XarraySampling] = {}
        self.paths: tuple[str, ...] = ()
        if isinstance(source, xarray.DataArray):
            source = source.to_dataset(name=source.name or "values")
        if isinstance(source, xarray.Dataset):
            self._given = source
        elif isinstance(source, str | os.PathLike) or (
            isinstance(source, Sequence)
            and all(isinstance(path, str | os.PathLike) for path in source)
        ):
            self.paths = locations_of(source)
        else:
            raise TypeError(
                f"{name} must be a path, a list of paths or an xarray.Dataset, got "
                f"{kind_of(source)}; pass paths, or open them by xarray.open_mfdataset"
            )

    @property
    def name(self) -> str:
        """Path of the first file and the number of others, for messages."""
        if not self.paths:
            return "the data set"
        more = f" and {len(self.paths) - 1} more" if len(self.paths) > 1 else ""
        return f"{self.paths[0]}{more}"

    @property
    def dataset(self) -> Any:
        """The open ``xarray.Dataset``, lazily loaded."""
        if self._given is not None:
            return self._given
        # HDF5 files must not be shared with forked workers, which open their own.
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = (os.getpid(), self._open())
        return self._opened[1]

    def places(self, variable: str) -> XarraySampling:
        """Return the sampling of a variable, found by ``from_xarray``.

        It is found once for all variables of the same dimensions and coordinates. If it
        is not recognised, ``DataFileError`` is raised.
        """
        array = self.dataset[variable]
        stated = {**array.encoding, **array.attrs}
        key = (array.dims, *(str(stated.get(one)) for one in REFERENCES))
        if key not in self._places:
            dataset = self.dataset
            with self._reading():
                try:
                    self._places[key] = from_xarray(dataset, variable)
                except ValueError as error:
                    raise DataFileError(f"{self.name}: {error}") from error
        return self._places[key]

    def read(
        self, variable: str, positions: Mapping[str, Any], *dims: str
    ) -> npt.NDArray[Any]:
        """Read a variable at some positions, with its dimensions in this order.

        A position is an integer, which drops the dimension, a slice or an array.

        Missing values are NaN, see :func:`samplings.missing_values.without_missing`. If
        it cannot be read or holds neither numbers nor booleans, ``ValueError`` is
        raised.
        """
        part = self.dataset[variable].isel(dict(positions))
        if part.dtype.kind not in "biufc":
            raise DataFileError(
                f"{self.name}: {variable} must hold numbers, got {part.dtype}; convert "
                "it, or choose another variable"
            )
        with self._reading(), few_chunks_at_once(part):
            values = part.transpose(*dims).to_numpy()
        values, attributes = _unsigned(values, part.attrs)
        return without_missing(values, attributes, part.encoding)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None, "_places": {}}

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Name the files in errors, with a remedy."""
        remedy = REMEDY
        if any(map(is_url, self.paths)):
            remedy = (
                "check the address and the connection, or download it and pass its path"
            )
        kind = "GRIB" if any(map(_is_grib, self.paths)) else "NetCDF or Zarr"
        kind = "FITS" if any(map(is_fits, self.paths)) else kind
        with reading(self.name, kind, remedy), _quiet():
            yield

    def _open(self) -> Any:
        """Open the files, or share the opening of another source in this process."""
        key = self._opening()
        found = None if key is None else _OPEN.get(key)
        if found is None:
            found = self._newly_opened()
            if key is not None:
                _OPEN[key] = found
        return found

    def _opening(self) -> tuple[Any, ...] | None:
        """Return a key of the opened files; None if a path is not a file."""
        if not all(Path(path).is_file() for path in self.paths):
            return None
        states = [os.stat(path) for path in self.paths]
        kinds = [(state.st_ino, state.st_size, state.st_mtime_ns) for state in states]
        return (os.getpid(), *map(os.path.abspath, self.paths), *kinds)

    def _newly_opened(self) -> Any:
        with self._reading():
            for path in self.paths:
                if _is_grib(path):
                    _engine(path)  # the package first
                    check_messages(path)
                elif not is_url(path):
                    check_opening(path, "netCDF4")
            try:
                return self._decode(decode_times=True)
            except (ValueError, OverflowError) as error:
                # Units such as "months since" give no dates; the numbers are kept.
                if "decode" not in str(error):
                    raise
                return self._decode(decode_times=False)

    def _decode(self, decode_times: bool) -> Any:
        xarray = climate_module("xarray")
        if any(map(is_fits, self.paths)):
            return open_sky_maps(self.paths)
        if len(self.paths) == 1:
            (path,) = self.paths
            return xarray.open_dataset(path, decode_times=decode_times, **_engine(path))
        # Chunks of dask, so that nothing is read before it is asked for.
        climate_module("dask")
        options = {"decode_times": decode_times, "chunks": {}}
        return joined(
            [
                (path, xarray.open_dataset(path, **options, **_engine(path)))
                for path in self.paths
            ]
        )


def _is_grib(path: str) -> bool:
    return not is_url(path) and Path(path).suffix.lower() in GRIB


def _engine(path: str) -> dict[str, Any]:
    """Return the arguments with which xarray opens a path.

    If the package that reads an address is not installed, ``ImportError`` is raised.
    """
    if _is_grib(path):
        if find_spec("cfgrib") is None:
            raise ImportError(
                f"opening {path} needs cfgrib, which is not installed; run: pip "
                "install 'deepsphere-pyg[grib]'"
            )
        # An empty path keeps cfgrib from writing an index beside the file.
        return {"engine": "cfgrib", "backend_kwargs": {"indexpath": ""}}
    if not is_url(path):
        zarr = Path(path).is_dir() or path.endswith(".zip")
        return {"engine": "zarr"} if zarr else {}
    bare = path.split("?")[0].rstrip("/")
    scheme = path.split("://")[0].split("::")[-1].lower()
    if scheme in ("http", "https", "dap2", "dap4") and ".zarr" not in bare:
        return {}  # OPeNDAP: netCDF4 or pydap
    for package in ("fsspec", PACKAGES.get(scheme)):
        if package is not None and find_spec(package) is None:
            raise ImportError(
                f"opening {path} needs the package {package}: pip install "
                f"{package}, or download the file and pass its path"
            )
    return {"engine": "zarr"} if ".nc" not in bare else {}


def _unsigned(
    values: npt.NDArray[Any], attributes: Mapping[str, Any]
) -> tuple[npt.NDArray[Any], Mapping[str, Any]]:
    """Read signed integers as unsigned ones where ``_Unsigned`` was not decoded."""
    flag = np.ravel(np.asarray(attributes.get("_Unsigned", ""))).tolist()
    if str(flag[:1] and flag[0]).lower() != "true" or values.dtype.kind != "i":
        return values, attributes
    codes = {
        key: np.asarray(attributes[key])
        .astype(values.dtype)
        .astype(values.dtype.str.replace("i", "u"))
        for key in (*CODES, "valid_min", "valid_max", "valid_range")
        if key in attributes
    }
    return values.astype(values.dtype.str.replace("i", "u")), {**attributes, **codes}


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
    """Refuse a name that is not a variable of the file, and list the variables."""
    if name not in source.dataset.variables:
        found = ", ".join(map(str, source.dataset.data_vars))
        raise ValueError(
            f"{source.name} has no variable {name!r}; it has: {found or 'nothing'}"
        )
