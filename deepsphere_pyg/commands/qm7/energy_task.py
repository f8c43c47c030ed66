"""The task of ``qm7``: energies of molecules, and their errors."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor
from torch.nn import functional as F

from deepsphere_pyg.pyg import Batch
from deepsphere_pyg.training.tasks import Task

# Errors much larger than this share of the spread count linearly in the loss, because a
# few molecules have large errors at first.
QUADRATIC = 0.1


class EnergyTask(Task):
    """Energies of molecules; errors in the unit of the energies."""

    score_names: ClassVar[tuple[str, ...]] = ("rmse", "mae")
    monitor: ClassVar[str] = "rmse"

    def outputs(self, batch: Batch) -> Tensor:
        """Return the energies."""
        found: Tensor = self.network(batch.x, batch.z, batch.batch, batch.num_graphs)
        return found

    def size_of(self, batch: Batch) -> int:
        """Number of molecules in a batch."""
        return int(batch.num_graphs)

    def loss_of(self, outputs: Tensor, batch: Batch) -> Tensor:
        """Huber's loss of the errors over their spread before training."""
        scale = self.network.scale
        truth = batch.y.double()
        return F.smooth_l1_loss(outputs / scale, truth / scale, beta=QUADRATIC)

    def prediction(self, outputs: Tensor) -> Tensor:
        """Return the energies."""
        return outputs

    def kept(self, outputs: Tensor, batch: Batch) -> tuple[Tensor, ...]:
        """Keep energies and their truth."""
        return outputs, batch.y

    def scores(self, *kept: Tensor) -> dict[str, float]:
        """Root mean square and mean absolute error."""
        return errors_of(*kept)


def errors_of(answers: Tensor, truth: Tensor) -> dict[str, float]:
    """Return the root mean square and mean absolute error."""
    error = answers.double() - truth
    return {
        "rmse": float(error.square().mean().sqrt()),
        "mae": float(error.abs().mean()),
    }
