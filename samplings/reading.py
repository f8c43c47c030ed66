"""One clear error for any error of a library on a damaged file."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

REMEDY = "it may be truncated or of another format: copy it again"


class DataFileError(ValueError):
    """A data file can be read, but its content is not as expected."""


@contextmanager
def reading(path: object, kind: str, remedy: str = REMEDY) -> Iterator[None]:
    """Turn the errors of a reader into one that names the file.

    Damaged bytes make libraries raise anything: KeyError, OverflowError, struct.error,
    UnicodeDecodeError, or MemoryError for absurd sizes in a header. Errors of packages
    that are not installed, and :class:`DataFileError`, are left unchanged. Others
    become FileNotFoundError, PermissionError or ValueError, whose message names the
    ``path``, the ``kind`` of file expected, such as ``"NetCDF"``, and a ``remedy``.

    Examples
    --------
    >>> with reading("map.npz", "npz"):
    ...     {}["data"]
    Traceback (most recent call last):
    ...
    ValueError: map.npz cannot be read as npz: KeyError: 'data'; it may be truncated ...
    """
    try:
        yield
    except (DataFileError, ImportError):
        raise
    except FileNotFoundError as error:
        # A folder that is not a Zarr store exists, whatever the reader says.
        if Path(str(path)).exists():
            raise ValueError(
                f"{path} cannot be read as {kind}: {error}; pass a file in it"
            ) from error
        raise FileNotFoundError(f"{path} does not exist") from error
    except IsADirectoryError as error:
        raise ValueError(
            f"{path} cannot be read as {kind}: it is a folder; pass a file"
        ) from error
    except PermissionError as error:
        raise PermissionError(
            f"{path} may not be read; change its permissions"
        ) from error
    except MemoryError as error:
        raise ValueError(
            f"{path} cannot be read as {kind}: it asks for more memory than there is"
            f"{f' ({error})' if str(error) else ''}; {remedy}"
        ) from error
    except Exception as error:
        raise ValueError(
            f"{path} cannot be read as {kind}: {_told(error)}; {remedy}"
        ) from error


def numpy_arrays(
    path: Path, kind: str, names: Sequence[str] | None = None, remedy: str = REMEDY
) -> dict[str, npt.NDArray[Any]]:
    """Read the arrays of a NumPy file, by name; that of a ``.npy`` has the empty name.

    ``path`` is a ``.npz`` archive, or, without ``names`` of the arrays required, also a
    ``.npy`` file; ``kind`` and ``remedy`` are as in :func:`reading`.

    Raises
    ------
    DataFileError
        If it is not an archive but must be, an array is missing, or an entry of the
        archive is not an array; and as :func:`reading`.
    """
    # Our own handle, since NumPy does not close its own on a file that is no archive.
    with reading(path, kind, remedy), path.open("rb") as stream:
        # NumPy would advise to load anything else unsafely.
        if names is not None and not zipfile.is_zipfile(stream):
            raise DataFileError(
                f"{path} cannot be read as {kind}: it is not an archive, or it "
                f"is truncated; {remedy}"
            )
        stream.seek(0)
        content = np.load(stream, allow_pickle=False)
        if not isinstance(content, np.lib.npyio.NpzFile):
            return {"": np.asarray(content)}
        absent = [name for name in names or () if name not in content.files]
        if absent:
            raise DataFileError(
                f"{path} has no array {' and no '.join(map(repr, absent))}; it has: "
                f"{', '.join(content.files) or 'nothing'}; {remedy}"
            )
        arrays = {name: content[name] for name in names or content.files}
        for name, array in arrays.items():
            # NumPy returns an entry without the header of an array as bytes.
            if not isinstance(array, np.ndarray):
                raise DataFileError(
                    f"{path} cannot be read as {kind}: {name!r} is not an array; "
                    f"{remedy}"
                )
    return arrays


def _told(error: Exception) -> str:
    """Return the text of an error, with its type where the text says too little."""
    text = str(error)
    if text and type(error) in (OSError, ValueError, RuntimeError, EOFError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
