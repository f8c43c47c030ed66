"""Options that all trainings share, and checks of them before any work is done."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure

from deepsphere_pyg.commands.resuming import refuse_to_overwrite, settings
from deepsphere_pyg.training.options import LARGEST_SEED, TrainingOptions
from samplings.atomic_files import atomic_path, make_folder

# Status that shells give a process that Ctrl-C ended.
INTERRUPTED = 130


def add_training_arguments(
    parser: argparse.ArgumentParser,
    samples: str,
    seed: str,
    *,
    epochs: int,
    batch_size: int,
    lr: float,
) -> argparse._ArgumentGroup:
    """Add the options of the loop, with their defaults.

    Parameters
    ----------
    parser
        The command.
    samples
        Name of the samples of a batch, such as ``maps``.
    seed
        Random choices that the seed determines, such as ``data and training``.

    Returns
    -------
    argparse group
        For further options of the training.
    """
    group = parser.add_argument_group("training")
    add = group.add_argument
    add("--epochs", type=int, default=epochs, help="passes over the training set")
    add("--batch-size", type=int, default=batch_size, help=f"{samples} per step")
    add("--lr", type=float, default=lr, help="highest learning rate of Adam")
    add("--seed", type=int, default=0, help=f"random seed of {seed}")
    add("--device", default="cpu", help="device to compute on: cpu, cuda or cuda:N")
    add(
        "--threads",
        type=int,
        help="CPU threads of PyTorch (default: OMP_NUM_THREADS, else one per core)",
    )
    return group


def add_output_arguments(
    parser: argparse.ArgumentParser, default: str, resume: str = ""
) -> argparse._ArgumentGroup:
    """Add ``--out`` and ``--resume``, and return their group."""
    group = parser.add_argument_group("output")
    group.add_argument(
        "--out", type=Path, help=f"folder of the results (default: {default})"
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help=f"continue from the last checkpoint in --out, if it exists{resume}",
    )
    return group


def check_training_options(args: argparse.Namespace, *counts: str) -> None:
    """Refuse options that no training can have, and set the number of threads.

    Parameters
    ----------
    args
        Options of :func:`add_training_arguments` and :func:`add_output_arguments`.
    counts
        Further options that must be at least 1.

    Raises
    ------
    OSError
        If ``--out`` cannot be written to.
    ValueError
        If an option is out of range, or ``--out`` has a checkpoint and ``--resume`` is
        not given.
    """
    for name in ("epochs", "batch_size", "threads", *counts):
        value = getattr(args, name)
        if value is not None and value < 1:
            option = name.replace("_", "-")
            raise ValueError(f"--{option} must be at least 1, got {value}")
    if not 0 < args.lr < float("inf"):
        raise ValueError(f"--lr must be positive and finite, got {args.lr}")
    if not 0 <= args.seed <= LARGEST_SEED:
        raise ValueError(f"--seed must be from 0 to 2**63 - 1, got {args.seed}")
    check_device(args.device)
    if getattr(args, "checkpoint", None) is None:
        refuse_to_overwrite(args.out / "last.ckpt", args.resume)
    check_folder(args.out)
    if args.threads is not None:
        torch.set_num_threads(args.threads)


def options_of(args: argparse.Namespace) -> TrainingOptions:
    """Return the options of the loop."""
    return TrainingOptions(
        epochs=args.epochs,
        batch_size=args.batch_size,
        learning_rate=args.lr,
        seed=args.seed,
    )


def tell_of_resuming() -> None:
    """Tell how to go on after an interrupt."""
    print("the same command with --resume continues from there")


def check_device(name: str) -> None:
    """Refuse a device that PyTorch cannot compute on.

    Raises
    ------
    ValueError
        If the name is neither cpu nor cuda, or the device does not exist.
    """
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or device.type not in ("cpu", "cuda"):
        raise ValueError(f"--device must be cpu, cuda or cuda:N, got {name!r}")
    count = torch.cuda.device_count()
    if device.type == "cuda" and (device.index or 0) >= count:
        raise ValueError(
            f"--device {name}: PyTorch finds {count or 'no'} CUDA devices here; "
            f"pass {'cuda:0 .. cuda:' + str(count - 1) if count else 'cpu'}"
        )


def check_folder(path: Path) -> None:
    """Refuse a folder that cannot be written to; a missing one is not created.

    Raises
    ------
    OSError
        If a file is in the way, or the folder may not be written to.
    """
    existing = path
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if existing == path or not existing.is_dir():
        make_folder(path)
    try:
        tempfile.TemporaryFile(dir=existing).close()
    except OSError as error:
        raise OSError(
            f"cannot write to {existing}: {os.strerror(error.errno or 0)}; "
            "choose another --out"
        ) from error


def n_parameters(network: torch.nn.Module) -> int:
    """Number of weights and biases."""
    return sum(p.numel() for p in network.parameters())


def run_facts(args: argparse.Namespace) -> dict[str, Any]:
    """The settings and software of a run, for ``metrics.json``."""
    return {
        "settings": settings(args),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }


def write_figures(folder: Path, figures: Mapping[str, Figure]) -> list[Path]:
    """Write figures by file name, each whole or not at all; return their paths."""
    paths = [folder / name for name in figures]
    for path, figure in zip(paths, figures.values(), strict=True):
        with atomic_path(path) as temporary:
            figure.savefig(temporary, dpi=110)
    return paths


def print_files(*paths: Path) -> None:
    """Print the files of a run."""
    print("\nfiles      " + "\n           ".join(map(str, paths)))
