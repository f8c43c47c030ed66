"""``deepsphere-pyg regress``: predict numbers from fields in files."""

from __future__ import annotations

from deepsphere_pyg.commands.fields.running import run_fields
from deepsphere_pyg.commands.regress.options import RegressOptions


def run(options: RegressOptions) -> int:
    """Run the command and return its exit status."""
    kinds = ("RegressionTask", "GlobalRegressionTask")
    return run_fields(options, kinds, options.loss, target_kind="numbers")
