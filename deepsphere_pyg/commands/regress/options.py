"""Options of ``regress``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deepsphere_pyg.commands.fields.options import FieldsOptions, LossOptions


@dataclass(frozen=True, kw_only=True)
class RegressOptions(FieldsOptions, LossOptions):
    """Options of the command."""

    @property
    def default_out(self) -> Path:
        """Folder of the results; that of the training would lose its scores."""
        return Path("runs/regress" if self.checkpoint is None else "runs/evaluation")


OPTIONS = RegressOptions
