"""The loop of all trainings: Lightning, with checkpoints and history of our own."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator, Sequence
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
from samplings.atomic_files import make_folder


def train_loop(
    module: pl.LightningModule,
    train: Iterable[Any],
    validation: Iterable[Any],
    checkpoints: AtomicCheckpoints,
    names: Sequence[str],
    args: argparse.Namespace,
    resume: Path | None,
    clip: float | None = None,
) -> list[dict[str, float]] | None:
    """Train a module, or resume its training.

    Parameters
    ----------
    module
        Module with a ``network``.
    train, validation
        Batches.
    checkpoints
        Their folder, and the value that selects the best.
    names
        Logged values of the history, of which the first three are printed.
    args
        Options ``epochs``, ``device``, and ``tensorboard`` if there is one.
    resume
        Checkpoint to resume from, if there is one.
    clip
        Largest norm of all gradients together; longer gradients are scaled down.

    Returns
    -------
    list of dict, or None
        The history, a row per epoch; None after an interrupt.
    """
    folder = checkpoints.folder
    history = History(folder / "history.csv", names)
    progress = ProgressBar() if sys.stdout.isatty() else EpochLines(names[:3])
    network: Any = module.network
    parameters = sum(p.numel() for p in network.parameters())
    print(f"network    {type(network).__name__}, {parameters:,} parameters")
    make_folder(folder)
    with _quiet_lightning(), _kept_interrupt_handler():
        trainer = pl.Trainer(
            max_epochs=args.epochs,
            # The history comes first, lest an interrupt between the two lose a row.
            callbacks=[history, checkpoints, progress],
            plugins=[CheckedCheckpoints()],
            enable_progress_bar=isinstance(progress, ProgressBar),
            logger=_logger(args, folder),
            enable_checkpointing=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
            gradient_clip_val=clip,
            default_root_dir=folder,
            **_accelerator(args.device),
        )
        try:
            trainer.fit(module, train, validation, ckpt_path=resume, weights_only=True)
        except SystemExit:
            # Lightning turns Ctrl-C into an exit, after the checkpoints are complete.
            if not trainer.interrupted:
                raise
            print(
                f"\ninterrupted; {checkpoints.last_path} holds the last complete "
                "epoch; the same command with --resume continues from there"
            )
            return None
    return history.rows


def _accelerator(device: str) -> dict[str, Any]:
    """Options of the trainer for a PyTorch device."""
    chosen = torch.device(device)
    if chosen.type == "cuda":
        return {"accelerator": "gpu", "devices": [chosen.index or 0]}
    return {"accelerator": chosen.type, "devices": 1}


def _logger(args: argparse.Namespace, folder: Path) -> Any:
    """Logger of TensorBoard, on request."""
    if not getattr(args, "tensorboard", False):
        return False
    from pytorch_lightning.loggers import TensorBoardLogger

    return TensorBoardLogger(folder, name="", version="tensorboard")


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
