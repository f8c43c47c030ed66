"""Base of the sources of labelled shapes, and of those that keep one in each file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from deepsphere_pyg.convert.meshes import Mesh, read_mesh
from deepsphere_pyg.datasets.shapes.parts import ShapeParts, stratified_parts
from samplings.arguments import integer_argument
from samplings.arrays import IntArray

#: Label of a shape whose class is not known.
UNLABELLED = -1


class ShapeSource(ABC):
    """Labelled shapes, each of which is loaded when it is needed.

    Subclasses set the attributes, and define :meth:`load` and :meth:`key`.

    Attributes
    ----------
    ids
        Name of each shape, all different.
    labels
        Class of each shape, int64, shape ``(n,)``; -1 where it is not known.
    class_names
        Name of each class.
    split
        Name of the part of the data set, such as ``"train"``, or ``"all"``.
    sublabels
        Name of the class of each shape on the second level; None without any.
    """

    ids: list[str]
    labels: IntArray
    class_names: tuple[str, ...]
    split: str = "all"
    sublabels: list[str] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def labelled(self) -> bool:
        """Whether the class of every shape is known."""
        return bool((self.labels != UNLABELLED).all())

    @abstractmethod
    def load(self, index: int) -> Mesh:
        """Return shape number ``index``; a negative one counts from the end."""

    @abstractmethod
    def key(self, index: int) -> str:
        """Return a text that changes with the content of a shape, for caches."""

    def parts(
        self, *, validation: float = 0.1, test: float = 0.2, seed: int = 0
    ) -> ShapeParts:
        """Split the shapes by the same shares of each class.

        Parameters and errors are those of
        :func:`~deepsphere_pyg.datasets.shapes.parts.stratified_parts`.
        """
        return stratified_parts(
            self.labels, validation=validation, test=test, seed=seed
        )

    def position(self, index: int) -> int:
        """Return an index that counts from the start.

        Raises
        ------
        TypeError
            If it is not an integer.
        IndexError
            If there is no such shape.
        """
        n = len(self)
        at = integer_argument("index", index, -(2**63))
        if not -n <= at < n:
            raise IndexError(
                f"index must be from {-n} to {n - 1}, got {at}; there are {n} shapes"
            )
        return at % n


class MeshFiles(ShapeSource):
    """Shapes of which each is a file in a folder.

    Parameters
    ----------
    root
        Folder of all files.
    paths
        File of each shape.
    labels
        Class of each shape.
    class_names
        Name of each class.
    ids
        Name of each shape; by default its path within ``root``, without the extension
        if names still differ.

    Attributes
    ----------
    root, paths
        As passed.
    """

    def __init__(
        self,
        root: Path,
        paths: Sequence[Path],
        labels: Sequence[int] | IntArray,
        class_names: Sequence[str],
        ids: Sequence[str] | None = None,
    ) -> None:
        self.root = root
        self.paths = list(paths)
        self.labels = np.array(labels, dtype=np.int64)
        self.class_names = tuple(class_names)
        if ids is None:
            ids = [self.relative(path.with_suffix("")) for path in self.paths]
            if len(set(ids)) < len(ids):
                ids = [self.relative(path) for path in self.paths]
        self.ids = list(ids)

    def relative(self, path: Path) -> str:
        """Return a path within the root, with slashes on any system."""
        return path.relative_to(self.root).as_posix()

    def load(self, index: int) -> Mesh:
        """Read the file of a shape."""
        return read_mesh(self.paths[self.position(index)])

    def key(self, index: int) -> str:
        """Return the path within the root, the size and the time of a file."""
        path = self.paths[self.position(index)]
        try:
            state = path.stat()
        except FileNotFoundError:
            raise FileNotFoundError(
                f"{path} does not exist any more; make the source of shapes again"
            ) from None
        return f"{self.relative(path)} {state.st_size} {state.st_mtime_ns}"
