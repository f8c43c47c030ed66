"""Search for data files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from samplings.arguments import path_argument, shown
from samplings.reading import DataFileError as DataFileError
from samplings.reading import reading as reading

PathLike = str | os.PathLike[str]


def files_in(root: PathLike, pattern: str, layout: str) -> list[Path]:
    """Return the sorted files of a folder that match a shell pattern.

    Raises
    ------
    FileNotFoundError
        If there is no such folder or no such file in it. The message ends with
        ``layout``: the expected files and their origin.
    """
    folder = path_argument("root", root)
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
    """Return the files of a folder, or listed ones, checked to exist.

    Raises
    ------
    FileNotFoundError
        As :func:`files_in`, or if a listed file does not exist.
    ValueError
        If the list is empty.
    """
    if isinstance(source, str | os.PathLike):
        return files_in(source, pattern, layout)
    if not isinstance(source, Sequence):
        raise TypeError(
            f"source must be a folder or a list of files, got {shown(source)}; pass "
            "paths"
        )
    paths = [path_argument(f"source[{i}]", path) for i, path in enumerate(source)]
    if not paths:
        raise ValueError(f"the list of files is empty; {layout}")
    for path in paths:
        if not path.is_file():
            raise FileNotFoundError(f"{path} does not exist; {layout}")
    return paths
