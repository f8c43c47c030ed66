"""Train one network with Lightning."""

from __future__ import annotations

import argparse
import logging
import math
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from deepsphere_pyg.atomic_files import make_folder
from deepsphere_pyg.datasets import SegmentationDataset, class_shares
from deepsphere_pyg.models import SphericalModel
from deepsphere_pyg.training.callbacks import (
    AtomicCheckpoints,
    EpochLines,
    EpochShuffle,
    History,
    ProgressBar,
)
from deepsphere_pyg.training.module import SegmentationModule
from deepsphere_pyg.training.resume import checkpoint_to_resume, fixed_settings
from deepsphere_pyg.training.splitting import Splits
from deepsphere_pyg.training.trained import spherical_model


@dataclass(frozen=True)
class Fitted:
    """A trained network.

    Attributes
    ----------
    network
        With the weights of the best validation score.
    history
        Scores by epoch.
    checkpoint
        File of the best weights.
    facts
        ``best_epoch`` and ``best`` validation score, where it was trained here.
    """

    network: SphericalModel
    history: list[dict[str, float]]
    checkpoint: Path
    facts: dict[str, Any]


def loss_weights(choice: str, dataset: SegmentationDataset) -> list[float] | None:
    """Weights of the classes in the loss.

    Parameters
    ----------
    choice
        ``none``; ``balanced``: one over each class's share, mean one over the area; or
        comma-separated numbers, one a class.
    dataset
        Training maps.

    Raises
    ------
    ValueError
        If the choice is none of these, a weight is negative or not finite, all are
        zero, or a class to be balanced does not occur.
    """
    if choice == "none":
        return None
    if choice == "balanced":
        shares = class_shares(dataset)
        if not (shares > 0).all():
            missing = [
                name
                for name, share in zip(dataset.class_names, shares, strict=True)
                if not share > 0
            ]
            raise ValueError(
                f"--loss-weights balanced: no training vertex is {', '.join(missing)};"
                " give the weights as numbers"
            )
        return [1.0 / (len(shares) * float(share)) for share in shares]
    try:
        weights = [float(part) for part in choice.split(",")]
    except ValueError:
        weights = []
    sound = all(0 <= weight < math.inf for weight in weights) and any(weights)
    if len(weights) != len(dataset.class_names) or not sound:
        raise ValueError(
            "--loss-weights must be 'none', 'balanced' or one number >= 0 a class "
            f"({', '.join(dataset.class_names)}), not all zero, got {choice!r}"
        )
    return weights


def fit(
    args: argparse.Namespace, network: SphericalModel, splits: Splits, folder: Path
) -> Fitted | None:
    """Train a network, or go on training it; None where the user interrupted.

    Parameters
    ----------
    args
        Options of the command, checked. A resumed training may have another number
        of epochs, batch size or learning rate: the rest of it follows the schedule of
        the new ones.
    network
        Network to train.
    splits
        Training and validation maps.
    folder
        Where checkpoints and the history go.

    Raises
    ------
    ValueError
        If there is a checkpoint of another training, or training diverges: the
        checkpoints of the last whole epoch and of the best one stay.
    """
    pl.seed_everything(args.seed, verbose=False)
    checkpoints = AtomicCheckpoints(folder)
    resume = checkpoint_to_resume(args, network, splits, checkpoints.last_path)
    train, validation = splits.train, splits.validation
    module = SegmentationModule(
        network,
        train.class_names,
        loss_weights(args.loss_weights, train),
        args.lr,
        notes={
            "settings": fixed_settings(args),
            "channel_names": list(train.channel_names),
            "data": splits.description,
            "seed": args.seed,
        },
    )
    history = History(folder / "history.csv")
    progress = ProgressBar() if sys.stdout.isatty() else EpochLines()
    parameters = sum(p.numel() for p in network.parameters())
    print(f"network    {type(network).__name__}, {parameters:,} parameters")
    make_folder(folder)
    with _quiet_lightning(), _kept_interrupt_handler():
        trainer = pl.Trainer(
            max_epochs=args.epochs,
            # The history first: an interrupt between the two loses no row of it.
            callbacks=[history, checkpoints, progress],
            enable_progress_bar=isinstance(progress, ProgressBar),
            logger=_logger(args, folder),
            enable_checkpointing=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
            default_root_dir=folder,
            **_accelerator(args.device),
        )
        try:
            trainer.fit(
                module,
                DataLoader(
                    train,
                    batch_size=args.batch_size,
                    sampler=EpochShuffle(len(train), args.seed),
                ),
                DataLoader(validation, batch_size=args.batch_size),
                ckpt_path=resume,
                weights_only=True,
            )
        except SystemExit:
            # Lightning turns Ctrl-C into an exit; the checkpoints are whole by then.
            if not trainer.interrupted:
                raise
            print(
                f"\ninterrupted; {checkpoints.last_path} holds the last whole epoch: "
                "the same command with --resume goes on from there"
            )
            return None
    best = spherical_model(checkpoints.best_path)
    return Fitted(
        best,
        history.rows,
        checkpoints.best_path,
        {"best": checkpoints.best, "best_epoch": checkpoints.best_epoch},
    )


def _accelerator(device: str) -> dict[str, Any]:
    """Lightning's words for a PyTorch device."""
    chosen = torch.device(device)
    if chosen.type == "cuda":
        return {"accelerator": "gpu", "devices": [chosen.index or 0]}
    return {"accelerator": chosen.type, "devices": 1}


def _logger(args: argparse.Namespace, folder: Path) -> Any:
    """TensorBoard's logger where asked for."""
    if not args.tensorboard:
        return False
    from pytorch_lightning.loggers import TensorBoardLogger

    return TensorBoardLogger(folder, name="", version="tensorboard")


@contextmanager
def _kept_interrupt_handler() -> Iterator[None]:
    """Undo that Lightning, once interrupted, leaves Ctrl-C without effect."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, handler)


@contextmanager
def _quiet_lightning() -> Iterator[None]:
    """Silence advice that does not apply here: maps are made or read in process."""
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
