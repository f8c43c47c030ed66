"""Training of a segmentation network as a Lightning module."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from deepsphere_pyg.datasets import SegmentationSample
from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from deepsphere_pyg.metrics.segmentation import SegmentationScores, segmentation_scores
from deepsphere_pyg.models import SphericalModel
from deepsphere_pyg.training.scheduled import ScheduledModule


class SegmentationModule(FixedTensors, ScheduledModule):
    r"""Train a network to classify every vertex of a sphere.

    The loss is cross-entropy, averaged over valid vertices by area and class weight:

    .. math:: \mathcal L = -\frac{\sum_i m_i a_i c_{y_i} \log p_i(y_i)}
                                 {\sum_i m_i a_i c_{y_i}}

    with the mask m, cell areas a and class weights c. The optimiser is Adam; its rate
    follows :func:`rate_at` over the epochs of the trainer.

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
    class_weights: Tensor

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
        weights = [1.0] * len(class_names) if class_weights is None else class_weights
        if len(weights) != len(class_names):
            raise ValueError(
                f"loss weights must be one per class, got {len(weights)} for "
                f"{len(class_names)} classes: {', '.join(class_names)}"
            )
        self.class_names = tuple(class_names)
        area = np.array(network.sampling.weights)
        # Mean one, so that the loss reads like the plain mean on equal areas.
        self.keep("area", area / area.mean(), torch.float32)
        self.keep("class_weights", np.array(weights, dtype=float), torch.float32)
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
        valid = batch.mask
        importance = (self.area * valid)[valid] * self.class_weights[batch.y[valid]]
        losses = F.cross_entropy(logits[valid], batch.y[valid], reduction="none")
        # A batch without a valid vertex has loss zero, not 0 / 0.
        return (importance * losses).sum() / importance.sum().clamp_min(1e-12)

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
