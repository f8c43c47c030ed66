"""Training of networks that predict labels of whole inputs."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import Any

import pytorch_lightning as pl

from deepsphere_pyg.commands.resuming import fixed_settings, labels_to_resume
from deepsphere_pyg.commands.training_options import options_of, tell_of_resuming
from deepsphere_pyg.models import SavedModel
from deepsphere_pyg.training.fitting import Trained, train
from deepsphere_pyg.training.loop import accelerator_options
from deepsphere_pyg.training.tasks import Task


def train_labels(
    args: argparse.Namespace,
    kind: Callable[..., Task],
    network: SavedModel,
    training: Iterable[Any],
    validation: Iterable[Any],
    **options: Any,
) -> Trained | None:
    """Train a network, or resume its training; return None after an interrupt.

    Parameters
    ----------
    args
        Options of the command, checked.
    kind
        Class of the task.
    network
        Network to train.
    training, validation
        Batches.
    **options
        Further arguments of the task.

    Raises
    ------
    ValueError
        If there is a checkpoint of another training, or training diverges.
    """
    pl.seed_everything(args.seed, verbose=False)
    resume = labels_to_resume(args, network, args.out / "last.ckpt")
    notes = {"settings": fixed_settings(args), "seed": args.seed}
    task = kind(network, options=options_of(args), notes=notes, **options)
    trainer = {"gradient_clip_val": 1.0, **accelerator_options(args.device)}
    trained = train(
        task, training, validation, args.out, resume=resume, trainer=trainer
    )
    if trained is None:
        tell_of_resuming()
    return trained
