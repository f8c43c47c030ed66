"""Refuse options of ``qm7`` before the molecules are read."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import pairwise

from deepsphere_pyg.commands.options.training import check_training_options
from samplings.arguments import positive_argument


def check_qm7_options(args: argparse.Namespace) -> None:
    """Refuse options that no run of ``qm7`` can have.

    Raises
    ------
    OSError
        If ``--out`` cannot be written to.
    ValueError
        If an option is out of range, options contradict each other, or ``--out`` has
        results already.
    """
    positive_argument("--tau-max", args.tau_max, "pass a number of fragments, as 3")
    degrees, widths = args.bandlimits, args.channels
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
    if args.mixing == "rmst" and min(degrees[:-1]) < 2:
        raise ValueError(
            "--mixing rmst needs --bandlimits of at least 2 before the last, got "
            f"{_listed(degrees)}; pass --mixing mst"
        )
    check_training_options(args, "n_validation", "width")


def _listed(numbers: Sequence[int]) -> str:
    """Numbers as the shell passes them."""
    return " ".join(str(number) for number in numbers)
