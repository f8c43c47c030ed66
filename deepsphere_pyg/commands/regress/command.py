"""``deepsphere-pyg regress``: predict numbers from fields in files."""

from __future__ import annotations

from deepsphere_pyg.commands.fields.losses import LOSSES
from deepsphere_pyg.commands.fields.running import run_fields
from deepsphere_pyg.commands.regress.options import RegressOptions
from deepsphere_pyg.training.tasks import GlobalRegressionTask, RegressionTask


def run(options: RegressOptions) -> int:
    """Run the command and return its exit status."""
    kinds = (RegressionTask, GlobalRegressionTask)
    return run_fields(options, kinds, LOSSES[options.loss](), target_kind="numbers")
