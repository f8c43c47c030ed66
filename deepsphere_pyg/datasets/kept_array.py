"""Arrays kept between runs in npy files that end with a checksum."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samplings.atomic_files import atomic_path
from samplings.reading import DataFileError, reading

# Mark at the end of a file, followed by the SHA-256 of all bytes before it. Readers of
# npy files stop at the end of the array.
_MARK = b"deepsphere-pyg sha-256: "
_DIGEST = hashlib.sha256().digest_size
_BLOCK = 1 << 20
_REMEDY = "delete it, and it is computed again"


def write_array(path: Path, array: npt.NDArray[Any]) -> None:
    """Write an array and a checksum to an npy file, whole or not at all."""
    with atomic_path(path) as temporary:
        with temporary.open("wb") as file:
            np.save(file, array)
        digest = _digest(temporary, temporary.stat().st_size)
        with temporary.open("ab") as file:
            file.write(_MARK + digest)


def map_array(path: Path) -> npt.NDArray[Any]:
    """Map an array from a file of :func:`write_array`, read-only.

    A damaged file raises ``ValueError``. Of files without a checksum, which earlier
    versions wrote, only the length is checked.
    """
    with reading(path, "a kept array", _REMEDY):
        end = path.stat().st_size - len(_MARK) - _DIGEST
        with path.open("rb") as file:
            file.seek(max(end, 0))
            mark, kept = file.read(len(_MARK)), file.read()
        if mark == _MARK and kept != _digest(path, end):
            raise DataFileError(
                f"{path} is damaged: its checksum differs from that of its content; "
                + _REMEDY
            )
        mapped = np.lib.format.open_memmap(path, mode="r")
        beyond = path.stat().st_size - mapped.offset - mapped.nbytes
        if beyond != (len(_MARK) + _DIGEST if mark == _MARK else 0):
            raise ValueError(f"it has {beyond} bytes after those of the array")
        return mapped


def _digest(path: Path, size: int) -> bytes:
    """Checksum of the first ``size`` bytes of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while size > 0 and (block := file.read(min(size, _BLOCK))):
            digest.update(block)
            size -= len(block)
    return digest.digest()
