"""Files and stores named by a path, a pattern, a folder or a URL."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# A scheme has two letters or more (C: is a drive). fsspec chains them with "::".
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(::[A-Za-z][A-Za-z0-9+.-]+)*://")
_FILES = (".nc", ".nc4", ".cdf", ".netcdf", ".h5", ".hdf5", ".he5")
#: Endings of GRIB files.
GRIB = (".grib", ".grib2", ".grib1", ".grb", ".grb2", ".grb1")
# Packages that open the stores of a scheme; fsspec itself opens the others.
PACKAGES = {
    **{"s3": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "abfs": "adlfs", "az": "adlfs"},
    **{"http": "aiohttp", "https": "aiohttp"},
}


def is_url(location: str) -> bool:
    """Whether a text is the address of a remote store, such as ``s3://...``."""
    return _URL.match(location) is not None


def locations_of(source: Any) -> tuple[str, ...]:
    """Return the addresses and existing paths of a source, with patterns expanded.

    The source is a path, a pattern (``"data/*.nc"``, ``"data/**/*.nc"``), a folder of
    NetCDF files or of Zarr stores, a Zarr store, a URL, or a list of these. A leading
    ``~`` and variables such as ``$HOME`` are expanded.

    Raises
    ------
    FileNotFoundError
        If a path does not exist, or nothing matches a pattern.
    ValueError
        If a list is empty, or files are in folders inside of a folder.
    """
    if isinstance(source, str | os.PathLike):
        return tuple(_each(os.fspath(source)))
    if not source:
        raise ValueError("the list of files is empty; name at least one")
    return tuple(one for given in source for one in _each(os.fspath(given)))


def is_store(path: Path) -> bool:
    """Whether a folder is a Zarr store of format 2 or 3."""
    names = (".zgroup", ".zarray", ".zmetadata", "zarr.json")
    return any((path / name).is_file() for name in names)


def _each(given: str) -> Sequence[str]:
    if is_url(given) and not given.startswith("file://"):
        return [given]
    text = os.path.expandvars(os.path.expanduser(given.removeprefix("file://")))
    path = Path(text)
    if path.is_dir() and not is_store(path):
        found = _inside(path)
        if not found:
            _refuse_nested(path)
        # Without files in it, the folder is left for the reader to refuse.
        return found or [str(path)]
    if path.exists():
        return [str(path)]
    if glob.has_magic(text):
        found = sorted(glob.glob(text, recursive=True))
        if not found:
            raise FileNotFoundError(
                f"0 files match {given}; check the folder and the pattern"
            )
        return [one for match in found for one in _each(match)]
    raise FileNotFoundError(
        f"{given} does not exist; pass a NetCDF file, a Zarr store, a folder or a "
        "pattern of NetCDF files, or a URL"
    )


def _inside(folder: Path) -> list[str]:
    """Return the NetCDF files of a folder, or else its Zarr stores."""
    entries = sorted(folder.iterdir())
    files = [str(one) for one in entries if one.suffix.lower() in _FILES]
    return files or [str(one) for one in entries if one.is_dir() and is_store(one)]


def _refuse_nested(folder: Path) -> None:
    """Refuse a folder whose files are one or two folders below, and name these."""
    below = [one for depth in ("*", "*/*") for one in sorted(folder.glob(depth))]
    found = [str(one) for one in below if one.is_dir() and _inside(one)]
    if found:
        several = f" and {len(found) - 4} more" if len(found) > 4 else ""
        raise ValueError(
            f"{folder} has no NetCDF files or Zarr stores itself, but folders inside "
            f"of it have: {', '.join(found[:4])}{several}; pass those that are wanted"
        )
