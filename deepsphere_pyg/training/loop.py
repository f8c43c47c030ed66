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
from pytorch_lightning.callbacks import Checkpoint
from pytorch_lightning.callbacks import ProgressBar as ProgressBarBase
from pytorch_lightning.plugins import LayerSync

from deepsphere_pyg.processes import tell
from deepsphere_pyg.training.batch_norms import WholeBatchNorms
from deepsphere_pyg.training.callbacks import (
    AtomicCheckpoints,
    EpochLines,
    History,
    ProgressBar,
)
from deepsphere_pyg.training.checkpoint_io import CheckedCheckpoints
from deepsphere_pyg.training.space import SpaceStrategy
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
    "devices": 1,
    "accelerator": "cpu",
}


def train_loop(
    task: Task,
    data: pl.LightningDataModule | tuple[Iterable[Any], Iterable[Any]],
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
    data
        Training and validation batches, or a data module that gives them.
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
    parameters = sum(p.numel() for p in task.network.parameters())
    tell(f"network    {type(task.network).__name__}, {parameters:,} parameters")
    make_folder(folder)
    with _quiet_lightning(), _kept_interrupt_handler():
        trainer = _trainer(options, history, checkpoints, task.options.epochs)
        # Before Lightning does, which reads checkpoints first, and would round them.
        trainer.precision_plugin.convert_module(task)
        modules = isinstance(data, pl.LightningDataModule)
        batches = {"datamodule": data} if modules else _loaders(data)
        try:
            trainer.fit(task, **batches, ckpt_path=resume, weights_only=True)
        except SystemExit:
            # Lightning turns Ctrl-C into an exit, after the checkpoints are complete.
            if not trainer.interrupted or trainer.global_rank > 0:
                raise
            tell(
                f"\ninterrupted; {checkpoints.last_path} holds the last complete epoch"
            )
            return None
        except Exception as error:
            _end_together(trainer, error)
            raise
    # Processes that were spawned have ended, with their history.
    return history.rows or history.read()


def _trainer(
    options: Mapping[str, Any],
    history: History,
    checkpoints: AtomicCheckpoints,
    epochs: int,
) -> pl.Trainer:
    """Return Lightning's trainer."""
    given = {**TRAINER, **options}
    if given.get("strategy") == "space":
        given["strategy"] = SpaceStrategy()
    callbacks = _listed(given.pop("callbacks", None))
    plugins = [CheckedCheckpoints(), *_listed(given.pop("plugins", None))]
    if "sync_batchnorm" not in given and not _has(LayerSync, plugins):
        plugins.append(WholeBatchNorms())
    bar = sys.stdout.isatty() or _has(ProgressBarBase, callbacks)
    if not bar:
        callbacks.insert(0, EpochLines(history.names[:3]))
    elif not _has(ProgressBarBase, callbacks):
        callbacks.insert(0, ProgressBar())
    return pl.Trainer(
        **given,
        # The history comes first, lest an interrupt between the two lose a row.
        callbacks=[history, checkpoints, *callbacks],
        plugins=plugins,
        max_epochs=epochs,
        enable_progress_bar=bar,
        # Those of the user; ours are kept in any case.
        enable_checkpointing=_has(Checkpoint, callbacks),
        default_root_dir=checkpoints.folder,
    )


def _loaders(data: Any) -> dict[str, Any]:
    """Return the arguments of ``Trainer.fit`` for batches."""
    training, validation = data
    return {"train_dataloaders": training, "val_dataloaders": validation}


def _listed(given: Any) -> list[Any]:
    """Return one or several objects as a list."""
    if given is None:
        return []
    return list(given) if isinstance(given, list | tuple) else [given]


def _has(kind: type, objects: Iterable[Any]) -> bool:
    """Whether one of the objects is of a class."""
    return any(isinstance(one, kind) for one in objects)


def _end_together(trainer: pl.Trainer, error: Exception) -> None:
    """Let no process wait for one that has raised an error.

    An error that all processes raise is printed by the first one alone.
    """
    shared = getattr(error, "everywhere", False)
    if trainer.global_rank > 0 and shared:
        before = sys.excepthook

        def print_others(kind: Any, value: Any, trace: Any) -> None:
            if value is not error:
                before(kind, value, trace)

        sys.excepthook = print_others
    kill = getattr(trainer.strategy.launcher, "kill", None)
    if trainer.global_rank == 0 and not shared and kill is not None:
        kill(signal.SIGTERM)


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
