"""The labelled Princeton benchmark: 190 closed meshes of 19 classes in one archive."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.meshes.mesh import Mesh
from deepsphere_pyg.datasets.files import DataFileError, PathLike
from deepsphere_pyg.datasets.shapes.parts import stratified_folds
from deepsphere_pyg.datasets.shapes.shape_source import ShapeSource
from samplings.arguments import integer_argument, path_argument
from samplings.arrays import IntArray
from samplings.reading import numpy_arrays

_FILE = "lpsb190.npz"
_LARGEST = 65535  # of 16 bits

# Kinds of dtype, and shapes: n shapes, p vertices and f faces of all shapes together.
_ARRAYS = {
    "verts_u16": ("u", ("p", 3)),
    "faces": ("iu", ("f", 3)),
    "vert_offsets": ("iu", ("n+1",)),
    "face_offsets": ("iu", ("n+1",)),
    "origin": ("f", ("n", 3)),
    "scale": ("f", ("n",)),
    "labels": ("iu", ("n",)),
    "class_names": ("U", ("c",)),
    "names": ("U", ("n",)),
}
_LAYOUT = (
    f"pass {_FILE} or its folder: an archive of NumPy with the arrays "
    f"{', '.join(_ARRAYS)}"
)


class LabelledPrinceton(ShapeSource):
    r"""Shapes of the Princeton segmentation benchmark, each with the name of its class.

    Vertices of shape i are :math:`o_i + s_i v / 65535` for integers v of 16 bits.

    Parameters
    ----------
    path
        ``lpsb190.npz``, or its folder.

    Raises
    ------
    FileNotFoundError
        If there is no such file; the message says which one to put there.
    ValueError
        If it is damaged, lacks an array, or its arrays do not fit together; the message
        names the file.

    Notes
    -----
    The archive has ``verts_u16`` (p, 3) and ``faces`` (f, 3) of all shapes one after
    another, where ``vert_offsets`` and ``face_offsets`` (n + 1) tell the first of each
    shape and faces count its vertices from 0; ``origin`` (n, 3), ``scale`` (n),
    ``labels`` (n), ``names`` (n) and ``class_names``.

    Source: Chen, Golovinskiy and Funkhouser, A benchmark for 3D mesh segmentation, ACM
    Transactions on Graphics 28(3), 2009; the shapes are half of those of the watertight
    track of SHREC 2007.

    Examples
    --------
    >>> LabelledPrinceton("no_such_folder")
    Traceback (most recent call last):
    ...
    FileNotFoundError: no_such_folder does not exist; pass lpsb190.npz or its folder...
    """

    def __init__(self, path: PathLike) -> None:
        given = path_argument("path", path)
        file = given / _FILE if given.is_dir() else given
        if not file.is_file():
            raise FileNotFoundError(f"{file} does not exist; {_LAYOUT}")
        self.path = file
        self._arrays = _checked(numpy_arrays(file, "npz", tuple(_ARRAYS)), file)
        self.ids = [str(name) for name in self._arrays["names"]]
        self.labels = self._arrays["labels"].astype(np.int64)
        self.class_names = tuple(str(name) for name in self._arrays["class_names"])

    def load(self, index: int) -> Mesh:
        """Return a shape, in the units of its file."""
        at = self.position(index)
        vertices, faces = self._stored(at)
        scale = self._arrays["scale"][at] / _LARGEST
        return Mesh(
            self._arrays["origin"][at] + scale * vertices.astype(np.float64),
            faces.astype(np.int64),
        )

    def key(self, index: int) -> str:
        """Return the SHA-256 of the stored content of a shape."""
        at = self.position(index)
        digest = hashlib.sha256()
        place = (self._arrays["origin"][at], self._arrays["scale"][at : at + 1])
        for array in (*self._stored(at), *place):
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return f"princeton {digest.hexdigest()}"

    def fold(self, k: int, of: int = 5, *, seed: int = 0) -> tuple[IntArray, IntArray]:
        """Return the indices to train with, and those to test, of a fold.

        Each shape is tested in one fold; five folds test two of the ten shapes of each
        class. The same seed gives the same folds.

        Parameters
        ----------
        k
            Number of the fold, from 0.
        of
            Number of folds, at least 2.
        seed
            Seed of the order within each class.

        Raises
        ------
        TypeError
            If an argument is not an integer.
        ValueError
            If there are more folds than shapes, or there is no such fold.
        """
        folds = stratified_folds(self.labels, of, seed=seed)
        if integer_argument("k", k, 0) >= of:
            raise ValueError(f"k must be from 0 to {of - 1}, got {k}; count from 0")
        return np.flatnonzero(folds != k), np.flatnonzero(folds == k)

    def _stored(self, at: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Return the vertices and faces of a shape, as in the file."""
        first, last = self._arrays["vert_offsets"][at : at + 2]
        start, stop = self._arrays["face_offsets"][at : at + 2]
        return self._arrays["verts_u16"][first:last], self._arrays["faces"][start:stop]


