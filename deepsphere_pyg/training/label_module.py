"""Networks that give whole inputs a label, as Lightning modules."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import torch
from torch import Tensor

from deepsphere_pyg.models import SavedModel
from deepsphere_pyg.training.scheduled import ScheduledModule


class LabelTask(ABC):
    """What is learned: how a batch is used, and how answers are scored.

    Attributes
    ----------
    names
        Scores.
    monitor
        That by which the best weights are chosen.
    lowest
        Whether it is the lowest that is the best.
    """

    names: ClassVar[tuple[str, ...]]
    monitor: ClassVar[str]
    lowest: ClassVar[bool]

    @abstractmethod
    def answers(self, network: Any, batch: Any) -> tuple[Tensor, Tensor]:
        """Return what the network makes of a batch, and the truth."""

    @abstractmethod
    def loss(self, network: Any, answers: Tensor, truth: Tensor) -> Tensor:
        """Return what is made small."""

    @abstractmethod
    def scores(self, answers: Tensor, truth: Tensor) -> dict[str, float]:
        """Score many answers, by name."""


class LabelModule(ScheduledModule):
    """Train a network for a task; validation logs its scores.

    Parameters
    ----------
    network
        What to train.
    task
        What for.
    learning_rate, notes
        As for :class:`ScheduledModule`.
    """

    def __init__(
        self,
        network: SavedModel,
        task: LabelTask,
        learning_rate: float,
        notes: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(network, learning_rate, notes)
        self.task = task
        self._seen: list[tuple[Tensor, Tensor]] = []

    def training_step(self, batch: Any, batch_index: int) -> Tensor:
        """Loss of one batch."""
        answers, truth = self.task.answers(self.network, batch)
        loss = self.task.loss(self.network, answers, truth)
        return self.checked_loss(loss, len(truth))

    def on_validation_epoch_start(self) -> None:
        """Forget the epoch before."""
        self._seen = []

    def validation_step(self, batch: Any, batch_index: int) -> None:
        """Keep the answers to one batch."""
        answers, truth = self.task.answers(self.network, batch)
        loss = self.task.loss(self.network, answers, truth)
        self.log("val/loss", loss, batch_size=len(truth))
        self._seen.append((answers, truth))

    def on_validation_epoch_end(self) -> None:
        """Score all answers."""
        answers, truth = (torch.cat(part) for part in zip(*self._seen, strict=True))
        for name, value in self.task.scores(answers, truth).items():
            self.log(f"val/{name}", value, prog_bar=name == self.task.monitor)
