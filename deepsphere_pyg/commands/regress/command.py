"""``deepsphere-pyg regress``: predict numbers from fields in files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from torch import nn

from deepsphere_pyg.commands.fields.options import FieldsOptions
from deepsphere_pyg.commands.fields.running import run_fields
from deepsphere_pyg.commands.options.parsing import Options
from deepsphere_pyg.losses import HuberLoss, L1Loss, L2Loss
from deepsphere_pyg.training.tasks import GlobalRegressionTask, RegressionTask

LOSSES: dict[str, type[nn.Module]] = {"l2": L2Loss, "l1": L1Loss, "huber": HuberLoss}


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
class RegressOptions(FieldsOptions, LossOptions):
    """Options of the command."""

    @property
    def default_out(self) -> Path:
        """Folder of the results; that of the training would lose its scores."""
        return Path("runs/regress" if self.checkpoint is None else "runs/evaluation")


OPTIONS = RegressOptions


def run(options: RegressOptions) -> int:
    """Run the command and return its exit status."""
    kinds = (RegressionTask, GlobalRegressionTask)
    return run_fields(options, kinds, LOSSES[options.loss](), target_kind="numbers")
