"""Classification of shapes, with a loss of their features if wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from deepsphere_pyg.commands.label_batches import LabelBatch
from deepsphere_pyg.commands.prepared_batches import finished
from deepsphere_pyg.losses import TripletLoss
from deepsphere_pyg.models import SavedModel
from deepsphere_pyg.training.tasks import ClassificationTask


class ShapeTask(ClassificationTask):
    """Train a network to classify shapes, prepared as it reads them.

    Parameters
    ----------
    network, class_names
        As for :class:`ClassificationTask`.
    triplet
        Weight of the triplet loss of the features of a
        :class:`~deepsphere_pyg.models.SphericalClassifier`.
    **options
        As for :class:`ClassificationTask`.
    """

    def __init__(
        self,
        network: SavedModel,
        class_names: Sequence[str],
        *,
        triplet: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(network, class_names, **options)
        self.triplet = triplet
        self._of_features = TripletLoss() if triplet else None
        # Features of the batch whose loss is computed next.
        self._features: Tensor | None = None

    @property
    def config(self) -> dict[str, Any]:
        """Arguments, beside the network, that rebuild the task."""
        return {**super().config, "triplet": self.triplet}

    def outputs(self, batch: LabelBatch) -> Tensor:
        """Return the logits."""
        if self._of_features is None:
            return finished(self.network, batch.x)
        self._features = self.network.features(batch.x)
        logits: Tensor = self.network.head(self._features)
        return logits

    def loss_of(self, outputs: Tensor, batch: LabelBatch) -> Tensor:
        """Return the cross-entropy, and the triplet loss with its weight."""
        loss = super().loss_of(outputs, batch)
        if self._of_features is not None:
            loss = loss + self.triplet * self._of_features(self._features, batch.y)
            self._features = None
        return loss
