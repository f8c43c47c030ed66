"""Classification: a class for a whole map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from deepsphere_pyg.losses import CrossEntropyLoss
from deepsphere_pyg.training.options import TrainingOptions
from deepsphere_pyg.training.tasks.base import (
    Task,
    checked_logits,
    refuse_other_outputs,
)
from samplings.arguments import names_argument


class ClassificationTask(Task):
    """Train a network to classify whole maps.

    Parameters
    ----------
    network
        Maps ``(batch, vertex, channel)`` to logits ``(batch, class)``.
    class_names
        One name per class.
    loss
        A loss of :mod:`deepsphere_pyg.losses` for classes, by default cross-entropy.
    in_channels, options, notes
        As for :class:`Task`.

    Shapes
    ------
    Batches have ``x (batch, V, C)`` and ``y (batch,)`` int64.

    Raises
    ------
    ValueError
        While training, if the loss is not finite.
    """

    score_names: ClassVar[tuple[str, ...]] = ("accuracy",)
    monitor: ClassVar[str] = "accuracy"
    lowest: ClassVar[bool] = False
    vertex_axes: ClassVar[Mapping[str, int]] = {"x": 1}

    def __init__(
        self,
        network: nn.Module,
        class_names: Sequence[str],
        *,
        loss: nn.Module | None = None,
        in_channels: int | None = None,
        options: TrainingOptions | None = None,
        notes: Mapping[str, Any] | None = None,
    ) -> None:
        names = names_argument("class_names", class_names)
        refuse_other_outputs(network, len(names), "one for each class")
        super().__init__(network, in_channels=in_channels, options=options, notes=notes)
        self.class_names = names
        self.loss = CrossEntropyLoss() if loss is None else loss

    @property
    def config(self) -> dict[str, Any]:
        """Arguments, beside the network, that rebuild the task."""
        return {**super().config, "class_names": [*self.class_names]}

    def loss_of(self, outputs: Tensor, batch: Any) -> Tensor:
        """Return the loss."""
        loss: Tensor = self.loss(
            checked_logits(outputs, len(self.class_names)), batch.y
        )
        return loss

    def prediction(self, outputs: Tensor) -> Tensor:
        """Return the probabilities of the classes."""
        return outputs.softmax(dim=-1)

    def kept(self, outputs: Tensor, batch: Any) -> tuple[Tensor, ...]:
        """Keep whether the answers are right."""
        return (outputs.argmax(dim=-1) == batch.y,)

    def scores(self, *kept: Tensor) -> dict[str, float]:
        """Share of maps classified correctly, in percent."""
        return {"accuracy": 100 * float(kept[0].double().mean())}
