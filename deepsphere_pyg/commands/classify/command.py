"""``deepsphere-pyg classify``: predict classes of whole maps from fields in files."""

from __future__ import annotations

from deepsphere_pyg.commands.classify.options import ClassifyOptions
from deepsphere_pyg.commands.fields.running import run_fields


def run(options: ClassifyOptions) -> int:
    """Run the command and return its exit status."""
    return run_fields(options, ("ClassificationTask",), None, target_kind="classes")
