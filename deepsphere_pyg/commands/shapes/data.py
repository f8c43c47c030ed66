"""Shapes of all parts, and their maps."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from deepsphere_pyg.commands.shapes.copies import Copies
from deepsphere_pyg.commands.shapes.networks import SHAPE_NETWORKS
from deepsphere_pyg.commands.shapes.options import FOLDS, ShapesOptions
from deepsphere_pyg.datasets import (
    SHREC17_SYNSETS,
    GeneratedShapes,
    LabelledPrinceton,
    MeshFolder,
    ModelNet,
    RenderedShapes,
    ShapeSource,
    Shrec17,
    UnreadableShapesWarning,
    stratified_folds,
)
from deepsphere_pyg.datasets.shapes.shrec17 import mesh_folder_names
from samplings import Sampling
from samplings.arguments import counted
from samplings.arrays import IntArray

#: Rotations of the data: as they are, or at random.
ROTATED = {"NR": False, "R": True}
PARTS = ("train", "validation", "test")
# Share of the training shapes of a class that validate.
VALIDATION = 0.1
# Seeds of the copies to train and to test with.
_TRAIN, _TEST = 0, 1


@dataclass(frozen=True)
class Shapes:
    """The shapes of a run, and maps of them, each opened once.

    Attributes
    ----------
    options
        Options of the command.
    """

    options: ShapesOptions
    _sources: dict[Any, ShapeSource] = field(default_factory=dict, init=False)
    _rendered: dict[Any, RenderedShapes] = field(default_factory=dict, init=False)

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes.

        Raises
        ------
        ValueError
            If there is one class only.
        """
        part = "train" if self.options.published_parts else "all"
        names = self._source(part, ROTATED[self.options.train[0]]).class_names
        if len(names) < 2:
            raise ValueError(
                f"{self.options.root} has one class, {names[0]}; pass shapes of two "
                "classes at least"
            )
        return names

    @cached_property
    def shown_names(self) -> tuple[str, ...]:
        """Names of the classes in pictures: in English, also those of SHREC'17."""
        if self.options.dataset == "shrec17":
            return tuple(SHREC17_SYNSETS[name] for name in self.class_names)
        return self.class_names

    @cached_property
    def untested(self) -> dict[str, str]:
        """Rotations that SHREC'17 cannot be tested with, and which folder is missing.

        Raises
        ------
        FileNotFoundError
            If both are missing.
        """
        root = self.options.root
        if self.options.dataset != "shrec17" or root is None:
            return {}
        missing = {}
        for test, rotated in ROTATED.items():
            names = mesh_folder_names("test", rotated)
            if not any((root / name).is_dir() for name in names):
                missing[test] = f"{root} has no folder {' or '.join(names)}"
        if len(missing) == len(ROTATED):
            # Its error tells what goes where.
            self._source("test", ROTATED[self.options.train[0]])
        return missing

    @cached_property
    def tests(self) -> tuple[str, ...]:
        """Rotations to test, whatever was trained on: both, if they are there."""
        tests = tuple(test for test in ROTATED if test not in self.untested)
        if self.options.published_parts:
            for test in tests:
                # Damaged tables are told before the training, not after it.
                self._source("test", ROTATED[test])
        return tests

    def sources(
        self, fold: int, rotated: bool, parts: Sequence[str] = PARTS
    ) -> dict[str, tuple[ShapeSource, IntArray]]:
        """Return the shapes of some parts: their source, and numbers in it."""
        if self.options.dataset == "shrec17":
            # Only files of these parts are needed.
            found = {part: self._source(part, rotated) for part in parts}
            return {part: (one, np.arange(len(one))) for part, one in found.items()}
        every = self._every_part(fold, rotated)
        return {part: every[part] for part in parts}

    def _every_part(
        self, fold: int, rotated: bool
    ) -> dict[str, tuple[ShapeSource, IntArray]]:
        """Return the shapes of all parts of data sets of one kind of files."""
        options = self.options
        if options.published_parts:
            train, test = (self._source(part, rotated) for part in ("train", "test"))
            split = train.parts(validation=VALIDATION, test=0.0, seed=0)
            return {
                "train": (train, split.train),
                "validation": (train, split.validation),
                "test": (test, np.arange(len(test))),
            }
        source = self._source("all", rotated)
        tenths = round(1 / VALIDATION)
        # The largest fold has a fifth, rounded up.
        if len(source) - -(-len(source) // FOLDS) < tenths:
            raise ValueError(
                f"--dataset {options.dataset} has {counted(len(source), 'shape')}: too "
                "few to test a fifth of them, and to validate with a tenth of the "
                "others; pass 13 at least"
            )
        folds = stratified_folds(source.labels, FOLDS, seed=0)
        rest = np.flatnonzero(folds != fold)
        # One seed for all folds: they differ in the shapes that remain.
        inner = stratified_folds(source.labels[rest], tenths, seed=1)
        return {
            "train": (source, rest[inner != 0]),
            "validation": (source, rest[inner == 0]),
            "test": (source, np.flatnonzero(folds == fold)),
        }

    def training(self, network: str, fold: int, train: str) -> dict[str, Copies]:
        """Return the maps to train and validate with, of the shapes that have some.

        Raises
        ------
        ValueError
            If none is left.
        """
        rotated = ROTATED[train]
        found = {}
        for part, source in self.sources(fold, rotated, PARTS[:2]).items():
            every = self._copies(network, *source, rotated, "train")
            found[part] = copies = every.readable
            left_out = len(every.which) - len(copies.which)
            if not len(copies.which):
                also = f" but {left_out} that cannot be mapped" if left_out else ""
                raise ValueError(
                    f"the part {part!r} has no shape{also}; pass more shapes, two of "
                    "each class at least"
                )
            if left_out:
                total = len(every.which)
                print(f"left out   {left_out} of {total} shapes of the part {part!r}")
        return found

    def testing(self, network: str, fold: int, test: str) -> Copies:
        """Return the maps to test with, as they are or rotated."""
        rotated = ROTATED[test]
        source = self.sources(fold, rotated, ("test",))["test"]
        return self._copies(network, *source, rotated, "test")

    def sampling(self, network: str) -> Sampling:
        """Return the points of the maps of a network."""
        return SHAPE_NETWORKS[network].sampling(self.options.nside)

    def _copies(
        self,
        network: str,
        source: ShapeSource,
        which: IntArray,
        rotated: bool,
        use: str,
    ) -> Copies:
        """Render the shapes of a source, or read their kept maps."""
        options = self.options
        sampling = SHAPE_NETWORKS[network].sampling
        # The perturbed meshes of SHREC'17 are rotated already.
        turned = rotated and options.dataset != "shrec17"
        counts = {turned: options.test_copies}
        if use == "train":
            counts = {turned: options.translations}
            counts[True] = counts.get(True, 0) + options.rotations
        parts = []
        for rotate, count in sorted(counts.items()):
            # Sources are kept, too, so that their addresses tell them apart.
            key = id(source), sampling, rotate, count, use
            if count and key not in self._rendered:
                with warnings.catch_warnings():
                    if any(one[0] == id(source) for one in self._rendered):
                        # Told with the first maps of these shapes.
                        warnings.simplefilter("ignore", UnreadableShapesWarning)
                    self._rendered[key] = RenderedShapes(
                        source,
                        sampling(options.nside),
                        augmentations=count,
                        rotate=rotate,
                        shift=options.shift,
                        miss=options.miss,
                        seed=_TRAIN if use == "train" else _TEST,
                        cache=options.maps,
                        n_workers=options.processes,
                        progress=True,
                    )
            if count:
                parts.append(self._rendered[key])
        return Copies(source, tuple(parts), which)

    def _source(self, part: str, rotated: bool) -> ShapeSource:
        """Return the source of a part, the same one at each call."""
        # Only SHREC'17 has other files of rotated shapes.
        key = part, rotated and self.options.dataset == "shrec17"
        if key not in self._sources:
            self._sources[key] = self._opened(part, rotated)
        return self._sources[key]

    def _opened(self, part: str, rotated: bool) -> ShapeSource:
        """Read which shapes a part has."""
        options: Any = self.options
        if options.dataset == "generated":
            return GeneratedShapes(options.n_shapes)
        if options.dataset == "lpsb":
            return LabelledPrinceton(options.root)
        if options.dataset == "folder":
            return MeshFolder(options.root, part)
        if options.dataset == "shrec17":
            name = {"validation": "val"}.get(part, part)
            return Shrec17(options.root, name, perturbed=rotated)
        return ModelNet(options.root, part)
