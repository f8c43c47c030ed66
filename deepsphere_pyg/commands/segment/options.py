"""Options of ``segment``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from deepsphere_pyg.commands.fields.options import CheckpointOptions
from deepsphere_pyg.commands.options.fields import (
    InputOptions,
    PartOptions,
    TargetOptions,
)
from deepsphere_pyg.commands.options.machine import MachineOptions, OutputOptions
from deepsphere_pyg.commands.options.network import NetworkOptions
from deepsphere_pyg.commands.options.parsing import METAVAR, Options
from deepsphere_pyg.commands.options.sampling import SamplingOptions
from deepsphere_pyg.training.options import TrainingOptions


@dataclass(frozen=True, kw_only=True)
class DataOptions(Options):
    """Data.

    Parameters
    ----------
    data
        Events: generated weather with cyclones and atmospheric rivers; netcdf: any file
        that xarray reads; others: published data sets, read from --root (default: that
        of --checkpoint, else netcdf with --fields, else events).
    root
        Folder of the files of a published data set.
    n_train
        Training maps of --data events.
    n_validation
        Validation maps of --data events, used to select the checkpoint.
    n_test
        Test maps of --data events.
    rotate
        Maps of --data events that are rotated at random, each by its own rotation.
    """

    data: (
        Literal[
            "events",
            "netcdf",
            "climate-sphere-l5",
            "cam5",
            "climatenet",
            "extreme-weather",
        ]
        | None
    ) = None
    root: Path | None = None
    n_train: int = 300
    n_validation: int = 40
    n_test: int = 40
    rotate: Literal["none", "test", "all"] = "none"


@dataclass(frozen=True, kw_only=True)
class ClassOptions(Options):
    """Classes and loss.

    Parameters
    ----------
    missing_label
        Name of the class of pixels without a label, such as land.
    min_share
        Merge classes with a smaller share of the area into 'other'.
    loss_weights
        Weight of each class in the loss: none, balanced (inverse to its area), or
        numbers W,W,...
    baseline
        Also train a network that sees single pixels, for comparison.
    tensorboard
        Also write TensorBoard logs.
    """

    missing_label: str | None = field(default=None, metadata={METAVAR: "NAME"})
    min_share: float = 0.0
    loss_weights: str = field(default="none", metadata={METAVAR: "W,W,..."})
    baseline: bool = False
    tensorboard: bool = False


@dataclass(frozen=True, kw_only=True)
class SegmentOptions(
    DataOptions,
    InputOptions,
    TargetOptions,
    PartOptions,
    ClassOptions,
    SamplingOptions,
    NetworkOptions,
    CheckpointOptions,
    OutputOptions,
    MachineOptions,
    TrainingOptions,
):
    """Options of the command."""

    @property
    def default_out(self) -> Path:
        """Folder of the results; that of the training would lose its scores."""
        return Path("runs/segment" if self.checkpoint is None else "runs/evaluation")


OPTIONS = SegmentOptions
STANDS_FOR = {
    # A small run of the whole command: minutes on two cores, with useful results.
    "--demo": "--nside 32 --network small --baseline --n-train 200 --n-validation 24 "
    "--n-test 32 --epochs 16 --batch-size 4 --lr 4e-3"
}
