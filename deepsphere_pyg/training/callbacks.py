"""Callbacks of the training loop: checkpoints, and the record of scores."""

from __future__ import annotations

import csv
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback, TQDMProgressBar
from torch.utils.data import Sampler

from samplings.atomic_files import atomic_path
from samplings.reading import reading

#: Values that trainings of segmentation log each epoch.
SEGMENTATION = ("train/loss", "val/loss", "val/mAP", "val/accuracy", "val/IoU")


class AtomicCheckpoints(Callback):
    """Keep ``last.ckpt`` and ``best.ckpt``, each replaced only by a complete file.

    Both are written after validation, at the end of an epoch, so that a resumed
    training gives the results of an uninterrupted one. A first one is written before
    the first epoch, so that any training can be resumed.

    Parameters
    ----------
    folder
        Folder of the checkpoints.
    monitor
        Logged value that is highest for the best checkpoint, the first of equal ones.
        While it is NaN, because no vertex is of the classes that it ranks, the lowest
        validation loss selects the checkpoint.
    lowest
        Whether the lowest value is the best instead.
    """

    def __init__(
        self, folder: Path, monitor: str = "val/mAP", *, lowest: bool = False
    ) -> None:
        self.folder = folder
        self.monitor = monitor
        self.sign = -1.0 if lowest else 1.0
        self.best: float | None = None
        self.best_epoch: int | None = None

    @property
    def last_path(self) -> Path:
        """File of the state after the last complete epoch."""
        return self.folder / "last.ckpt"

    @property
    def best_path(self) -> Path:
        """File of the state with the best validation score."""
        return self.folder / "best.ckpt"

    def state_dict(self) -> dict[str, Any]:
        """Best score so far, kept in the checkpoint."""
        return {"best": self.best, "best_epoch": self.best_epoch}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the best score from a checkpoint."""
        self.best = state_dict["best"]
        self.best_epoch = state_dict["best_epoch"]

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Write a first checkpoint, in case of an interrupt before the first epoch."""
        if trainer.current_epoch == 0:
            self._save(trainer, self.last_path)
        else:
            print(f"resuming   after epoch {trainer.current_epoch}")

    def on_train_epoch_end(
        self, trainer: pl.Trainer, module: pl.LightningModule
    ) -> None:
        """Write the checkpoints, after validation."""
        score = float(trainer.callback_metrics[self.monitor])
        higher = self.sign * score
        if math.isnan(score):
            if self.best is None:
                warnings.warn(
                    "no validation vertex is of a foreground class: the best weights "
                    "are those of the lowest validation loss",
                    stacklevel=2,
                )
            score = -float(trainer.callback_metrics["val/loss"])
            higher = score
        if self.best is None or higher > self.sign * self.best:
            self.best, self.best_epoch = score, trainer.current_epoch
            self._save(trainer, self.best_path)
        self._save(trainer, self.last_path)

    def _save(self, trainer: pl.Trainer, path: Path) -> None:
        # Whole or not at all: see CheckedCheckpoints.
        trainer.save_checkpoint(path)


class History(Callback):
    """Write one row of ``history.csv`` per epoch.

    Parameters
    ----------
    path
        The file. Rows of an earlier, interrupted run are kept up to the epoch that the
        run resumes from.
    names
        Logged values that make a row.
    """

    def __init__(self, path: Path, names: Sequence[str] = SEGMENTATION) -> None:
        self.path = path
        self.names = tuple(names)
        self.rows: list[dict[str, float]] = []

    def setup(
        self, trainer: pl.Trainer, module: pl.LightningModule, stage: str
    ) -> None:
        """Read the rows of the run that this one resumes."""
        if self.path.exists():
            self.rows = self._kept()

    def _kept(self) -> list[dict[str, float]]:
        """Rows of the file.

        Raises
        ------
        ValueError
            If it is damaged, or has other columns.
        """
        columns = {"epoch", *self.names}
        remedy = (
            "delete it, and the training resumes without the rows of earlier epochs"
        )
        with reading(self.path, "the history of a training", remedy):
            with self.path.open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            for row in rows:
                if set(row) != columns:
                    raise ValueError(
                        f"the columns must be {', '.join(sorted(columns))}, got "
                        f"{', '.join(map(str, row))}"
                    )
            return [{name: float(row[name]) for name in row} for row in rows]

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Drop the rows of epochs that are run again."""
        self.rows = [row for row in self.rows if row["epoch"] <= trainer.current_epoch]

    def on_train_epoch_end(
        self, trainer: pl.Trainer, module: pl.LightningModule
    ) -> None:
        """Append the epoch's scores and rewrite the file."""
        row = {"epoch": float(trainer.current_epoch + 1)}
        row |= {name: float(trainer.callback_metrics[name]) for name in self.names}
        self.rows.append(row)
        write_rows(self.path, self.rows)


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write dictionaries of the same keys as a CSV file, whole or not at all."""
    with atomic_path(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


class EpochShuffle(Sampler[int]):
    """Shuffle by seed and epoch alone, so that a resumed training sees the same order.

    Parameters
    ----------
    length
        Number of samples.
    seed
        Seed of the whole training.
    """

    def __init__(self, length: int, seed: int) -> None:
        self.length = length
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Set the number of the epoch; Lightning calls this."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Any:
        order = np.random.default_rng([self.seed, self.epoch]).permutation(self.length)
        return iter(order.tolist())


class EpochLines(Callback):
    """Print a line per epoch, for logs, which a progress bar would clutter.

    Parameters
    ----------
    names
        Logged values to print.
    """

    def __init__(self, names: Sequence[str] = SEGMENTATION[:3]) -> None:
        self.names = tuple(names)

    def on_train_epoch_end(
        self, trainer: pl.Trainer, module: pl.LightningModule
    ) -> None:
        """Print the values."""
        values = trainer.callback_metrics
        scores = "  ".join(f"{name} {float(values[name]):.4g}" for name in self.names)
        print(
            f"epoch      {trainer.current_epoch + 1}/{trainer.max_epochs}  {scores}",
            flush=True,
        )


class ProgressBar(TQDMProgressBar):
    """Lightning's bar without the version number of its logger."""

    def get_metrics(
        self, trainer: pl.Trainer, module: pl.LightningModule
    ) -> dict[str, Any]:
        """Scores shown by the bar."""
        metrics: dict[str, Any] = super().get_metrics(trainer, module)
        metrics.pop("v_num", None)
        return metrics
