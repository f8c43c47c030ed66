"""Options of commands that train on fields in files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from deepsphere_pyg.commands.options.fields import (
    NEEDED,
    InputOptions,
    PartOptions,
    TargetOptions,
)
from deepsphere_pyg.commands.options.machine import MachineOptions, OutputOptions
from deepsphere_pyg.commands.options.network import NetworkOptions
from deepsphere_pyg.commands.options.parsing import Options
from deepsphere_pyg.commands.options.sampling import SamplingOptions
from deepsphere_pyg.training.options import TrainingOptions


@dataclass(frozen=True, kw_only=True)
class CheckpointOptions(Options):
    """Evaluation.

    Parameters
    ----------
    checkpoint
        Do not train: test this checkpoint, which brings its sampling, network and data
        options, on the test samples or, with --test all, on all samples of --fields.
        Another --sampling moves the weights there.
    """

    checkpoint: Path | None = None


@dataclass(frozen=True, kw_only=True)
class LossOptions(Options):
    """Loss.

    Parameters
    ----------
    loss
        Loss of the standardized targets: squared error, absolute error, or Huber's.
    """

    loss: Literal["l2", "l1", "huber"] = "l2"


@dataclass(frozen=True, kw_only=True)
class FieldsOptions(
    InputOptions,
    TargetOptions,
    PartOptions,
    SamplingOptions,
    NetworkOptions,
    CheckpointOptions,
    OutputOptions,
    MachineOptions,
    TrainingOptions,
):
    """Options of commands that train on fields in files."""

    @property
    def needed(self) -> Mapping[str, str]:
        """Options that must be given beside the others; a checkpoint brings them."""
        return {} if self.checkpoint is not None else NEEDED
