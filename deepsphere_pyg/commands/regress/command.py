"""``deepsphere-pyg regress``: predict numbers from fields in files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deepsphere_pyg.commands.fields.losses import LOSSES, LossOptions
from deepsphere_pyg.commands.fields.options import FieldsOptions
from deepsphere_pyg.commands.fields.running import run_fields
from deepsphere_pyg.training.tasks import GlobalRegressionTask, RegressionTask


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
