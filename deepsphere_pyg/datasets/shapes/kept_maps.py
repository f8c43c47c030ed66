"""Maps of many shapes in one file, of which each is kept as soon as it is done."""

from __future__ import annotations

import hashlib
import os
import shutil
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.datasets.shapes.listed_maps import (
    ListedMaps,
    first_names,
    line_of,
    row_name,
)
from deepsphere_pyg.datasets.shapes.renderings import Rendering
from samplings.arguments import counted
from samplings.atomic_files import atomic_path, make_folder

# The caller of RenderedShapes, from where a warning is raised here: above are missing,
# and _maps and __init__ of RenderedShapes.
_CALLER = 5


class KeptMaps(ListedMaps):
    """Maps of the shapes of a source, of which only missing ones have to be rendered.

    The cache has a folder for each choice of settings, points and shapes. Its name is a
    digest of settings and points, then one of the ids and keys of the shapes. The file
    of the maps has its full size from the start, mostly as a hole, and the list has a
    line for each shape that is written. Only shapes are believed that are in the list
    and have its checksum, so a process may be killed at any time: the next one goes on.
    Two processes may write the same file, since they write the same values.

    Maps of a shape of the same id and key are taken from folders of other shapes with
    the same settings and points: those of earlier versions of a source, of parts of it,
    or of the same shapes in another order. Each is copied, after its checksum was
    verified; the other folders are only read. None depends on another one: a folder
    may be deleted whenever no process uses it, such as that of an earlier version as
    soon as the new one is complete.

    Parameters
    ----------
    cache
        Folder of all folders.
    rendering
        Settings and points.
    sampling_name
        Name of the points in that of the folder.
    ids, keys
        Of the shapes.

    Raises
    ------
    OSError
        If the folder cannot be written to, or the disk has too little space.
    ValueError
        If the file has another shape or type, or is damaged.
    """

    def __init__(
        self,
        cache: Path,
        rendering: Rendering,
        sampling_name: str,
        ids: Sequence[str],
        keys: Sequence[str],
    ) -> None:
        self._ids = list(ids)
        self._names = [row_name(*one) for one in zip(ids, keys, strict=True)]
        shapes = hashlib.sha256(" ".join(self._names).encode()).hexdigest()[:16]
        self._cache = cache
        self._alike = f"shapes-{sampling_name}-{rendering.digest()}-"
        super().__init__(
            cache / f"{self._alike}{shapes}", rendering.shape, rendering.dtype
        )
        make_folder(self.maps.parent)
        if not self.maps.exists():
            self._create()
        mapped = self.mapped(len(self._ids))
        self._offset = int(mapped.offset)
        self._size = mapped[:1].nbytes

    def missing(self, hidden: bool | None) -> list[int]:
        """Return the shapes whose maps are neither here nor in another folder.

        Maps in other folders are copied. Damage is told by a RuntimeWarning.

        Parameters
        ----------
        hidden
            Hides progress bars; None shows them in terminals.
        """
        place = {name: index for index, name in enumerate(self._names)}
        damaged = []
        # The list can only differ from the order of the shapes if it was modified.
        listed = [
            name
            for name, (row, _) in self.listed().items()
            if place.get(name, -1) == row
        ]
        for name, content in self.read(listed, "checking kept maps", hidden):
            if content is None:
                damaged.append(name)
            else:
                del place[name]
        self._tell(self, damaged)
        for other in self._others():
            if place:
                self._tell(other, self._take(other, place, hidden))
        return sorted(place.values())

    def write(self, index: int, maps: npt.NDArray[Any], *, done: bool = True) -> None:
        """Write the maps of a shape and, if they are ``done``, add it to the list."""
        content = np.ascontiguousarray(maps, dtype=self.dtype).tobytes()
        self._write(index, content, done=done)

    # -- other folders ----------------------------------------------------------
    def _others(self) -> list[ListedMaps]:
        """Return the maps in folders of the same settings, those written last first."""
        times = {}
        for path in self._cache.glob(f"{self._alike}*/done.txt"):
            folder = path.parent
            if folder != self.maps.parent and (folder / "maps.npy").exists():
                # It may be deleted at this moment.
                with suppress(FileNotFoundError):
                    times[folder] = path.stat().st_mtime
        order = sorted(times, key=lambda folder: (-times[folder], folder.name))
        return [ListedMaps(one, self.shape, self.dtype.str) for one in order]

    def _take(
        self, other: ListedMaps, place: dict[str, int], hidden: bool | None
    ) -> list[str]:
        """Copy the maps that another folder has, and remove them from ``place``.

        Those that are damaged there are returned.
        """
        damaged = []
        rows = other.read(list(place), "copying kept maps", hidden)
        while True:
            try:
                name, content = next(rows)
            except StopIteration:
                break
            except (OSError, ValueError) as error:
                warnings.warn(
                    f"no more maps are taken from {other.maps.parent}: {error}",
                    RuntimeWarning,
                    stacklevel=_CALLER,
                )
                break
            if content is None:
                damaged.append(name)
            else:
                self._write(place.pop(name), content)
        return damaged

    def _tell(self, maps: ListedMaps, damaged: list[str]) -> None:
        """Warn of shapes whose maps are not those that were written."""
        if damaged:
            ids = dict(zip(self._names, self._ids, strict=True))
            warnings.warn(
                f"{maps.maps} is damaged at {len(damaged)} of "
                f"{counted(len(self._ids), 'shape')} "
                f"({first_names([ids[name] for name in damaged])}), which are rendered "
                "again if no other folder of the cache has them; check the disk",
                RuntimeWarning,
                stacklevel=_CALLER,
            )

    # -- files ------------------------------------------------------------------
    def _write(self, index: int, content: bytes, *, done: bool = True) -> None:
        """Write a row, and then, if it is ``done``, its line in the list."""
        # Not through a memory map, which kills the process if the disk is full.
        with self.maps.open("r+b") as file:
            file.seek(self._offset + index * self._size)
            file.write(content)
        if done:
            with self.list.open("a") as lines:
                lines.write(line_of(self._names[index], index, content))

    def _create(self) -> None:
        """Create the file of the maps without content, if no other process does."""
        shape = (len(self._ids), *self.shape)
        size = int(np.prod(shape, dtype=np.int64)) * self.dtype.itemsize
        free = shutil.disk_usage(self.maps.parent).free
        if size > free:
            raise OSError(
                f"maps of {len(self._ids)} shapes take {size / 1e9:.3g} GB, and "
                f"{self.maps.parent} has {free / 1e9:.3g} GB free; choose another "
                "cache, fewer augmentations or dtype='float16', or delete folders "
                "in it that are not needed"
            )
        self.list.unlink(missing_ok=True)
        header = {
            "descr": np.lib.format.dtype_to_descr(self.dtype),
            "fortran_order": False,
            "shape": shape,
        }
        with suppress(FileExistsError), atomic_path(self.maps) as temporary:
            with temporary.open("wb") as file:
                np.lib.format.write_array_header_2_0(file, header)
                file.flush()
                os.ftruncate(file.fileno(), file.tell() + size)
            try:
                # Unlike a replacement, a link leaves the file of another process, which
                # may have written maps by now.
                os.link(temporary, self.maps)
            except FileExistsError:
                raise
            except OSError:
                pass  # a disk without links
