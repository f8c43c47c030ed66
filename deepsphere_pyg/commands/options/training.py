"""What all trainings share: checks of options before any work is done, and facts."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepsphere_pyg.commands.options.lightning import trainer_arguments
from deepsphere_pyg.commands.options.machine import MachineOptions
from deepsphere_pyg.commands.options.parsing import flag
from deepsphere_pyg.commands.options.resuming import refuse_to_overwrite, settings
from deepsphere_pyg.training.options import TrainingOptions
from samplings.atomic_files import make_folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import nn

# PyTorch takes a second to load, which graphs alone do without.

# Status that shells give a process that Ctrl-C ended.
INTERRUPTED = 130


def prepare(options: Any, *counts: str) -> None:
    """Refuse options that no training can have, and set the number of threads.

    Parameters
    ----------
    options
        Options of a command.
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
    for name in ("threads", *counts):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise ValueError(f"--{flag(name)} must be at least 1, got {value}")
    if getattr(options, "checkpoint", None) is None:
        refuse_to_overwrite(options.folder / "last.ckpt", options.resume)
    check_folder(options.folder)
    if options.threads is not None:
        import torch

        torch.set_num_threads(options.threads)


def training_of(options: TrainingOptions) -> TrainingOptions:
    """Return the options of the loop among those of a command."""
    names = [one.name for one in fields(TrainingOptions)]
    return TrainingOptions(**{name: getattr(options, name) for name in names})


def trainer_of(options: MachineOptions) -> dict[str, Any]:
    """Return the arguments of Lightning's trainer."""
    # Commands that train nothing, and share this module, do without Lightning.
    from deepsphere_pyg.training.loop import accelerator_options

    return accelerator_options(options.device) | trainer_arguments(options.trainer)


def tell_of_resuming() -> None:
    """Tell how to go on after an interrupt."""
    print("the same command with --resume continues from there")


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


def n_parameters(network: nn.Module) -> int:
    """Number of weights and biases."""
    return sum(p.numel() for p in network.parameters())


def run_facts(options: Any) -> dict[str, Any]:
    """The settings and software of a run, for ``metrics.json``."""
    import torch

    return {
        "settings": settings(options),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }


def write_figures(folder: Path, figures: Mapping[str, Figure]) -> list[Path]:
    """Write figures by file name, each whole or not at all; return their paths."""
    # Loaded late, as Matplotlib itself.
    from deepsphere_pyg.plot.style import save_figure

    paths = [folder / name for name in figures]
    for path, figure in zip(paths, figures.values(), strict=True):
        save_figure(figure, path)
    return paths


def tell_prediction(checkpoint: Path | None, fields: str = "") -> None:
    """Print the line that predicts with a checkpoint."""
    if checkpoint is not None:
        out = checkpoint.parent / "new.nc"
        print(
            f"\nto predict  deepsphere-pyg predict --checkpoint {checkpoint}"
            f"{fields} --out {out}"
        )


def print_files(*paths: Path) -> None:
    """Print the files of a run."""
    print("\nfiles      " + "\n           ".join(map(str, paths)))
