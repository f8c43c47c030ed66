"""Reading points from text and NumPy files."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from pathlib import Path

import numpy as np

from samplings.base import FloatArray
from samplings.reading import reading

# The names under which coordinates are looked for, in lower case.
_NAMES = {"lon": ("lon", "longitude"), "lat": ("lat", "latitude")}
_EXPECTED = "expected columns lon and lat in degree, or x, y and z of unit vectors"


def read_points(path: Path) -> FloatArray:
    """Return the points of a file: ``(V, 2)`` lon, lat in degree, or ``(V, 3)``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is empty or damaged, or does not hold such points.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; {_EXPECTED}")
    if path.stat().st_size == 0:
        raise ValueError(f"{path}: the file is empty; {_EXPECTED}")
    if path.suffix.lower() in (".npy", ".npz"):
        points = _read_numpy(path)
    else:
        points = _read_text(path)
    if len(points) == 0:
        raise ValueError(f"{path}: the file holds no points; {_EXPECTED}")
    return points


def _columns(path: Path, found: Collection[str]) -> list[str]:
    """Choose among the names of a file those that hold the coordinates, in order."""
    lower: dict[str, str] = {}
    for name in found:
        lower.setdefault(name.strip().lower(), name)
    angles = [
        next((lower[n] for n in names if n in lower), "") for names in _NAMES.values()
    ]
    if all(angles):
        return angles
    if all(axis in lower for axis in "xyz"):
        return [lower[axis] for axis in "xyz"]
    raise ValueError(f"{path}: found {', '.join(found) or 'no names'}; {_EXPECTED}")


def _read_numpy(path: Path) -> FloatArray:
    with reading(path, "a NumPy file"), path.open("rb") as stream:
        content = np.load(stream, allow_pickle=False)
        arrays = (
            {name: content[name] for name in content.files}
            if isinstance(content, np.lib.npyio.NpzFile)
            else {"": content}
        )
    matrix = arrays.get("", arrays.get("xyz"))
    if matrix is None:
        parts = [arrays[name] for name in _columns(path, arrays)]
        shapes = {part.shape for part in parts}
        if len(shapes) > 1 or parts[0].ndim != 1:
            raise ValueError(
                f"{path}: coordinates must have one shape (V,), got "
                f"{' and '.join(str(part.shape) for part in parts)}"
            )
        matrix = np.stack(parts, axis=1)
    if matrix.ndim != 2 or matrix.shape[1] not in (2, 3):
        raise ValueError(
            f"{path}: points must have shape (V, 2) or (V, 3), got {matrix.shape}"
        )
    if not np.issubdtype(matrix.dtype, np.number) or np.iscomplexobj(matrix):
        raise ValueError(f"{path}: points must be real numbers, got {matrix.dtype}")
    return matrix.astype(np.float64)


def _read_text(path: Path) -> FloatArray:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: not text ({error}); use .csv, .txt, .npy or .npz"
        ) from error
    lines = [line for line in lines if line.strip()]
    comments = list(itertools.takewhile(lambda line: line.startswith("#"), lines))
    lines = [line for line in lines if not line.startswith("#")]
    if not lines:
        raise ValueError(f"{path}: the file holds no points; {_EXPECTED}")
    delimiter = _delimiter(lines[0])
    if comments and _is_number(lines[0].split(delimiter)[0]):
        # numpy.savetxt writes the header as a comment.
        first = comments[-1].lstrip("# ")
        names = first.split(_delimiter(first))
    else:
        names = lines.pop(0).split(delimiter)
    header = [name.strip().strip('"') for name in names]
    chosen = [header.index(name) for name in _columns(path, header)]
    if not lines:
        raise ValueError(f"{path}: a header but no points; {_EXPECTED}")
    try:
        return np.loadtxt(
            lines, delimiter=delimiter, usecols=chosen, ndmin=2, quotechar='"'
        )
    except ValueError as error:
        raise ValueError(
            f"{path}: {error} (rows count from after the header); every row must hold "
            "a number in each coordinate's column"
        ) from error


def _delimiter(line: str) -> str | None:
    """What splits the columns of a line; None for blanks."""
    return next((mark for mark in ",;\t" if mark in line), None)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
