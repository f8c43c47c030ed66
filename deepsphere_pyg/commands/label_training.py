"""Training of networks that predict labels of whole inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytorch_lightning as pl

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
from deepsphere_pyg.models import SavedModel
from deepsphere_pyg.training.tasks import Task
from deepsphere_pyg.training.trained import Trained, train


def train_labels(
    options: Any,
    kind: Callable[..., Task],
    network: SavedModel,
    training: Iterable[Any],
    validation: Iterable[Any],
    **arguments: Any,
) -> Trained | None:
    """Train a network, or resume its training; return None after an interrupt.

    Parameters
    ----------
    options
        Options of the command, checked.
    kind
        Class of the task.
    network
        Network to train.
    training, validation
        Batches.
    **arguments
        Further arguments of the task.

    Raises
    ------
    ValueError
        If there is a checkpoint of another training, or training diverges.
    """
    pl.seed_everything(options.seed, verbose=False)
    notes = {"settings": settings(options), "seed": options.seed}
    task = kind(network, options=training_of(options), notes=notes, **arguments)
    resume = checkpoint_to_resume(options, task, options.folder / "last.ckpt")
    trainer = {"gradient_clip_val": 1.0, **trainer_of(options)}
    write_config(options, options.folder)
    trained = train(
        task, training, validation, options.folder, resume=resume, trainer=trainer
    )
    if trained is None:
        tell_of_resuming()
    return trained
