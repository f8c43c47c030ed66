"""Cache of Clebsch-Gordan coefficients on disk, for large sets that are reused."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path

import numpy as np

from deepsphere_pyg.harmonics.couplings.clebsch_gordan import clebsch_gordan_set
from deepsphere_pyg.harmonics.couplings.sparse_coefficients import CoefficientSet
from deepsphere_pyg.harmonics.couplings.triples import (
    Triples,
    checked_triples,
    real_entries,
)
from samplings.arguments import path_argument
from samplings.arrays import IntArray
from samplings.atomic_files import atomic_path
from samplings.disk_cache import cache_folder, read_or_compute

# Increase it when the coefficients, their order or the file format change: files of
# other versions are ignored.
VERSION = 1
# Arrays of a file and the dtypes in which they are stored.
_PARTS = {"triples": "<i8", "m1": "<i2", "m2": "<i2", "m": "<i2", "values": "<f8"}


def cached_clebsch_gordan_set(
    triples: Triples, folder: str | os.PathLike[str] | None = None
) -> CoefficientSet:
    """Return the real coefficients of many couplings, from the cache if they are in it.

    The result is that of :func:`.clebsch_gordan_set`. The cache is worthwhile for full
    sets of degrees past 30 or so; for smaller sets and trees computing is fast.

    Parameters
    ----------
    triples
        Degrees (l1, l2, l) that couple.
    folder
        Folder of the files, one for each set of triples; by default that of
        :func:`samplings.cache_folder`, and no file while it is off.

    Shapes
    ------
    triples : ``(T, 3)``

    Raises
    ------
    TypeError, ValueError
        As :func:`.clebsch_gordan_set`.
    OSError
        If the file cannot be written to the ``folder`` given.

    Warns
    -----
    RuntimeWarning
        If the file is damaged and therefore replaced, or if it cannot be read or
        written and no ``folder`` was given.

    Notes
    -----
    Files are written atomically, so processes may share the folder. Each array has a
    checksum. Files are as large as the set and may be deleted at any time.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     first = cached_clebsch_gordan_set([(1, 1, 0), (1, 1, 1)], folder)
    ...     again = cached_clebsch_gordan_set([(1, 1, 0), (1, 1, 1)], folder)
    >>> bool((first.values == again.values).all())
    True
    """
    degrees = checked_triples(triples)
    place = cache_folder() if folder is None else path_argument("folder", folder)
    if place is None:
        return clebsch_gordan_set(degrees)
    return read_or_compute(
        place / _file_name(degrees),
        "Clebsch-Gordan coefficients",
        lambda path: _read(path, degrees),
        lambda: clebsch_gordan_set(degrees),
        _write,
        required=folder is not None,
    )


def _file_name(degrees: IntArray) -> str:
    """Return the name of the file of these triples, in this order."""
    digest = hashlib.sha256(degrees.astype("<i8").tobytes()).hexdigest()[:24]
    return f"clebsch-gordan-v{VERSION}-{digest}.zip"


def _write(path: Path, couplings: CoefficientSet) -> None:
    """Write the checksummed, uncompressed arrays to a file, atomically."""
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w") as file:
        for name, dtype in _PARTS.items():
            array = np.ascontiguousarray(getattr(couplings, name), dtype=dtype)
            with file.open(name, "w", force_zip64=True) as part:
                part.write(array.reshape(-1).view(np.uint8).data)


def _read(path: Path, degrees: IntArray) -> CoefficientSet:
    """Read the file of these triples; damaged ones raise exceptions of many types."""
    arrays = {}
    with zipfile.ZipFile(path) as file:
        for name, dtype in _PARTS.items():
            # Reading verifies the checksum; the array is as read-only as the bytes.
            arrays[name] = np.frombuffer(file.read(name), dtype=dtype)
    stored = arrays.pop("triples")
    if not np.array_equal(stored, degrees.reshape(-1)):
        raise ValueError("it belongs to other triples")
    offsets = np.concatenate([[0], np.cumsum(real_entries(degrees))])
    if {len(array) for array in arrays.values()} != {int(offsets[-1])}:
        raise ValueError("it is incomplete")
    degrees.setflags(write=False)
    offsets.setflags(write=False)
    return CoefficientSet(degrees, offsets, **arrays)
