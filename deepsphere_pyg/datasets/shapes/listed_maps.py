"""Maps of shapes in a file, and the list of those of them that can be believed."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from samplings.reading import DataFileError, reading

_REMEDY = "delete its folder, and the shapes are rendered again"
# Hexadecimal digits of a name in the list: 128 bits.
_DIGITS = 32
# Largest number of shapes that a message names.
_NAMED = 5


class ListedMaps:
    """An npy file with a row for each shape, and a list of the rows that are written.

    A line of the list has the name of a shape (:func:`row_name`), the number of its row
    and the checksum (CRC-32) of it. Nothing is written here.

    Parameters
    ----------
    folder
        Folder of both files.
    shape
        Copies, vertices and channels of a shape.
    dtype
        Type of the values.

    Attributes
    ----------
    maps, list
        The files.
    """

    def __init__(self, folder: Path, shape: tuple[int, ...], dtype: str) -> None:
        self.maps, self.list = folder / "maps.npy", folder / "done.txt"
        self.shape, self.dtype = shape, np.dtype(dtype)

    def mapped(self, rows: int | None = None) -> np.memmap[Any, Any]:
        """Map all rows, read-only.

        Parameters
        ----------
        rows
            How many there must be; None allows any number.

        Raises
        ------
        ValueError
            If the file has another shape or type, or is damaged.
        """
        with reading(self.maps, "kept maps of shapes", _REMEDY):
            mapped = np.lib.format.open_memmap(self.maps, mode="r")
            expected = (len(mapped) if rows is None else rows, *self.shape)
            if mapped.shape != expected or mapped.dtype != self.dtype:
                raise DataFileError(
                    f"{self.maps} must hold {self.dtype} of shape {expected}, got "
                    f"{mapped.dtype} of shape {mapped.shape}; it was modified: "
                    + _REMEDY
                )
            return mapped

    def listed(self) -> dict[str, tuple[int, int]]:
        """Return row and checksum of the shapes in the list; the last line of a shape.

        Broken lines are left out. The name comes first, of fixed length, so that a line
        that a killed process has cut, and one written behind it, make no other line.
        """
        found: dict[str, tuple[int, int]] = {}
        if not self.list.exists():
            return found
        for line in self.list.read_text(errors="replace").splitlines():
            words = line.split(" ")
            if len(words) != 3 or [len(words[0]), len(words[2])] != [_DIGITS, 8]:
                continue
            try:
                found[words[0]] = int(words[1]), int(words[2], 16)
            except ValueError:
                continue
        return found

    def read(
        self, wanted: Iterable[str], title: str, hidden: bool | None
    ) -> Iterator[tuple[str, bytes | None]]:
        """Yield the content of rows by name, or None in place of a damaged one.

        Parameters
        ----------
        wanted
            Names of shapes; those that are not in the list are left out.
        title, hidden
            Title of the progress bar, and whether it is hidden; None shows it in
            terminals.
        """
        listed = self.listed()
        names = [name for name in wanted if name in listed]
        if not names:
            return
        mapped = self.mapped()
        offset, size, rows = int(mapped.offset), mapped[:1].nbytes, len(mapped)
        with self.maps.open("rb") as file:
            for name in tqdm(names, title, leave=False, disable=hidden):
                row, checksum = listed[name]
                content = b""
                if 0 <= row < rows:
                    file.seek(offset + row * size)
                    content = file.read(size)
                right = len(content) == size and zlib.crc32(content) == checksum
                yield name, content if right else None


def row_name(id_: str, key: str) -> str:
    """Return the name of a shape in lists, a digest of its id and its key."""
    return hashlib.sha256(repr((id_, key)).encode()).hexdigest()[:_DIGITS]


def line_of(name: str, row: int, content: bytes) -> str:
    """Return the line of a row in the list."""
    return f"{name} {row} {zlib.crc32(content):08x}\n"


def first_names(names: list[str]) -> str:
    """Return the first names of a list, for messages."""
    return ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