def _checked(
    arrays: dict[str, npt.NDArray[Any]], file: Path
) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of an archive if they fit together."""
    sizes: dict[str, int] = {"n": max(arrays["labels"].size, 1)}
    sizes["n+1"] = sizes["n"] + 1
    for name, (kinds, shape) in _ARRAYS.items():
        array = arrays[name]
        if array.dtype.kind not in kinds or array.ndim != len(shape):
            raise DataFileError(
                f"{file}: {name} must have shape ({', '.join(map(str, shape))}) and "
                f"a dtype of kind {' or '.join(kinds)}, got {array.shape} and "
                f"{array.dtype}; copy the file again"
            )
        for length, wanted in zip(array.shape, shape, strict=True):
            expected = wanted if isinstance(wanted, int) else sizes.get(wanted, length)
            if length != expected or not length:
                raise DataFileError(
                    f"{file}: {name} must have shape ({', '.join(map(str, shape))}) "
                    f"for {sizes['n']} labels, got {array.shape}; copy the file again"
                )
    for offsets, of in (("vert_offsets", "verts_u16"), ("face_offsets", "faces")):
        steps = arrays[offsets].astype(np.int64)
        if steps[0] != 0 or steps[-1] != len(arrays[of]) or (np.diff(steps) < 1).any():
            raise DataFileError(
                f"{file}: {offsets} must rise from 0 to {len(arrays[of])}, the length "
                f"of {of}; copy the file again"
            )
    _check_values(arrays, file)
    return arrays


def _check_values(arrays: dict[str, npt.NDArray[Any]], file: Path) -> None:
    """Refuse faces, labels or places that cannot be."""
    starts = arrays["face_offsets"][:-1].astype(np.int64)
    faces = arrays["faces"]
    # In their own type, which is small.
    highest = np.maximum.reduceat(faces.max(axis=1), starts).astype(np.int64)
    wrong = highest >= np.diff(arrays["vert_offsets"].astype(np.int64))
    if wrong.any() or faces.min() < 0:
        raise DataFileError(
            f"{file}: a face of shape {wrong.argmax()} names a vertex that it does not "
            "have; copy the file again"
        )
    labels, n_classes = arrays["labels"].astype(np.int64), len(arrays["class_names"])
    if labels.min() < 0 or labels.max() >= n_classes:
        raise DataFileError(
            f"{file}: labels must be from 0 to {n_classes - 1}, got {labels.min()} to "
            f"{labels.max()}; copy the file again"
        )
    names, counts = np.unique(arrays["names"], return_counts=True)
    if counts.max() > 1:
        raise DataFileError(
            f"{file}: names must differ, and {str(names[counts.argmax()])!r} stands "
            f"{counts.max()} times; copy the file again"
        )
    places = np.column_stack([arrays["origin"], arrays["scale"]])
    if not np.isfinite(places).all() or not (arrays["scale"] > 0).all():
        raise DataFileError(
            f"{file}: origin must be finite and scale positive; copy the file again"
        )
