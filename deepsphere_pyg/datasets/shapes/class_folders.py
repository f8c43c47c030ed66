"""Search for the meshes of classes that have a folder each."""

from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path

from deepsphere_pyg.datasets.files import DataFileError
from samplings.arguments import path_argument

#: Extensions of the formats of meshes that are read.
MESH_EXTENSIONS = (".obj", ".off", ".ply", ".stl")
# Materials go with OBJ files, and have nothing of the shape.
_COMPANIONS = (".mtl",)
# Largest number of names in a message.
_LISTED = 5


class IgnoredFilesWarning(UserWarning):
    """A folder has files that are not meshes of a known format."""


def folder_argument(root: object, layout: str) -> Path:
    """Return a folder that exists; messages end with ``layout``."""
    folder = path_argument("root", root)  # type: ignore[arg-type]
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.is_file() else "does not exist"
        raise FileNotFoundError(f"{folder} {what}; {layout}")
    return folder


def sub_folders(folder: Path) -> list[Path]:
    """Return the sorted sub-folders of a folder, without hidden ones."""
    return sorted(p for p in folder.iterdir() if p.is_dir() and p.name[0] not in "._")


def meshes_of_classes(
    folders: dict[str, Path], root: Path, layout: str, stacklevel: int = 3
) -> dict[str, list[Path]]:
    """Return the sorted meshes in the folder of each class and its sub-folders.

    Files of other formats are left out, with one warning for all classes that counts
    their extensions; hidden files and the materials of OBJ files without one.

    Raises
    ------
    ValueError
        If a class has no mesh; the message names its folder and ends with ``layout``.
    """
    found: dict[str, list[Path]] = {}
    ignored: Counter[str] = Counter()
    for name, folder in folders.items():
        files = sorted(
            path
            for path in (folder.rglob("*") if folder.is_dir() else ())
            if path.is_file() and not path.name.startswith(".")
        )
        found[name] = [p for p in files if p.suffix.lower() in MESH_EXTENSIONS]
        left = {p for p in files if p.suffix.lower() not in _COMPANIONS}
        ignored.update(p.suffix or p.name for p in left - set(found[name]))
        if not found[name]:
            names = ", ".join(p.name for p in files[:_LISTED]) or "nothing"
            raise DataFileError(
                f"class {name!r} has no mesh: {folder} has {names}, and no "
                f"{', '.join(MESH_EXTENSIONS)}; remove the class, or fill it; {layout}"
            )
    if ignored:
        listed = ", ".join(f"{n} {kind}" for kind, n in sorted(ignored.items()))
        warnings.warn(
            f"{root} has files that are no meshes of a known format "
            f"({', '.join(MESH_EXTENSIONS)}), which are left out: {listed}; convert "
            "them to one of these if they are shapes",
            IgnoredFilesWarning,
            stacklevel=stacklevel,
        )
    return found
