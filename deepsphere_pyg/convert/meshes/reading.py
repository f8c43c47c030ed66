"""Meshes in files."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from deepsphere_pyg.convert.meshes.mesh import Mesh
from deepsphere_pyg.convert.meshes.rays import shapes_module
from samplings.arguments import path_argument
from samplings.reading import DataFileError, reading

#: Extensions of files that can be read, in lower case.
MESH_FORMATS = (".obj", ".off", ".ply", ".stl")


def read_mesh(path: str | os.PathLike[str]) -> Mesh:
    r"""Read a mesh from an OBJ, OFF, PLY or STL file.

    Polygons are split into triangles, and objects of one file are joined; materials,
    normals and textures are left out. Headers of OFF files whose counts follow the
    format without a break, as in ModelNet, are read too.

    Parameters
    ----------
    path
        File with the extension ``.obj``, ``.off``, ``.ply`` or ``.stl``, in lower or
        upper case.

    Raises
    ------
    TypeError
        If ``path`` is not a path.
    FileNotFoundError, PermissionError
        If there is no such file, or it may not be read.
    ValueError
        If the extension differs from these, or the file is damaged or has no faces
        (``DataFileError``); messages name the file.
    ImportError
        If trimesh is not installed (extra ``[shapes]``).

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "triangle.off"
    ...     _ = file.write_text("OFF3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n")
    ...     read_mesh(file)
    Mesh with 3 vertices and 1 face
    """
    file = path_argument("path", path)
    kind = file.suffix.lower()
    if kind not in MESH_FORMATS:
        raise ValueError(
            f"{file} must be an {', '.join(MESH_FORMATS)} file; convert it"
        )
    shapes_module("trimesh")
    name = kind[1:].upper()
    with reading(file, name):
        vertices, faces = _arrays(file, kind[1:])
        if len(faces) == 0:
            raise DataFileError(f"{file} is empty: it has no faces; take another mesh")
        try:
            return Mesh(vertices, faces)
        except (TypeError, ValueError) as error:
            raise DataFileError(f"{file} cannot be read as {name}: {error}") from error


def _arrays(file: Path, kind: str) -> tuple[Any, Any]:
    """Return vertices and faces of a file."""
    exchange = shapes_module("trimesh")
    with file.open("rb") as stream, warnings.catch_warnings():
        if not stream.read(1):
            raise DataFileError(f"{file} is empty: it has no bytes; copy it again")
        stream.seek(0)
        # Trimesh averages textures, of which some have no coordinates.
        warnings.simplefilter("ignore")
        # Without processing, since cleaning merges vertices and drops faces.
        loaded = exchange.load(
            stream,
            file_type=kind,
            force="mesh",
            process=False,
            maintain_order=True,
            skip_materials=True,
        )
    faces = getattr(loaded, "faces", None)
    if faces is None:
        faces = np.zeros((0, 3), dtype=np.int64)
    return np.asarray(loaded.vertices), np.asarray(faces)
