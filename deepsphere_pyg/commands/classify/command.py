"""``deepsphere-pyg classify``: predict classes of whole maps from fields in files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deepsphere_pyg.commands.fields.options import FieldsOptions
from deepsphere_pyg.commands.fields.running import run_fields
from deepsphere_pyg.training.tasks import ClassificationTask


@dataclass(frozen=True, kw_only=True)
class ClassifyOptions(FieldsOptions):
    """Options of the command."""

    @property
    def default_out(self) -> Path:
        """Folder of the results; that of the training would lose its scores."""
        return Path("runs/classify" if self.checkpoint is None else "runs/evaluation")


OPTIONS = ClassifyOptions


def run(options: ClassifyOptions) -> int:
    """Run the command and return its exit status."""
    return run_fields(options, (ClassificationTask,), None, target_kind="classes")
