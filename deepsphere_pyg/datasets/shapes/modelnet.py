"""ModelNet10 and ModelNet40: aligned computer-aided designs of 10 or 40 classes."""

from __future__ import annotations

import numpy as np

from deepsphere_pyg.datasets.files import PathLike
from deepsphere_pyg.datasets.shapes.class_folders import (
    folder_argument,
    meshes_of_classes,
    sub_folders,
)
from deepsphere_pyg.datasets.shapes.parts import stratified_parts
from deepsphere_pyg.datasets.shapes.shape_source import MeshFiles
from samplings.arguments import choice_argument, integer_argument, probability_argument

SPLITS = ("train", "validation", "test")
_LAYOUT = (
    "pass the unpacked folder of ModelNet10.zip or ModelNet40.zip (from "
    "modelnet.cs.princeton.edu), with the files CLASS/train/*.off and CLASS/test/*.off"
)


class ModelNet(MeshFiles):
    """Shapes of ModelNet10 or ModelNet40, by the published split.

    Parameters
    ----------
    root
        Folder with one sub-folder a class, each with ``train`` and ``test``.
    split
        ``"train"``, ``"validation"`` (a share of the training shapes) or ``"test"``.
    validation
        Share of the training shapes of each class that is kept for validation: those
        are not in the split ``"train"``. By default no validation.
    seed
        Seed of that choice.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or it has no such sub-folders; the message tells
        which files it should have.
    ValueError
        If a class has no mesh in the split, or ``split`` is ``"validation"`` while the
        share is zero.

    Warns
    -----
    IgnoredFilesWarning
        If there are files that are no meshes.

    Notes
    -----
    The published splits have 3,991 and 908 shapes of 10 classes, 9,843 and 2,468 of 40.
    Their files begin with a header that does not end in a line, ``OFF123 456 0``.

    Source: Wu et al., 3D ShapeNets: a deep representation for volumetric shapes, CVPR
    2015 (arXiv:1406.5670).

    Examples
    --------
    >>> ModelNet("no_such_folder", "train")
    Traceback (most recent call last):
    ...
    FileNotFoundError: no_such_folder does not exist; pass the unpacked folder of ...
    """

    def __init__(
        self, root: PathLike, split: str, *, validation: float = 0.0, seed: int = 0
    ) -> None:
        self.split = choice_argument("split", split, SPLITS)
        validation = probability_argument("validation", validation)
        seed = integer_argument("seed", seed, 0)
        if split == "validation" and not validation:
            raise ValueError(
                "split 'validation' is a share of the training shapes, and validation "
                "is 0.0; pass a share, such as validation=0.1, for both splits"
            )
        folder = folder_argument(root, _LAYOUT)
        published = "test" if split == "test" else "train"
        classes = {
            one.name: one / published
            for one in sub_folders(folder)
            if (one / "train").is_dir() or (one / "test").is_dir()
        }
        if not classes:
            raise FileNotFoundError(f"{folder} has no CLASS/{published}; {_LAYOUT}")
        found = meshes_of_classes(classes, folder, _LAYOUT)
        paths = [path for listed in found.values() for path in listed]
        labels = np.repeat(np.arange(len(found)), [len(p) for p in found.values()])
        if published == "train" and validation:
            parts = stratified_parts(labels, validation=validation, test=0, seed=seed)
            chosen = parts.validation if split == "validation" else parts.train
            paths, labels = [paths[at] for at in chosen], labels[chosen]
        super().__init__(folder, paths, labels, tuple(found))
