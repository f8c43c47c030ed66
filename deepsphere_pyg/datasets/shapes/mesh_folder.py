"""Meshes of one's own, in one folder for each class."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from deepsphere_pyg.datasets.files import PathLike
from deepsphere_pyg.datasets.shapes.class_folders import (
    MESH_EXTENSIONS,
    folder_argument,
    meshes_of_classes,
    sub_folders,
)
from deepsphere_pyg.datasets.shapes.parts import stratified_parts
from deepsphere_pyg.datasets.shapes.shape_source import MeshFiles
from samplings.arguments import choice_argument, integer_argument, probability_argument

SPLITS = ("all", "train", "test")
_LAYOUT = (
    f"put meshes ({', '.join(MESH_EXTENSIONS)}) into CLASS/, or, already split, into "
    "train/CLASS/ and test/CLASS/"
)


class MeshFolder(MeshFiles):
    """Meshes in a folder with one sub-folder for each class.

    Folders that are split already have ``train`` and ``test``, each with one sub-folder
    a class. Others are split by the same share of each class.

    Parameters
    ----------
    root
        Folder with ``CLASS/*.obj``, or with ``train/CLASS/*.obj`` and
        ``test/CLASS/*.obj``; also ``.off``, ``.ply`` and ``.stl``, in sub-folders too.
    split
        ``"all"``, ``"train"`` or ``"test"``.
    test_share
        Share of the shapes of each class that are tested, by default a fifth; only for
        folders that are not split already.
    seed
        Seed of that choice.

    Attributes
    ----------
    class_names
        Names of the folders of classes, sorted; those of ``train`` and ``test``
        together.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist, or has no sub-folder.
    ValueError
        If a class has no mesh, in ``train`` if it is split already; or if it is, and
        ``test_share`` is passed.

    Warns
    -----
    IgnoredFilesWarning
        If there are files of other formats, which are left out.

    Examples
    --------
    >>> MeshFolder("no_such_folder")
    Traceback (most recent call last):
    ...
    FileNotFoundError: no_such_folder does not exist; put meshes (.obj, .off, .ply, ...
    """

    def __init__(
        self,
        root: PathLike,
        split: str = "all",
        *,
        test_share: float | None = None,
        seed: int = 0,
    ) -> None:
        self.split = choice_argument("split", split, SPLITS)
        if test_share is not None:
            test_share = probability_argument("test_share", test_share)
        seed = integer_argument("seed", seed, 0)
        folder = folder_argument(root, _LAYOUT)
        split_already = is_split(folder)
        if split_already and test_share is not None:
            raise ValueError(
                f"{folder} is split already into train and test, so that test_share "
                f"has no meaning, got {test_share}; leave it out"
            )
        found = _split_meshes(folder) if split_already else _meshes(folder)
        names = tuple(found)
        paths = [path for listed in found.values() for path in listed]
        labels = np.repeat(np.arange(len(names)), [len(p) for p in found.values()])
        chosen = np.arange(len(paths))
        if split_already and split != "all":
            part = [path.relative_to(folder).parts[0] for path in paths]
            chosen = np.flatnonzero(np.array(part) == split)
        elif split != "all":
            share = 0.2 if test_share is None else test_share
            parts = stratified_parts(labels, validation=0, test=share, seed=seed)
            chosen = parts.test if split == "test" else parts.train
        if not len(chosen):
            raise ValueError(
                f"{folder} leaves no shape for split {split!r}; pass test_share above 0"
                ", and classes of two shapes or more"
            )
        super().__init__(folder, [paths[at] for at in chosen], labels[chosen], names)


def is_split(folder: Path) -> bool:
    """Whether a folder of meshes has ``train`` and ``test``, with classes in each."""
    return all((folder / part).is_dir() for part in ("train", "test"))


def _meshes(folder: Path) -> dict[str, list[Path]]:
    """Return the meshes of a folder by class."""
    classes = {one.name: one for one in sub_folders(folder)}
    if not classes:
        raise FileNotFoundError(f"{folder} has no folder of a class; {_LAYOUT}")
    return meshes_of_classes(classes, folder, _LAYOUT, stacklevel=4)


def _split_meshes(folder: Path) -> dict[str, list[Path]]:
    """Return the meshes of both parts by class, those to train with first."""
    parts = [
        {one.name: one for one in sub_folders(folder / name)}
        for name in ("train", "test")
    ]
    names = sorted(parts[0] | parts[1])
    if not names:
        raise FileNotFoundError(f"{folder}/train has no folder of a class; {_LAYOUT}")
    train = meshes_of_classes(
        {name: folder / "train" / name for name in names}, folder, _LAYOUT, stacklevel=4
    )
    test = meshes_of_classes(parts[1], folder, _LAYOUT, stacklevel=4)
    return {name: train[name] + test.get(name, []) for name in names}
