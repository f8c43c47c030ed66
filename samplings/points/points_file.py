"""Reading points from text and NumPy files."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np

from samplings.arrays import FloatArray
from samplings.points.points_text import EXPECTED, read_table
from samplings.reading import DataFileError, numpy_arrays, reading

# Names of coordinates, in lower case.
_NAMES = {"lon": ("lon", "longitude"), "lat": ("lat", "latitude")}


def read_points(path: Path) -> FloatArray:
    """Return the points of a file: ``(V, 2)`` lon, lat in degree, or ``(V, 3)``."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; {EXPECTED}")
    if path.stat().st_size == 0:
        raise ValueError(f"{path}: the file is empty; {EXPECTED}")
    numpy_file = path.suffix.lower() in (".npy", ".npz")
    points = _read_numpy(path) if numpy_file else _read_text(path)
    if len(points) == 0:
        raise ValueError(f"{path}: the file holds no points; {EXPECTED}")
    return points


def _columns(path: Path, found: Collection[str]) -> list[str]:
    """Return the names of a file's coordinates, in order."""
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
    raise ValueError(f"{path}: found {', '.join(found) or 'no names'}; {EXPECTED}")


def _read_text(path: Path) -> FloatArray:
    with reading(path, "a table of points"):
        try:
            return read_table(path)
        except ValueError as error:  # its message names the file and the line
            raise DataFileError(str(error)) from error


def _read_numpy(path: Path) -> FloatArray:
    arrays = numpy_arrays(path, "a NumPy file")
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
