"""Train one network with Lightning."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import pytorch_lightning as pl
from pytorch_lightning.loggers import TensorBoardLogger
from torch.utils.data import DataLoader

from deepsphere_pyg.commands.resuming import checkpoint_to_resume, fixed_settings
from deepsphere_pyg.commands.training_options import options_of, tell_of_resuming
from deepsphere_pyg.datasets import SegmentationDataset, class_shares
from deepsphere_pyg.losses import CrossEntropyLoss
from deepsphere_pyg.models import SphericalModel
from deepsphere_pyg.training.callbacks import EpochShuffle
from deepsphere_pyg.training.fitting import Trained, train
from deepsphere_pyg.training.loop import accelerator_options
from deepsphere_pyg.training.splitting import Splits
from deepsphere_pyg.training.tasks import SegmentationTask


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
) -> Trained | None:
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
    resume = checkpoint_to_resume(args, network, splits, folder / "last.ckpt")
    train_maps, options = splits.train, options_of(args)
    task = SegmentationTask(
        network,
        train_maps.class_names,
        loss=CrossEntropyLoss(loss_weights(args.loss_weights, train_maps)),
        options=options,
        notes={
            "settings": fixed_settings(args),
            "channel_names": list(train_maps.channel_names),
            "data": splits.description,
            "seed": args.seed,
        },
    )
    trainer = accelerator_options(args.device)
    if args.tensorboard:
        trainer["logger"] = TensorBoardLogger(folder, name="", version="tensorboard")
    shuffled = EpochShuffle(len(train_maps), args.seed)
    trained = train(
        task,
        DataLoader(train_maps, batch_size=args.batch_size, sampler=shuffled),
        DataLoader(splits.validation, batch_size=args.batch_size),
        folder,
        resume=resume,
        trainer=trainer,
    )
    if trained is None:
        tell_of_resuming()
    return trained
