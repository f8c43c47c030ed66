"""Files that are there whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside ``path`` that takes its place on success.

    An error or an interrupt inside the block removes the temporary file and leaves a
    file already at ``path`` as it was.

    Parameters
    ----------
    path
        Where the file is to be. Its folder is made where it is missing.

    Raises
    ------
    OSError
        If it cannot be written, naming ``path``.

    Yields
    ------
    Path
        Where to write; it keeps the ending of ``path``, by which writers choose a
        format.

    Examples
    --------
    >>> folder = tempfile.TemporaryDirectory()
    >>> with atomic_path(Path(folder.name) / "scores.txt") as temporary:
    ...     _ = temporary.write_text("1")
    >>> [p.name for p in Path(folder.name).iterdir()]
    ['scores.txt']
    >>> folder.cleanup()
    """
    target = Path(path)
    make_folder(target.parent)
    handle, name = tempfile.mkstemp(
        prefix=f".{target.stem}-", suffix=target.suffix, dir=target.parent
    )
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes files that only their owner reads; give them the usual mode.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        os.replace(temporary, target)
    except OSError as error:
        # A full disk is told of without the name of what was being written.
        if error.filename is None and error.errno is not None:
            raise OSError(error.errno, os.strerror(error.errno), str(target)) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def make_folder(path: str | os.PathLike[str]) -> None:
    """Make a folder and its parents where they are missing.

    Raises
    ------
    OSError
        If a file is in the way, or it may not be made.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise NotADirectoryError(
            f"{path} cannot be a folder: a file is in its way; choose another place"
        ) from error


def write_json(path: str | os.PathLike[str], content: Any) -> None:
    """Write ``content`` as indented JSON, whole or not at all; NaN is refused."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n")
