"""Networks that predict a label of a whole input, as Lightning modules."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import torch
from torch import Tensor

from deepsphere_pyg.models import SavedModel
from deepsphere_pyg.training.scheduled import ScheduledModule


class LabelTask(ABC):
    """A learning task: its answers to a batch, its loss and its scores.

    Attributes
    ----------
    names
        Names of the scores.
    monitor
        Score that selects the checkpoint.
    lowest
        Whether the lowest score is the best.
    """

    names: ClassVar[tuple[str, ...]]
    monitor: ClassVar[str]
    lowest: ClassVar[bool]

    @abstractmethod
    def answers(self, network: Any, batch: Any) -> tuple[Tensor, Tensor]:
        """Return the answers of the network to a batch, and the truth."""

    @abstractmethod
    def loss(self, network: Any, answers: Tensor, truth: Tensor) -> Tensor:
        """Return the training loss."""

    @abstractmethod
    def scores(self, answers: Tensor, truth: Tensor) -> dict[str, float]:
        """Return the scores of many answers, by name."""


class LabelModule(ScheduledModule):
    """Train a network for a task; validation logs its scores.

    Parameters
    ----------
    network
        Network to train.
    task
        Its task.
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
        """Drop the answers of the previous epoch."""
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
