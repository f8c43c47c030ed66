"""Train the network of a task."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt
import pytorch_lightning as pl

from deepsphere_pyg.models.checkpoint_file import read_checkpoint
from deepsphere_pyg.processes import from_first
from deepsphere_pyg.training.callbacks import AtomicCheckpoints
from deepsphere_pyg.training.loop import train_loop
from deepsphere_pyg.training.tasks.base import Task


@dataclass(frozen=True)
class Trained:
    """A trained network.

    Attributes
    ----------
    task
        The task, whose network has the weights of the best validation score.
    history
        Losses and scores, a row per epoch.
    best, best_epoch
        The best validation score, and its epoch, counted from 0.
    checkpoint
        File of the best weights; None if no folder was given.
    """

    task: Task
    history: list[dict[str, float]]
    best: float | None
    best_epoch: int | None
    checkpoint: Path | None

    @property
    def network(self) -> Any:
        """The network, in evaluation mode."""
        return self.task.network

    def predict(self, X: npt.ArrayLike, **options: Any) -> npt.NDArray[Any]:
        """Return the answers for many inputs: see :meth:`Task.predict`."""
        return self.task.predict(X, **options)


def train(
    task: Task,
    training: Iterable[Any] | pl.LightningDataModule | None = None,
    validation: Iterable[Any] | None = None,
    folder: str | Path | None = None,
    *,
    datamodule: pl.LightningDataModule | None = None,
    resume: Path | None = None,
    trainer: Mapping[str, Any] | None = None,
) -> Trained | None:
    """Train the network of a task, or resume its training.

    Parameters
    ----------
    task
        The task, with its options.
    training, validation
        Batches. In place of both, ``training`` may be a data module.
    folder
        Folder of the checkpoints and the history; by default nothing is kept.
    datamodule
        A Lightning data module that gives the batches, in place of the two.
    resume
        Checkpoint to resume from, if there is one.
    trainer
        Arguments of Lightning's trainer, which replace those chosen here; callbacks are
        added.

    Returns
    -------
    Trained or None
        None after an interrupt.

    Raises
    ------
    TypeError
        If there are neither batches nor a data module, or both.
    ValueError
        If training diverges: the checkpoints of the last complete epoch and of the best
        one remain.

    Notes
    -----
    Several processes (``devices=2, strategy="ddp"``) do what one process does with the
    batch size of all together: losses of :mod:`deepsphere_pyg.losses` and batch
    normalisations are computed over the whole batch, and validation scores over all
    validation samples. Data loaders have to deal out the samples: see
    :class:`~deepsphere_pyg.training.samplers.EpochShuffle` and
    :class:`~deepsphere_pyg.training.samplers.InOrder`, which :func:`fit` uses; to other
    loaders Lightning gives samplers of its own, which repeat samples where they do not
    divide. Losses of one's own are averaged over the samples, and so differ from those
    of the whole batch if samples do not weigh the same, as with masks. The first
    process writes and prints.
    """
    if isinstance(training, pl.LightningDataModule):
        given, datamodule = datamodule, training
        twice = given is not None or validation is not None
    else:
        twice = datamodule is not None and (training, validation) != (None, None)
    if twice or (datamodule is None and None in (training, validation)):
        raise TypeError(
            "the batches of a training are training and validation, or those of a data "
            f"module, got {'both' if twice else 'neither'}; pass train(task, training, "
            "validation) or train(task, datamodule=...)"
        )
    data: Any = (training, validation) if datamodule is None else datamodule
    _into_training_mode(task)
    with ExitStack() as stack:
        temporary = tempfile.TemporaryDirectory
        place = stack.enter_context(temporary()) if folder is None else folder
        checkpoints = AtomicCheckpoints(
            Path(place), f"val/{task.monitor}", lowest=task.lowest
        )
        names = ["train/loss", f"val/{task.monitor}", "val/loss"]
        names += [f"val/{name}" for name in task.score_names]
        names = list(dict.fromkeys(names))
        history = train_loop(task, data, checkpoints, names, resume, trainer or {})
        if history is None:
            return None
        state, kept, path = from_first(lambda: _best(checkpoints))
    task.load_state_dict(state)
    kept_at = None if folder is None else path
    return Trained(task.eval(), history, kept["best"], kept["best_epoch"], kept_at)


def _into_training_mode(task: Task) -> None:
    """Put a network into training mode that an earlier training, say, took it out of.

    Lightning would train it in evaluation mode. Parts that are in evaluation mode in a
    network that is not, as those whose statistics shall stay, remain so.
    """
    task.training = True
    for part in task.children():
        if not part.training:
            part.train()


def _best(
    checkpoints: AtomicCheckpoints,
) -> tuple[dict[str, Any], dict[str, Any], Path]:
    """Return the best weights, their score and epoch, and their file.

    They are read from the file, since processes that trained may have ended. Without
    validation the weights are the last ones.
    """
    best = checkpoints.best_path
    path = best if best.exists() else checkpoints.last_path
    content = read_checkpoint(path)
    return content["state_dict"], content["callbacks"][checkpoints.state_key], path
