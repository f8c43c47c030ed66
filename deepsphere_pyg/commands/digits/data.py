"""Digits of the parts of ``digits``, projected on the sphere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deepsphere_pyg.commands.digits.options import DigitsOptions
from deepsphere_pyg.commands.options.parsing import required
from deepsphere_pyg.datasets import SphericalMNIST
from samplings import Sampling

ROTATIONS = {"NR": False, "R": True}


@dataclass(frozen=True)
class Digits:
    """Data sets of one sampling and seed."""

    options: DigitsOptions
    sampling: Sampling

    def read(self, split: str, rotate: bool, n: int) -> SphericalMNIST:
        """Project the first n digits of a split."""
        return SphericalMNIST(
            root_of(self.options),
            self.sampling,
            split=split,
            rotate=rotate,
            seed=self.options.seed,
            n_images=n,
            interpolation=self.options.interpolation,
            cache=self.options.cache,
            progress=True,
        )


def root_of(options: DigitsOptions) -> Path:
    """Return the folder of the files."""
    return Path(required(options, "root"))
