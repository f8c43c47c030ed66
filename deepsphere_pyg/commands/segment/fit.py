"""Train one network with Lightning."""

from __future__ import annotations

import math
from pathlib import Path

import pytorch_lightning as pl
from pytorch_lightning.loggers import TensorBoardLogger
from torch import Tensor, nn
from torch.utils.data import DataLoader

from deepsphere_pyg.commands.options.resuming import (
    checkpoint_to_resume,
    settings,
    write_config,
)
from deepsphere_pyg.commands.options.training import (
    tell_of_resuming,
    trainer_of,
    training_of,
)
from deepsphere_pyg.commands.segment.options import SegmentOptions
from deepsphere_pyg.datasets import SegmentationDataset, class_shares
from deepsphere_pyg.losses import CrossEntropyLoss
from deepsphere_pyg.training.samplers import EpochShuffle, InOrder
from deepsphere_pyg.training.splitting import Splits
from deepsphere_pyg.training.tasks import SegmentationTask
from deepsphere_pyg.training.trained import Trained, train


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
    options: SegmentOptions,
    network: nn.Module,
    splits: Splits,
    statistics: tuple[Tensor, Tensor],
    folder: Path,
) -> Trained | None:
    """Train a network, or resume its training; return None after an interrupt.

    Parameters
    ----------
    options
        Options of the command, checked. A resumed training may change the number of
        epochs, the batch size and the learning rate: the remaining steps follow the new
        schedule.
    network
        Network to train.
    splits
        Training and validation maps.
    statistics
        Mean and standard deviation of the input channels.
    folder
        Folder of the checkpoints and the history.

    Raises
    ------
    ValueError
        If there is a checkpoint of another training, or training diverges: the
        checkpoints of the last complete epoch and of the best one remain.
    """
    pl.seed_everything(options.seed, verbose=False)
    maps = splits.train
    task = SegmentationTask(
        network,
        maps.class_names,
        maps.sampling,
        loss=CrossEntropyLoss(loss_weights(options.loss_weights, maps)),
        in_channels=len(maps.channel_names),
        options=training_of(options),
        notes={
            "settings": settings(options),
            "channel_names": list(maps.channel_names),
            "target_names": None if options.targets is None else [*options.targets],
            "in_channels": len(maps.channel_names),
            "out_channels": len(maps.class_names),
            "data": splits.description,
            "seed": options.seed,
        },
    )
    if task.standardize is not None:
        task.standardize.fit_(*statistics)
    resume = checkpoint_to_resume(options, task, folder / "last.ckpt")
    trainer = trainer_of(options)
    if options.tensorboard:
        trainer["logger"] = TensorBoardLogger(folder, name="", version="tensorboard")
    shuffled = EpochShuffle(len(maps), options.seed, options.batch_size)
    held = splits.validation
    size, workers = options.batch_size, options.n_workers
    write_config(options, folder)
    trained = train(
        task,
        DataLoader(maps, size, sampler=shuffled, num_workers=workers),
        DataLoader(held, size, sampler=InOrder(len(held)), num_workers=workers),
        folder,
        resume=resume,
        trainer=trainer,
    )
    if trained is None:
        tell_of_resuming()
    return trained
