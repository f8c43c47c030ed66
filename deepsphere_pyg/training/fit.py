"""Train one network with Lightning."""

from __future__ import annotations

import argparse
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from deepsphere_pyg.datasets import SegmentationDataset, class_shares
from deepsphere_pyg.models import SphericalModel, load_model, read_header
from deepsphere_pyg.training.callbacks import (
    AtomicCheckpoints,
    EpochShuffle,
    History,
    ProgressBar,
)
from deepsphere_pyg.training.data_options import Splits
from deepsphere_pyg.training.module import SegmentationModule


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
        If the choice is none of these, a weight is negative, or a class to be balanced
        does not occur.
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
    if len(weights) != len(dataset.class_names) or min(weights) < 0:
        raise ValueError(
            "--loss-weights must be 'none', 'balanced' or one number >= 0 a class "
            f"({', '.join(dataset.class_names)}), got {choice!r}"
        )
    return weights


def fit(
    args: argparse.Namespace, network: SphericalModel, splits: Splits, folder: Path
) -> Fitted | None:
    """Train a network, or go on training it; None where the user interrupted.

    Parameters
    ----------
    args
        Options ``epochs``, ``batch_size``, ``lr``, ``loss_weights``, ``seed``,
        ``device``, ``resume`` and ``tensorboard``.
    network
        Network to train.
    splits
        Training and validation maps.
    folder
        Where checkpoints and the history go.
    """
    pl.seed_everything(args.seed, verbose=False)
    checkpoints = AtomicCheckpoints(folder)
    resume = _checkpoint_to_resume(args, network, splits, checkpoints.last_path)
    train, validation = splits.train, splits.validation
    steps = -(-len(train) // args.batch_size) * args.epochs
    module = SegmentationModule(
        network,
        train.class_names,
        loss_weights(args.loss_weights, train),
        args.lr,
        steps,
        notes={
            "channel_names": list(train.channel_names),
            "data": splits.description,
            "seed": args.seed,
        },
    )
    history = History(folder / "history.csv")
    parameters = sum(p.numel() for p in network.parameters())
    print(f"network    {type(network).__name__}, {parameters:,} parameters")
    folder.mkdir(parents=True, exist_ok=True)
    with _quiet_lightning():
        trainer = pl.Trainer(
            max_epochs=args.epochs,
            callbacks=[checkpoints, history, ProgressBar()],
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
    best = load_model(checkpoints.best_path)
    return Fitted(
        best,
        history.rows,
        checkpoints.best_path,
        {"best": checkpoints.best, "best_epoch": checkpoints.best_epoch},
    )


def _checkpoint_to_resume(
    args: argparse.Namespace, network: SphericalModel, splits: Splits, path: Path
) -> Path | None:
    """Path of the checkpoint to go on from, if it is of this very network."""
    if not path.exists():
        return None
    if not args.resume:
        raise ValueError(
            f"{path} is there already: pass --resume to go on from it, "
            "or another --out to keep it"
        )
    kept = read_header(path)
    # load_model says what is wrong with a checkpoint of another sampling.
    load_model(path, sampling=network.sampling)
    graph = dict(network.pyramid.config)
    if kept.get("class_names") != list(splits.train.class_names):
        raise ValueError(
            f"{path} knows the classes {', '.join(kept.get('class_names', ()))}, the "
            f"data have {', '.join(splits.train.class_names)}; train into another --out"
        )
    if (kept["model_config"], kept["pyramid"]) != (network.config, graph):
        raise ValueError(
            f"{path} is of another network or graph; "
            "train into another --out, or pass the options it was trained with"
        )
    return path


def _accelerator(device: str) -> dict[str, Any]:
    """Lightning's words for a PyTorch device."""
    try:
        chosen = torch.device(device)
    except RuntimeError as error:
        raise ValueError(
            f"--device must be cpu, cuda or cuda:N, got {device!r}"
        ) from error
    if chosen.type == "cuda":
        if not torch.cuda.is_available():
            raise ValueError("--device cuda: PyTorch finds no CUDA device here")
        return {"accelerator": "gpu", "devices": [chosen.index or 0]}
    return {"accelerator": chosen.type, "devices": 1}


def _logger(args: argparse.Namespace, folder: Path) -> Any:
    """TensorBoard's logger where asked for."""
    if not args.tensorboard:
        return False
    try:
        import tensorboard  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "--tensorboard needs TensorBoard: pip install 'deepsphere-pyg[train]'"
        ) from error
    from pytorch_lightning.loggers import TensorBoardLogger

    return TensorBoardLogger(folder, name="", version="tensorboard")


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
