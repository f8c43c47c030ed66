"""``deepsphere-pyg qm7``: energies of molecules, on one of the published folds."""

from __future__ import annotations

from dataclasses import replace

from deepsphere_pyg.commands.qm7.checks import check_qm7_options
from deepsphere_pyg.commands.qm7.options import QM7Options


def run(options: QM7Options) -> int:
    """Run the command and return its exit status."""
    check_qm7_options(options)
    # Late, as PyTorch takes a second to load.
    if options.checkpoint is None:
        from deepsphere_pyg.commands.qm7.training import train

        return train(replace(options, fold=options.test_fold))
    from deepsphere_pyg.commands.qm7.prediction import evaluate, predict

    return evaluate(options) if options.molecules is None else predict(options)
