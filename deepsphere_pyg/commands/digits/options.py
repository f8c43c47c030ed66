"""Options of ``digits``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from deepsphere_pyg.commands.options.machine import MachineOptions, OutputOptions
from deepsphere_pyg.commands.options.parsing import Options
from deepsphere_pyg.training.options import TrainingOptions


@dataclass(frozen=True, kw_only=True)
class DigitOptions(Options):
    """Data and network.

    Parameters
    ----------
    root
        mnist.npz, or its folder.
    train
        Train on digits as they are (NR), or each rotated at random (R); both test sets
        are evaluated.
    n_train
        Training digits.
    n_validation
        Digits after those, used to select the checkpoint.
    n_test
        Digits of the test set.
    interpolation
        Projection of the digits: bilinear, or as in the code of Cohen et al. 2018,
        which reveals the orientation of a digit even to invariant networks.
    cache
        Folder for projected digits (default: not kept).
    network
        Network to train; all have at most 60,000 parameters.
    stretch
        Augment training digits by random stretches of about this share; 0 for no
        stretch; for networks on coefficients only.
    """

    root: Path | None = None
    train: Literal["NR", "R"] = "NR"
    n_train: int = 55_000
    n_validation: int = 5_000
    n_test: int = 10_000
    interpolation: Literal["bilinear", "published"] = "bilinear"
    cache: Path | None = None
    network: Literal[
        "generalized",
        "generalized-silu",
        "hybrid",
        "so3",
        "zonal",
        "chebyshev",
        "planar",
    ] = "generalized"
    stretch: float = 0.0


@dataclass(frozen=True, kw_only=True)
class DigitsOptions(DigitOptions, OutputOptions, MachineOptions, TrainingOptions):
    """Options of the command."""

    epochs: int = 20
    batch_size: int = 64
    learning_rate: float = 5e-3

    @property
    def needed(self) -> Mapping[str, str]:
        """Options that must be given beside the others."""
        return {"root": "mnist.npz, or its folder"}

    @property
    def default_out(self) -> Path:
        """Folder of the results if ``--out`` is not given."""
        how = "" if self.interpolation == "bilinear" else f"-{self.interpolation}"
        return Path(f"runs/digits-{self.network}-{self.train}{how}")


OPTIONS = DigitsOptions
