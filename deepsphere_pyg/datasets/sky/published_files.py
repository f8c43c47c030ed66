"""The files of the published convergence maps, in folders or archives."""

from __future__ import annotations

import hashlib
import zipfile
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from deepsphere_pyg.datasets.files import DataFileError, PathLike, reading
from samplings.arguments import path_argument
from samplings.arrays import FloatArray

#: Part of the name of the files of each class, by its number.
MARKS = ("0p26", "0p31")
ZENODO = "https://doi.org/10.5281/zenodo.1303272"


class Published(NamedTuple):
    """A split as published.

    Attributes
    ----------
    folder
        Its folder; the archive has the same name and ``.zip``.
    md5
        Checksum of the archive.
    n_maps
        Maps of each class.
    """

    folder: str
    md5: str
    n_maps: int


SPLITS = {
    "train": Published("training", "6b0f5072481397fa8842ef99524b5482", 20),
    "test": Published("testing", "62757429ebb0a257c3d54775e08c9512", 10),
}
_LAYOUT = (
    "put training.zip and testing.zip there, or the folders training and testing "
    "unpacked from them, with files .npy whose names contain 0p26 or 0p31. They are "
    f"restricted: ask for access at {ZENODO}; LensingMaps generates maps without them"
)
_REMEDY = "it may be truncated or of another format: unpack or copy it again"


@dataclass(frozen=True)
class StoredMap:
    """A map in an ``npy`` file, alone or as a member of an archive.

    Attributes
    ----------
    path
        The file or the archive.
    member
        Name in the archive; None for a file.
    """

    path: Path
    member: str | None = None

    @property
    def name(self) -> str:
        """Name of the file without its folder."""
        return self.path.name if self.member is None else Path(self.member).name

    @property
    def kind(self) -> int:
        """Class: the number of the mark that its name contains."""
        found = [mark in self.name for mark in MARKS]
        if sum(found) != 1:
            raise DataFileError(
                f"{self}: the name of a map must contain either {' or '.join(MARKS)}, "
                "which tells its class; remove the file, or give it its name back"
            )
        return found.index(True)

    @property
    def stamp(self) -> list[Any]:
        """What tells the file from others of the same name, as JSON."""
        if self.member is None:
            status = self.path.stat()
            return [self.name, status.st_size, status.st_mtime_ns]
        with reading(self.path, "an archive", _REMEDY), zipfile.ZipFile(self.path) as z:
            entry = z.getinfo(self.member)
            return [self.name, entry.file_size, entry.CRC]

    def __str__(self) -> str:
        return str(self.path if self.member is None else self.path / self.member)

    def read(self) -> FloatArray:
        """Read the values in RING ordering, float64, as they are.

        Raises
        ------
        ValueError
            If the file is damaged or holds no numbers of one axis.
        """
        with reading(self, "a map in an npy file", _REMEDY), ExitStack() as stack:
            file: IO[bytes]
            if self.member is None:
                file = stack.enter_context(self.path.open("rb"))
            else:
                archive = stack.enter_context(zipfile.ZipFile(self.path))
                file = stack.enter_context(archive.open(self.member))
            values = np.load(file, allow_pickle=False)
        if not isinstance(values, np.ndarray) or values.dtype.kind != "f":
            kind = getattr(values, "dtype", type(values).__name__)
            raise DataFileError(f"{self} must hold floats, got {kind}; {_REMEDY}")
        if values.ndim != 1:
            raise DataFileError(
                f"{self} must hold one value a pixel, got shape {values.shape}; "
                f"{_REMEDY}"
            )
        return values.astype(np.float64)


def published_maps(root: PathLike, split: str, complete: bool) -> list[StoredMap]:
    """Return the maps of a split, of both classes in turn, sorted by name.

    Raises
    ------
    FileNotFoundError
        If there is neither an archive nor a folder, or maps are missing.
    ValueError
        If an archive is damaged, or a name tells no class.
    """
    folder, published = path_argument("root", root), SPLITS[split]
    archive, unpacked = folder / f"{published.folder}.zip", folder / published.folder
    if archive.is_file():
        with reading(archive, "an archive", _REMEDY), zipfile.ZipFile(archive) as z:
            found = [StoredMap(archive, name) for name in z.namelist()]
    elif unpacked.is_dir():
        found = [StoredMap(path) for path in unpacked.rglob("*") if path.is_file()]
    else:
        raise FileNotFoundError(
            f"{folder} has neither {archive.name} nor a folder {unpacked.name}; "
            f"{_LAYOUT}"
        )
    # Archives made on a Mac hold hidden files of the same names.
    maps = sorted(
        (m for m in found if m.name.endswith(".npy") and not m.name.startswith(".")),
        key=lambda one: one.name,
    )
    by_class: list[list[StoredMap]] = [[] for _ in MARKS]
    for one in maps:
        by_class[one.kind].append(one)
    place = archive if archive.is_file() else unpacked
    for mark, listed in zip(MARKS, by_class, strict=True):
        if not listed or (complete and len(listed) != published.n_maps):
            count = f"{published.n_maps} maps" if complete else "maps"
            raise FileNotFoundError(
                f"{place} must hold {count} whose names contain {mark}, got "
                f"{len(listed)}; copy the missing ones, or pass complete=False to use "
                f"those there are; {_LAYOUT}"
            )
    pairs = chain.from_iterable(zip_longest(*by_class))
    return [one for one in pairs if one is not None]


def check_archive(path: Path, md5: str) -> None:
    """Refuse an archive whose checksum is not the published one."""
    with reading(path, "an archive", _REMEDY), path.open("rb") as file:
        found = hashlib.file_digest(
            file, lambda: hashlib.md5(usedforsecurity=False)
        ).hexdigest()
    if found != md5:
        raise DataFileError(
            f"{path} differs from the published file: MD5 is {found}, expected {md5}; "
            f"fetch it again from {ZENODO}, or pass verify=False for an archive of "
            "your own"
        )
