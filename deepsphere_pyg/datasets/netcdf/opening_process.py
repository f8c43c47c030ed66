"""Script that opens files for another process, which a damaged file would end or hang.

As a script it loads only the libraries that read the files. Each line of its input is a
request in JSON of ``path``, ``library`` and ``seconds``, which it answers by a line:
null, or the error of a missing library. It ends with its input, or when a request takes
too long.
"""

from __future__ import annotations

import contextlib
import json
import math
import signal
import sys
from typing import Any

# Variables up to this size are read whole, as coordinates are when a file is opened; of
# larger ones the ends are read.
_SMALL = 1 << 20  # bytes
# Number of variables of a group that are read: reading thousands would take as long
# again as opening the file.
_MANY = 100


def _open_netcdf(path: str) -> None:
    """Read the parts of a NetCDF file that xarray reads when it opens one."""
    import netCDF4

    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        _walk_netcdf(file)


def _walk_netcdf(group: Any) -> None:
    for name in group.ncattrs():
        group.getncattr(name)
    for dimension in group.dimensions.values():
        len(dimension)
    for number, variable in enumerate(group.variables.values()):
        for name in variable.ncattrs():
            variable.getncattr(name)
        variable.chunking(), variable.endian()
        with contextlib.suppress(AttributeError):  # classic files have none
            variable.filters()
        if number < _MANY or variable.name in group.dimensions:
            width = getattr(variable.dtype, "itemsize", 1)
            _read_ends(variable, variable.shape, width)
    for part in group.groups.values():
        _walk_netcdf(part)


def _open_hdf5(path: str) -> None:
    """Read the structure of an HDF5 file."""
    import h5py

    def look(name: str, item: Any) -> None:
        for attribute in list(item.attrs):
            item.attrs.get(attribute)
        if isinstance(item, h5py.Dataset):
            if item.chunks is not None:
                item.id.get_num_chunks()
            _read_ends(item, item.shape or (), item.dtype.itemsize)

    with h5py.File(path, "r") as file:
        file.visititems(look)


def _read_ends(variable: Any, shape: tuple[int, ...], width: int) -> None:
    """Read a variable, or the first and the last number of a large one."""
    if 0 in shape:
        return
    if math.prod(shape) * width <= _SMALL:
        variable[...]
        return
    for end in (0, -1):
        variable[tuple(end % size for size in shape)]


_LIBRARIES = {"netCDF4": _open_netcdf, "h5py": _open_hdf5}


def _answer(line: str) -> str | None:
    """Open a file; return the error of a missing library, or None."""
    asked = json.loads(line)
    # Without a handler, the alarm ends this process wherever it is.
    signal.setitimer(signal.ITIMER_REAL, asked["seconds"])
    try:
        _LIBRARIES[asked["library"]](asked["path"])
    except ImportError as error:
        return str(error)
    except Exception:
        return None  # the asking process gets the same error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return None


if __name__ == "__main__":
    # Ctrl-C is for the process that asks.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    print("ready", flush=True)
    for request in sys.stdin:
        print(json.dumps(_answer(request)), flush=True)
