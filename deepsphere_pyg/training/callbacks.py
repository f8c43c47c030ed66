"""Callbacks of the training loop: checkpoints, and the record of scores."""

from __future__ import annotations

import csv
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback, TQDMProgressBar

from deepsphere_pyg.processes import from_first
from samplings.atomic_files import write_rows
from samplings.reading import reading

#: Values that trainings of segmentation log each epoch.
SEGMENTATION = ("train/loss", "val/loss", "val/mAP", "val/accuracy", "val/IoU")


class _EpochEnd(Callback):
    """Callback that acts at the end of an epoch, in which validation may be left out.

    Lightning keeps the scores of an earlier validation then.
    """

    validated = False

    def on_train_epoch_start(
        self, trainer: pl.Trainer, module: pl.LightningModule
    ) -> None:
        """Await a validation."""
        self.validated = False

    def on_validation_end(
        self, trainer: pl.Trainer, module: pl.LightningModule
    ) -> None:
        """Note the validation."""
        self.validated = not trainer.sanity_checking

    def value(self, trainer: pl.Trainer, name: str) -> float:
        """Return a logged value of this epoch, NaN if it was not validated."""
        if name.startswith("val/") and not self.validated:
            return math.nan
        return float(trainer.callback_metrics[name])


class AtomicCheckpoints(_EpochEnd):
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

    def setup(
        self, trainer: pl.Trainer, module: pl.LightningModule, stage: str
    ) -> None:
        """Take the folder of the first process, which alone writes."""
        self.folder = trainer.strategy.broadcast(self.folder)

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Write a first checkpoint, in case of an interrupt before the first epoch."""
        if trainer.current_epoch == 0:
            self._save(trainer, self.last_path)
        elif trainer.is_global_zero:
            print(f"resuming   after epoch {trainer.current_epoch}")

    def on_train_epoch_end(
        self, trainer: pl.Trainer, module: pl.LightningModule
    ) -> None:
        """Write the checkpoints, after validation."""
        if self.validated:
            self._compare(trainer)
        self._save(trainer, self.last_path)

    def _compare(self, trainer: pl.Trainer) -> None:
        """Write the checkpoint of the best score, if it is that of this epoch."""
        score = self.value(trainer, self.monitor)
        higher = self.sign * score
        if math.isnan(score):
            if self.best is None and trainer.is_global_zero:
                reason = f"{self.monitor} is not a number"
                if self.monitor == "val/mAP":
                    reason = "no validation vertex is of a foreground class"
                warnings.warn(
                    f"{reason}: the best weights are those of the lowest validation "
                    "loss",
                    stacklevel=2,
                )
            score = -self.value(trainer, "val/loss")
            higher = score
        if self.best is None or higher > self.sign * self.best:
            self.best, self.best_epoch = score, trainer.current_epoch
            self._save(trainer, self.best_path)

    def _save(self, trainer: pl.Trainer, path: Path) -> None:
        # Whole or not at all: see CheckedCheckpoints. All processes take part, and the
        # first one writes.
        trainer.save_checkpoint(path)


class History(_EpochEnd):
    """Write one row of ``history.csv`` per epoch; of several processes, the first does.

    Scores of epochs without validation are NaN.

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
        self.rows = from_first(self.read)

    def read(self) -> list[dict[str, float]]:
        """Return the rows of the file, if there is one.

        Raises
        ------
        ValueError
            If it is damaged, or has other columns.
        """
        if not self.path.exists():
            return []
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
        row |= {name: self.value(trainer, name) for name in self.names}
        self.rows.append(row)
        if trainer.is_global_zero:
            write_rows(self.path, self.rows)


class EpochLines(_EpochEnd):
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
        if not trainer.is_global_zero:
            return
        values = {name: self.value(trainer, name) for name in self.names}
        scores = "  ".join(f"{name} {value:.4g}" for name, value in values.items())
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
