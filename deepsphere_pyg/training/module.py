"""Training of a segmentation network as a Lightning module."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.datasets import SegmentationSample
from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from deepsphere_pyg.losses import CrossEntropyLoss
from deepsphere_pyg.metrics.segmentation import SegmentationScores, segmentation_scores
from deepsphere_pyg.models import SphericalModel
from deepsphere_pyg.training.scheduled import ScheduledModule


class SegmentationModule(FixedTensors, ScheduledModule):
    """Train a network to classify every vertex of a sphere.

    The loss is :class:`CrossEntropyLoss` with the areas of the cells. The optimiser is
    Adam; its rate follows :func:`rate_at` over the epochs of the trainer.

    Parameters
    ----------
    network
        Maps ``(batch, vertex, channel)`` to logits ``(batch, vertex, class)``; has
        ``sampling`` and ``config``.
    class_names
        One name per class.
    class_weights
        Weight of each class in the loss (default: one).
    learning_rate
        Highest learning rate of Adam.
    notes
        JSON-able facts kept in checkpoints, such as channel names.

    Raises
    ------
    ValueError
        If the number of class weights is not that of the classes; while training, if
        the loss is not finite.
    """

    area: Tensor

    def __init__(
        self,
        network: SphericalModel,
        class_names: Sequence[str],
        class_weights: Sequence[float] | None = None,
        learning_rate: float = 1e-3,
        notes: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            network, learning_rate, notes, {"class_names": list(class_names)}
        )
        if class_weights is not None and len(class_weights) != len(class_names):
            raise ValueError(
                f"loss weights must be one per class, got {len(class_weights)} for "
                f"{len(class_names)} classes: {', '.join(class_names)}"
            )
        self.criterion = CrossEntropyLoss(class_weights)
        self.class_names = tuple(class_names)
        self.keep("area", np.array(network.sampling.weights), torch.float32)
        self._truth: list[Tensor] = []
        self._scores: list[Tensor] = []
        self._area: list[Tensor] = []
        self.scores: SegmentationScores | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``(batch, vertex, class)``."""
        logits: Tensor = self.network(x)
        return logits

    def loss(self, logits: Tensor, batch: SegmentationSample) -> Tensor:
        """Area- and class-weighted cross-entropy over the valid vertices."""
        return cast(Tensor, self.criterion(logits, batch.y, self.area, batch.mask))

    def training_step(self, batch: SegmentationSample, batch_index: int) -> Tensor:
        """Loss of one batch."""
        loss = self.loss(self(batch.x), batch)
        return self.checked_loss(loss, len(batch.x))

    def on_validation_epoch_start(self) -> None:
        """Forget the scores of the epoch before."""
        self._truth, self._scores, self._area = [], [], []

    def validation_step(self, batch: SegmentationSample, batch_index: int) -> None:
        """Keep the probabilities of one batch: average precision needs them all."""
        logits = self(batch.x)
        self.log("val/loss", self.loss(logits, batch), batch_size=len(batch.x))
        self._truth.append(batch.y[batch.mask].cpu())
        self._scores.append(logits.softmax(dim=-1)[batch.mask].float().cpu())
        self._area.append((self.area * batch.mask)[batch.mask].cpu())

    def on_validation_epoch_end(self) -> None:
        """Score all validation maps pooled."""
        self.scores = segmentation_scores(
            torch.cat(self._truth).numpy(),
            torch.cat(self._scores).numpy(),
            self.class_names,
            torch.cat(self._area).numpy(),
        )
        # NaN where the validation maps hold no class of the foreground.
        self.log("val/mAP", self.scores.mean_average_precision, prog_bar=True)
        self.log("val/accuracy", self.scores.mean_accuracy)
        self.log("val/IoU", self.scores.mean_iou)
