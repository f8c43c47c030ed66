"""Segmentation: a class for each vertex."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from deepsphere_pyg.losses import CrossEntropyLoss
from deepsphere_pyg.metrics.segmentation import segmentation_scores
from deepsphere_pyg.training.options import TrainingOptions
from deepsphere_pyg.training.tasks.base import (
    Task,
    checked_logits,
    refuse_other_outputs,
    sampling_of,
)
from deepsphere_pyg.training.tasks.vertex_parts import relative_areas
from samplings import Sampling, from_config
from samplings.arguments import names_argument


class SegmentationTask(Task):
    r"""Train a network to classify every vertex of a sphere.

    Vertices count by the areas of their cells, in the loss and in the scores. The
    scores are those of :func:`~deepsphere_pyg.metrics.segmentation_scores`, over all
    validation maps together.

    Parameters
    ----------
    network
        Maps ``(batch, vertex, channel)`` to logits ``(batch, vertex, class)``.
    class_names
        One name per class.
    sampling
        Where the vertices are; by default the network's own.
    loss
        A loss of :mod:`deepsphere_pyg.losses` for classes, by default cross-entropy.
    in_channels, options, notes
        As for :class:`Task`.

    Shapes
    ------
    Batches have ``x (batch, V, C)``, ``y (batch, V)`` int64 and ``mask (batch, V)``.

    Raises
    ------
    TypeError
        If the network does not tell its sampling, and it is not given.
    ValueError
        While training, if the loss is not finite.
    """

    score_names: ClassVar[tuple[str, ...]] = ("mAP", "accuracy", "IoU")
    monitor: ClassVar[str] = "mAP"
    lowest: ClassVar[bool] = False
    vertex_axes: ClassVar[Mapping[str, int]] = {"x": 1, "y": 1, "mask": 1}
    area: Tensor

    def __init__(
        self,
        network: nn.Module,
        class_names: Sequence[str],
        sampling: Sampling | Mapping[str, Any] | None = None,
        *,
        loss: nn.Module | None = None,
        in_channels: int | None = None,
        options: TrainingOptions | None = None,
        notes: Mapping[str, Any] | None = None,
    ) -> None:
        names = names_argument("class_names", class_names)
        refuse_other_outputs(network, len(names), "one for each class")
        super().__init__(
            network,
            in_channels=in_channels,
            options=options,
            notes=notes,
            header={"class_names": list(names)},
        )
        if isinstance(sampling, Mapping):
            sampling = from_config(sampling)
        self.sampling = sampling_of(network, sampling)
        self.class_names = names
        self.loss = CrossEntropyLoss() if loss is None else loss
        self.keep("area", relative_areas(self.sampling), torch.float32)

    @property
    def config(self) -> dict[str, Any]:
        """Arguments, beside the network, that rebuild the task."""
        place = {"class_names": [*self.class_names], "sampling": self.sampling.config}
        return {**super().config, **place}

    def loss_of(self, outputs: Tensor, batch: Any) -> Tensor:
        """Return the loss over the valid vertices."""
        logits = checked_logits(outputs, len(self.class_names))
        loss: Tensor = self.loss(logits, batch.y, self.area, batch.mask)
        return loss

    def prediction(self, outputs: Tensor) -> Tensor:
        """Return the probabilities of the classes."""
        return outputs.softmax(dim=-1)

    def kept(self, outputs: Tensor, batch: Any) -> tuple[Tensor, ...]:
        """Keep probabilities: average precision needs them all."""
        valid = batch.mask
        area = (self.area * valid)[valid]
        probabilities = outputs.softmax(dim=-1)[valid].float()
        return batch.y[valid].cpu(), probabilities.cpu(), area.cpu()

    def scores(self, *kept: Tensor) -> dict[str, float]:
        """Score all validation maps together."""
        truth, probabilities, area = (part.numpy() for part in kept)
        scores = segmentation_scores(truth, probabilities, self.class_names, area)
        # NaN where the validation maps hold no class of the foreground.
        return {
            "mAP": scores.mean_average_precision,
            "accuracy": scores.mean_accuracy,
            "IoU": scores.mean_iou,
        }
