"""Maps of many shapes in one file, of which each is kept as soon as it is done."""

from __future__ import annotations

import os
import shutil
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from samplings.atomic_files import atomic_path, make_folder
from samplings.reading import DataFileError, reading

_REMEDY = "delete its folder, and the shapes are rendered again"


class KeptMaps:
    """An npy file of the maps of all shapes, and a list of those that are done.

    The file has its full size from the start, mostly as a hole, and the list has a line
    for each shape that is written: its index and the checksum (CRC-32) of its maps.
    Only shapes are believed that are in the list and have that checksum, so a process
    may be killed at any time: the next one goes on. Two processes may write the same
    file, since they write the same values.

    Parameters
    ----------
    folder
        Folder of both files, named by all that the maps depend on.
    shape
        Shapes, copies, vertices and channels.
    dtype
        Type of the values.

    Attributes
    ----------
    maps
        The file of the maps.

    Raises
    ------
    OSError
        If the folder cannot be written to, or the disk has too little space.
    ValueError
        If the file has another shape or type, or is damaged.
    """

    def __init__(self, folder: Path, shape: tuple[int, ...], dtype: str) -> None:
        self.maps = folder / "maps.npy"
        self._list = folder / "done.txt"
        self.shape, self.dtype = shape, np.dtype(dtype)
        make_folder(folder)
        if not self.maps.exists():
            self._create()
        mapped = self.mapped()
        self._offset = int(mapped.offset)
        self._size = mapped.nbytes // shape[0]

    def mapped(self) -> np.memmap[Any, Any]:
        """Map the maps of all shapes, read-only."""
        with reading(self.maps, "kept maps of shapes", _REMEDY):
            mapped = np.lib.format.open_memmap(self.maps, mode="r")
            if mapped.shape != self.shape or mapped.dtype != self.dtype:
                raise DataFileError(
                    f"{self.maps} must hold {self.dtype} of shape {self.shape}, got "
                    f"{mapped.dtype} of shape {mapped.shape}; it was modified: "
                    + _REMEDY
                )
            return mapped

    def done(self, hidden: bool | None) -> tuple[set[int], list[int]]:
        """Return the shapes that are done and right, and those that were damaged.

        ``hidden`` hides the progress bar; None shows it in terminals.
        """
        listed = self._listed()
        right, damaged = set(), []
        with self.maps.open("rb") as file:
            bar = tqdm(
                sorted(listed), "checking kept maps", leave=False, disable=hidden
            )
            for index in bar:
                file.seek(self._offset + index * self._size)
                if zlib.crc32(file.read(self._size)) == listed[index]:
                    right.add(index)
                else:
                    damaged.append(index)
        return right, damaged

    def write(self, index: int, maps: npt.NDArray[Any], *, done: bool = True) -> None:
        """Write the maps of a shape and, if they are ``done``, add it to the list."""
        content = np.ascontiguousarray(maps, dtype=self.dtype).tobytes()
        # Not through a memory map, which kills the process if the disk is full.
        with self.maps.open("r+b") as file:
            file.seek(self._offset + index * self._size)
            file.write(content)
        if done:
            with self._list.open("a") as lines:
                lines.write(f"{index} {zlib.crc32(content):08x}\n")

    def _listed(self) -> dict[int, int]:
        """Return the checksums of the shapes in the list; broken lines are left out."""
        listed = {}
        if self._list.exists():
            for line in self._list.read_text(errors="replace").splitlines():
                index, _, checksum = line.partition(" ")
                # The last line of a killed process may be cut.
                if index.isdecimal() and len(checksum) == 8:
                    try:
                        listed[int(index)] = int(checksum, 16)
                    except ValueError:
                        continue
        return {i: checksum for i, checksum in listed.items() if i < self.shape[0]}

    def _create(self) -> None:
        """Create the file of the maps without content."""
        size = int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize
        free = shutil.disk_usage(self.maps.parent).free
        if size > free:
            raise OSError(
                f"maps of {self.shape[0]} shapes take {size / 1e9:.3g} GB, and "
                f"{self.maps.parent} has {free / 1e9:.3g} GB free; choose another "
                "cache, fewer augmentations or dtype='float16'"
            )
        self._list.unlink(missing_ok=True)
        with atomic_path(self.maps) as temporary, temporary.open("wb") as file:
            header = {
                "descr": np.lib.format.dtype_to_descr(self.dtype),
                "fortran_order": False,
                "shape": self.shape,
            }
            np.lib.format.write_array_header_2_0(file, header)
            file.flush()
            os.ftruncate(file.fileno(), file.tell() + size)
