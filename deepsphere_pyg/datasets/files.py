"""Finding data files, and saying what is wrong with them."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PathLike = str | os.PathLike[str]

# What readers of npz, HDF5 and NetCDF raise for truncated or foreign files.
_READ_ERRORS = (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


class DataFileError(ValueError):
    """A data file that can be read does not hold what it should."""


def files_in(root: PathLike, pattern: str, layout: str) -> list[Path]:
    """Sorted files of a folder that match a pattern.

    Parameters
    ----------
    root
        The folder.
    pattern
        Shell pattern of the file names.
    layout
        What belongs into the folder and where it comes from, for the messages.

    Raises
    ------
    FileNotFoundError
        If there is no such folder or no such file in it.
    """
    folder = Path(root)
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.is_file() else "does not exist"
        raise FileNotFoundError(f"{folder} {what}; {layout}")
    found = sorted(path for path in folder.glob(pattern) if path.is_file())
    if not found:
        raise FileNotFoundError(f"{folder} has no files {pattern}; {layout}")
    return found


def source_files(
    source: PathLike | Sequence[PathLike], pattern: str, layout: str
) -> list[Path]:
    """Files of a folder, or the ones listed, each checked to exist.

    Raises
    ------
    FileNotFoundError
        As :func:`files_in`, or if a listed file does not exist.
    ValueError
        If the list is empty.
    """
    if isinstance(source, str | os.PathLike):
        return files_in(source, pattern, layout)
    paths = [Path(path) for path in source]
    if not paths:
        raise ValueError(f"the list of files is empty; {layout}")
    for path in paths:
        if not path.is_file():
            raise FileNotFoundError(f"{path} does not exist; {layout}")
    return paths


@contextmanager
def reading(path: object, kind: str) -> Iterator[None]:
    """Turn the errors of a reader into one that names the file.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If it cannot be read.
    """
    try:
        yield
    except DataFileError:
        raise
    except FileNotFoundError as error:
        # A folder that is no Zarr store exists, whatever the reader says.
        if Path(str(path)).exists():
            raise ValueError(
                f"{path} cannot be read as {kind}: {error}; pass what it holds"
            ) from error
        raise FileNotFoundError(f"{path} does not exist") from error
    except _READ_ERRORS as error:
        raise ValueError(
            f"{path} cannot be read as {kind}: {error}; "
            "it may be truncated or of another format: copy it again"
        ) from error
