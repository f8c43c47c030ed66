"""The loop of all trainings: Lightning, with checkpoints and history of our own."""

from __future__ import annotations

import logging
import signal
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from deepsphere_pyg.training.callbacks import (
    AtomicCheckpoints,
    EpochLines,
    History,
    ProgressBar,
)
from deepsphere_pyg.training.checkpoint_io import CheckedCheckpoints
from deepsphere_pyg.training.tasks.base import Task
from samplings.atomic_files import make_folder

# Arguments of the trainer that belong to the loop, and where they are given instead.
OWN = {
    "max_epochs": "give the epochs of TrainingOptions",
    "enable_checkpointing": "best.ckpt and last.ckpt are kept in the folder; add "
    "callbacks for others",
    "enable_progress_bar": "it is shown on terminals",
    "default_root_dir": "give the folder",
}
# Arguments of the trainer that are chosen here, unless others are given.
TRAINER: dict[str, Any] = {
    "logger": False,
    "enable_model_summary": False,
    "num_sanity_val_steps": 0,
    "use_distributed_sampler": False,
    "devices": 1,
    "accelerator": "cpu",
}


def train_loop(
    task: Task,
    train: Iterable[Any],
    validation: Iterable[Any],
    checkpoints: AtomicCheckpoints,
    names: Sequence[str],
    resume: Path | None,
    options: Mapping[str, Any],
) -> list[dict[str, float]] | None:
    """Train a network, or resume its training.

    Parameters
    ----------
    task
        The network and its task.
    train, validation
        Batches.
    checkpoints
        Their folder, and the value that selects the best.
    names
        Logged values of the history, of which the first three are printed.
    resume
        Checkpoint to resume from, if there is one.
    options
        Further arguments of Lightning's trainer.

    Returns
    -------
    list of dict, or None
        The history, a row per epoch; None after an interrupt.

    Raises
    ------
    ValueError
        If an argument belongs to the loop, or training diverges.
    """
    for name, instead in OWN.items():
        if name in options:
            raise ValueError(f"{name} cannot be given to the trainer; {instead}")
    folder = checkpoints.folder
    history = History(folder / "history.csv", names)
    progress = ProgressBar() if sys.stdout.isatty() else EpochLines(names[:3])
    parameters = sum(p.numel() for p in task.network.parameters())
    print(f"network    {type(task.network).__name__}, {parameters:,} parameters")
    make_folder(folder)
    with _quiet_lightning(), _kept_interrupt_handler():
        given = {**TRAINER, **options}
        # The history comes first, lest an interrupt between the two lose a row.
        own = [history, checkpoints, progress]
        trainer = pl.Trainer(
            **given
            | {
                "callbacks": own + _listed(given.get("callbacks")),
                "plugins": [CheckedCheckpoints(), *_listed(given.get("plugins"))],
            },
            max_epochs=task.options.epochs,
            enable_progress_bar=isinstance(progress, ProgressBar),
            enable_checkpointing=False,
            default_root_dir=folder,
        )
        try:
            trainer.fit(task, train, validation, ckpt_path=resume, weights_only=True)
        except SystemExit:
            # Lightning turns Ctrl-C into an exit, after the checkpoints are complete.
            if not trainer.interrupted:
                raise
            print(
                f"\ninterrupted; {checkpoints.last_path} holds the last complete epoch"
            )
            return None
    return history.rows


def _listed(given: Any) -> list[Any]:
    """Return one or several objects as a list."""
    if given is None:
        return []
    return list(given) if isinstance(given, list | tuple) else [given]


def accelerator_options(device: str) -> dict[str, Any]:
    """Arguments of Lightning's trainer for a PyTorch device, or ``auto``."""
    if device == "auto":
        return {"accelerator": "auto", "devices": 1}
    chosen = torch.device(device)
    if chosen.type == "cuda":
        return {"accelerator": "gpu", "devices": [chosen.index or 0]}
    return {"accelerator": chosen.type, "devices": 1}


@contextmanager
def _kept_interrupt_handler() -> Iterator[None]:
    """Restore the handler of Ctrl-C, which Lightning disables after an interrupt."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, handler)


@contextmanager
def _quiet_lightning() -> Iterator[None]:
    """Silence advice on workers: maps are generated or read in this process."""
    names = ("pytorch_lightning", "lightning.pytorch", "lightning_fabric")
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*does not have many workers.*")
            warnings.filterwarnings(
                "ignore", message=".*smaller than the logging interval.*"
            )
            # Lightning 2.6 still asks PyTorch for what 2.13 is about to drop.
            warnings.filterwarnings("ignore", message=".*LeafSpec.*")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
