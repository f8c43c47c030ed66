"""Refuse options of ``qm7`` before the molecules are read."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import pairwise

from deepsphere_pyg.commands.checks import check_device, check_folder
from deepsphere_pyg.training.resume import refuse_to_overwrite
from samplings.arguments import positive_argument

# Of PyTorch's generators.
LARGEST_SEED = 2**63 - 1


def check_qm7_options(args: argparse.Namespace) -> None:
    """Refuse what no run of ``qm7`` can do.

    Raises
    ------
    FileExistsError, OSError
        If ``--out`` has results already, or cannot be written to.
    ValueError
        If an option is out of range, or options contradict each other.
    """
    for name in ("epochs", "batch_size", "threads", "n_validation", "width"):
        value = getattr(args, name)
        if value is not None and value < 1:
            option = name.replace("_", "-")
            raise ValueError(f"--{option} must be at least 1, got {value}")
    if not 0 < args.lr < float("inf"):
        raise ValueError(f"--lr must be positive and finite, got {args.lr}")
    if not 0 <= args.seed <= LARGEST_SEED:
        raise ValueError(f"--seed must be from 0 to 2**63 - 1, got {args.seed}")
    _check_network(args)
    check_device(args.device)
    refuse_to_overwrite(args.out / "last.ckpt", args.resume)
    check_folder(args.out)


def _check_network(args: argparse.Namespace) -> None:
    """Refuse numbers of which no network is made."""
    positive_argument("--tau-max", args.tau_max, "pass a number of fragments, as 3")
    degrees, widths = args.bandlimits, args.channels
    for option, numbers in (("--bandlimits", degrees), ("--channels", widths)):
        if min(numbers) < 1:
            raise ValueError(f"{option} must be at least 1, got {_listed(numbers)}")
    if len(degrees) != len(widths) or len(degrees) < 2:
        raise ValueError(
            "--bandlimits and --channels must have as many numbers, at least two, got "
            f"{_listed(degrees)} and {_listed(widths)}"
        )
    if any(after > before for before, after in pairwise(degrees)):
        raise ValueError(
            f"--bandlimits must not rise, got {_listed(degrees)}; start with the "
            "highest"
        )
    if args.mixing == "rmst" and min(degrees[:-1]) < 2:
        raise ValueError(
            "--mixing rmst needs --bandlimits of 2 or more but for the last, got "
            f"{_listed(degrees)}; pass --mixing mst"
        )


def _listed(numbers: Sequence[int]) -> str:
    """Numbers as they are passed."""
    return " ".join(str(number) for number in numbers)
