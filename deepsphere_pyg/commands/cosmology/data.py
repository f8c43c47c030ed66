"""The patches of all parts of the data of ``cosmology``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from deepsphere_pyg.commands.cosmology.patches import Patches, read_patches


@dataclass(frozen=True)
class Data:
    """The patches of all parts, made when they are first used."""

    options: Any

    @cached_property
    def train(self) -> Patches:
        """Patches to train on."""
        return read_patches(self.options, "train")

    @cached_property
    def validation(self) -> Patches:
        """Patches that select checkpoints and penalties."""
        return read_patches(self.options, "validation")

    @cached_property
    def test(self) -> Patches:
        """Patches to test on."""
        return read_patches(self.options, "test")

    @cached_property
    def spread(self) -> float:
        """Standard deviation of the training maps."""
        return float(np.std(self.train.x, dtype=np.float64))

    def held(self, part: str, level: float) -> np.ndarray[Any, Any]:
        """Return maps of a part with noise that stays the same."""
        patches: Patches = getattr(self, part)
        number = ("validation", "test").index(part)
        return patches.noisy(level * self.spread, number, round(1000 * level))
