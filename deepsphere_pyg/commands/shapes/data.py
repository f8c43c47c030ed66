"""Shapes of all parts, and their maps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.commands.shapes.networks import SHAPE_NETWORKS
from deepsphere_pyg.commands.shapes.options import FOLDS, ShapesOptions
from deepsphere_pyg.datasets import (
    GeneratedShapes,
    LabelledPrinceton,
    MeshFolder,
    ModelNet,
    RenderedShapes,
    ShapeSource,
    Shrec17,
    stratified_folds,
)
from samplings import Sampling
from samplings.arrays import IntArray

#: Rotations of the data: as they are, or at random.
ROTATED = {"NR": False, "R": True}
# Share of the training shapes of a class that validate.
VALIDATION = 0.1
# Seeds of the copies to train and to test with.
_TRAIN, _TEST = 0, 1
# Largest number of copies that statistics of the channels are taken from.
_MEASURED = 500


class Copies(NamedTuple):
    """Maps of some shapes.

    Attributes
    ----------
    source
        The shapes.
    parts
        Data sets of them whose copies of a shape follow each other.
    which
        Numbers of the shapes in these data sets.
    """

    source: ShapeSource
    parts: tuple[RenderedShapes, ...]
    which: IntArray

    @property
    def each(self) -> int:
        """Number of copies of each shape."""
        return sum(part.x.shape[1] for part in self.parts)

    @property
    def labels(self) -> IntArray:
        """Class of each shape."""
        return self.source.labels[self.which]

    @property
    def ids(self) -> list[str]:
        """Name of each shape."""
        return [self.source.ids[i] for i in self.which]

    @property
    def sublabels(self) -> list[str] | None:
        """Class of each shape on the second level, if there are some."""
        found = self.source.sublabels
        return None if found is None else [found[i] for i in self.which]

    @property
    def y(self) -> IntArray:
        """Class of each copy; those of a shape follow each other."""
        return np.repeat(self.labels, self.each)

    def read(self, some: IntArray) -> Tensor:
        """Return copies ``(n, V, C)``, float32, by their numbers."""
        shape, copy = np.divmod(some, self.each)
        found: Tensor | None = None
        first = 0
        for part in self.parts:
            own = copy - first
            here = np.flatnonzero((own >= 0) & (own < part.x.shape[1]))
            maps = np.asarray(part.x[self.which[shape[here]], own[here]])
            if found is None:
                found = torch.empty((len(some), *maps.shape[1:]))
            found[torch.from_numpy(here)] = torch.from_numpy(maps).float()
            first += part.x.shape[1]
        assert found is not None
        return found

    def statistics(self) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation of each channel."""
        step = max(1, len(self.y) // _MEASURED)
        x = self.read(np.arange(0, len(self.y), step)).double()
        return x.mean((0, 1)).float(), x.std((0, 1)).float()


@dataclass(frozen=True)
class Shapes:
    """The shapes of a run, and maps of them.

    Attributes
    ----------
    options
        Options of the command.
    """

    options: ShapesOptions

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self._source("train", ROTATED[self.options.train[0]]).class_names

    def sources(
        self, fold: int, rotated: bool
    ) -> dict[str, tuple[ShapeSource, IntArray]]:
        """Return the shapes of each part: their source, and numbers in it."""
        options = self.options
        if options.dataset == "shrec17":
            parts = ("train", "validation", "test")
            found = {part: self._source(part, rotated) for part in parts}
            return {part: (one, np.arange(len(one))) for part, one in found.items()}
        if options.published_parts:
            train, test = (self._source(part, rotated) for part in ("train", "test"))
            split = train.parts(validation=VALIDATION, test=0.0, seed=0)
            return {
                "train": (train, split.train),
                "validation": (train, split.validation),
                "test": (test, np.arange(len(test))),
            }
        source = self._source("all", rotated)
        folds = stratified_folds(source.labels, FOLDS, seed=0)
        rest = np.flatnonzero(folds != fold)
        # One seed for all folds: they differ in the shapes that remain.
        inner = stratified_folds(source.labels[rest], round(1 / VALIDATION), seed=1)
        return {
            "train": (source, rest[inner != 0]),
            "validation": (source, rest[inner == 0]),
            "test": (source, np.flatnonzero(folds == fold)),
        }

    def training(self, network: str, fold: int, train: str) -> dict[str, Copies]:
        """Return the maps to train and validate with."""
        rotated = ROTATED[train]
        sources = self.sources(fold, rotated)
        return {
            "train": self._copies(network, *sources["train"], rotated, "train"),
            "validation": self._copies(
                network, *sources["validation"], rotated, "train"
            ),
        }

    def testing(self, network: str, fold: int, test: str) -> Copies:
        """Return the maps to test with, as they are or rotated."""
        rotated = ROTATED[test]
        return self._copies(
            network, *self.sources(fold, rotated)["test"], rotated, "test"
        )

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
        # The perturbed meshes of SHREC'17 are rotated already.
        turned = rotated and options.dataset != "shrec17"
        counts = {turned: options.test_copies}
        if use == "train":
            counts = {turned: options.translations}
            counts[True] = counts.get(True, 0) + options.rotations
        parts = tuple(
            RenderedShapes(
                source,
                self.sampling(network),
                augmentations=count,
                rotate=rotate,
                shift=options.shift,
                miss=options.miss,
                seed=_TRAIN if use == "train" else _TEST,
                cache=options.maps,
                n_workers=options.processes,
                progress=True,
            )
            for rotate, count in sorted(counts.items())
            if count
        )
        return Copies(source, parts, which)

    def _source(self, part: str, rotated: bool) -> ShapeSource:
        """Return the source of a part."""
        options: Any = self.options
        if options.dataset == "generated":
            return GeneratedShapes(options.n_shapes)
        if options.dataset == "lpsb":
            return LabelledPrinceton(options.root)
        if options.dataset == "folder":
            return MeshFolder(options.root)
        if options.dataset == "shrec17":
            name = {"validation": "val"}.get(part, part)
            return Shrec17(options.root, name, perturbed=rotated)
        return ModelNet(options.root, part)
