"""Options that all trainings share, and checks of them before any work is done."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure

from deepsphere_pyg.commands.options.lightning import add_trainer, trainer_arguments
from deepsphere_pyg.commands.options.parsing import ADDED_BY, METAVAR, Options, flag
from deepsphere_pyg.commands.options.resuming import refuse_to_overwrite, settings
from deepsphere_pyg.training.loop import accelerator_options
from deepsphere_pyg.training.options import TrainingOptions
from samplings.atomic_files import atomic_path, make_folder

# Status that shells give a process that Ctrl-C ended.
INTERRUPTED = 130


@dataclass(frozen=True, kw_only=True)
class OutputOptions(Options):
    """Output.

    Parameters
    ----------
    out
        Folder of the results.
    resume
        Continue from the last checkpoint in --out, if it exists; --epochs, --lr and
        --batch-size may change, and the remaining epochs follow their schedule.
    """

    out: Path | None = None
    resume: bool = False

    @property
    def default_out(self) -> Path:
        """Folder of the results if ``--out`` is not given."""
        return Path("runs")

    @property
    def folder(self) -> Path:
        """Folder of the results."""
        return self.default_out if self.out is None else self.out


@dataclass(frozen=True, kw_only=True)
class MachineOptions(Options):
    """Machine, and options of Lightning's trainer.

    Parameters
    ----------
    device
        Device to compute on: cpu, cuda, cuda:N, or auto for the fastest.
    threads
        CPU threads of PyTorch (default: OMP_NUM_THREADS, else one per core).
    trainer
        Arguments of Lightning's Trainer: a YAML file of them, or each by itself, as
        --trainer.precision bf16-mixed or --trainer.callbacks EarlyStopping
        --trainer.callbacks.monitor val/loss.
    """

    device: str = field(default="auto", metadata={METAVAR: "NAME"})
    threads: int | None = None
    trainer: Mapping[str, Any] = field(
        default_factory=dict, metadata={ADDED_BY: add_trainer}
    )

    def __post_init__(self) -> None:
        check_device(self.device)
        super().__post_init__()

    @property
    def torch_device(self) -> str:
        """Device of predictions."""
        return torch_device(self.device)


def torch_device(name: str) -> str:
    """Return the device of predictions that a value of ``--device`` stands for."""
    if name != "auto":
        return name
    return "cuda" if torch.cuda.is_available() else "cpu"


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
        torch.set_num_threads(options.threads)


def required(options: Any, name: str, text: str) -> Any:
    """Return the value of an option that must be given.

    Raises
    ------
    ValueError
        If it is not.
    """
    value = getattr(options, name)
    if value is None:
        raise ValueError(f"--{flag(name)} is required: {text}")
    return value


def training_of(options: TrainingOptions) -> TrainingOptions:
    """Return the options of the loop among those of a command."""
    names = [one.name for one in fields(TrainingOptions)]
    return TrainingOptions(**{name: getattr(options, name) for name in names})


def trainer_of(options: MachineOptions) -> dict[str, Any]:
    """Return the arguments of Lightning's trainer."""
    return accelerator_options(options.device) | trainer_arguments(options.trainer)


def tell_of_resuming() -> None:
    """Tell how to go on after an interrupt."""
    print("the same command with --resume continues from there")


def check_device(name: str) -> None:
    """Refuse a device that PyTorch cannot compute on.

    Raises
    ------
    ValueError
        If the name is neither auto, cpu nor cuda, or the device does not exist.
    """
    if name == "auto":
        return
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or device.type not in ("cpu", "cuda"):
        raise ValueError(f"--device must be auto, cpu, cuda or cuda:N, got {name!r}")
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


def run_facts(options: Any) -> dict[str, Any]:
    """The settings and software of a run, for ``metrics.json``."""
    return {
        "settings": settings(options),
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
