"""Train one network with Lightning."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from torch.utils.data import DataLoader

from deepsphere_pyg.commands.segment.trained import spherical_model
from deepsphere_pyg.datasets import SegmentationDataset, class_shares
from deepsphere_pyg.models import SphericalModel
from deepsphere_pyg.training.callbacks import (
    SEGMENTATION,
    AtomicCheckpoints,
    EpochShuffle,
)
from deepsphere_pyg.training.loop import train_loop
from deepsphere_pyg.training.module import SegmentationModule
from deepsphere_pyg.training.resume import checkpoint_to_resume, fixed_settings
from deepsphere_pyg.training.splitting import Splits


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
        ``best_epoch`` and ``best`` validation score, if this run trained it.
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
        ``none``; ``balanced``: one over each class's share, with mean one over the
        area; or comma-separated numbers, one for each class.
    dataset
        Training maps.

    Raises
    ------
    ValueError
        If the choice is invalid, a weight is negative or not finite, all weights are
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
                "--loss-weights balanced needs training vertices of all classes, but "
                f"{', '.join(missing)} has no vertex; give the weights as numbers"
            )
        return [1.0 / (len(shares) * float(share)) for share in shares]
    try:
        weights = [float(part) for part in choice.split(",")]
    except ValueError:
        weights = []
    sound = all(0 <= weight < math.inf for weight in weights) and any(weights)
    if len(weights) != len(dataset.class_names) or not sound:
        raise ValueError(
            "--loss-weights must be 'none', 'balanced' or a number >= 0 per class "
            f"({', '.join(dataset.class_names)}), not all zero, got {choice!r}"
        )
    return weights


def fit(
    args: argparse.Namespace, network: SphericalModel, splits: Splits, folder: Path
) -> Fitted | None:
    """Train a network, or resume its training; return None after an interrupt.

    Parameters
    ----------
    args
        Options of the command, checked. A resumed training may change the number of
        epochs, the batch size and the learning rate: the remaining steps follow the new
        schedule.
    network
        Network to train.
    splits
        Training and validation maps.
    folder
        Folder of the checkpoints and the history.

    Raises
    ------
    ValueError
        If there is a checkpoint of another training, or training diverges: the
        checkpoints of the last complete epoch and of the best one remain.
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
    trained = train_loop(
        module,
        DataLoader(
            train,
            batch_size=args.batch_size,
            sampler=EpochShuffle(len(train), args.seed),
        ),
        DataLoader(validation, batch_size=args.batch_size),
        checkpoints,
        SEGMENTATION,
        args,
        resume,
    )
    if trained is None:
        return None
    best = spherical_model(checkpoints.best_path)
    return Fitted(
        best,
        trained,
        checkpoints.best_path,
        {"best": checkpoints.best, "best_epoch": checkpoints.best_epoch},
    )
