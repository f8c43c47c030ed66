"""Refuse options of ``qm7`` before the molecules are read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from deepsphere_pyg.commands.options.training import prepare
from deepsphere_pyg.commands.qm7.options import QM7Options
from samplings.arguments import positive_argument


def check_qm7_options(options: QM7Options) -> None:
    """Refuse options that no run of ``qm7`` can have.

    Raises
    ------
    OSError
        If ``--out`` cannot be written to.
    ValueError
        If an option is out of range, options contradict each other, or ``--out`` has
        results already.
    """
    _check_files(options)
    positive_argument("--tau-max", options.tau_max, "pass a number of fragments, as 3")
    degrees, widths = options.bandlimits, options.channels
    for option, numbers in (("--bandlimits", degrees), ("--channels", widths)):
        if min(numbers) < 1:
            raise ValueError(f"{option} must be at least 1, got {_listed(numbers)}")
    if len(degrees) != len(widths) or len(degrees) < 2:
        raise ValueError(
            "--bandlimits and --channels must have the same length, at least two, got "
            f"{_listed(degrees)} and {_listed(widths)}"
        )
    if any(after > before for before, after in pairwise(degrees)):
        raise ValueError(
            f"--bandlimits must not rise, got {_listed(degrees)}; start with the "
            "highest"
        )
    if options.mixing == "rmst" and min(degrees[:-1]) < 2:
        raise ValueError(
            "--mixing rmst needs --bandlimits of at least 2 before the last, got "
            f"{_listed(degrees)}; pass --mixing mst"
        )
    prepare(options, "n_validation", "width")


def _check_files(options: QM7Options) -> None:
    """Refuse files that do not make a training, an evaluation or a prediction."""
    if options.checkpoint is None:
        if options.molecules is not None:
            raise ValueError(
                "--molecules needs --checkpoint FILE, the network that predicts their "
                "energies"
            )
        if options.root is None:
            raise ValueError(
                "--root FOLDER is needed to train; to predict energies, pass "
                "--checkpoint FILE and --molecules FILE"
            )
    else:
        if options.resume:
            raise ValueError(
                "--checkpoint evaluates or predicts and --resume trains; pass one of "
                "them"
            )
        if (options.root is None) == (options.molecules is None):
            raise ValueError(
                "--checkpoint needs --root FOLDER, to test it on a fold, or "
                "--molecules FILE, to predict their energies; pass one of them"
            )
    if options.unit is not None and options.molecules is None:
        raise ValueError(
            "--unit is that of the positions of --molecules FILE; pass one, or leave "
            "it out"
        )


def _listed(numbers: Sequence[int]) -> str:
    """Numbers as the shell passes them."""
    return " ".join(str(number) for number in numbers)
