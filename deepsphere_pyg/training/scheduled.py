"""The optimiser, learning rate and checkpoint header of all trainings."""

from __future__ import annotations

import math
from typing import Any, cast

import pytorch_lightning as pl
import torch
from torch import Tensor

from deepsphere_pyg.models import SavedModel, checkpoint_header

# Share of the steps over which the learning rate rises to its full value.
WARM_UP = 0.05


def rate_at(step: int, total_steps: int) -> float:
    r"""Share of the highest learning rate at a step.

    .. math:: \min\left(1, \frac{s + 1}{0.05\, S}\right)
              \frac{1 + \cos(\pi s / S)}{2}

    It rises over the first 5 % of the S steps and falls as a cosine to zero.

    Examples
    --------
    >>> [round(rate_at(step, 100), 3) for step in (0, 4, 50, 99)]
    [0.2, 0.996, 0.5, 0.0]
    """
    rise = max(1.0, WARM_UP * total_steps)
    done = min(1.0, step / total_steps)
    return min(1.0, (step + 1) / rise) * 0.5 * (1 + math.cos(math.pi * done))


class ScheduledModule(pl.LightningModule):
    """Train a network with Adam, whose rate follows :func:`rate_at`.

    Parameters
    ----------
    network
        Network to train.
    learning_rate
        Highest learning rate of Adam.
    notes
        JSON-able facts kept in checkpoints, such as channel names.
    header
        Further entries of the header of checkpoints.
    """

    def __init__(
        self,
        network: SavedModel,
        learning_rate: float = 1e-3,
        notes: dict[str, Any] | None = None,
        header: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.network = network
        self.learning_rate = learning_rate
        self.notes = dict(notes or {})
        self.header = dict(header or {})

    def checked_loss(self, loss: Tensor, batch_size: int) -> Tensor:
        """Log the loss of a batch.

        Raises
        ------
        ValueError
            If it is not finite.
        """
        if not torch.isfinite(loss):
            raise ValueError(
                f"the loss is {loss.item()} in epoch {self.current_epoch + 1}: "
                "training has diverged; last.ckpt holds the last complete epoch; "
                f"resume it with --resume and a lower --lr than {self.learning_rate:g}"
            )
        self.log(
            "train/loss",
            loss,
            on_step=False,
            on_epoch=True,
            prog_bar=True,
            batch_size=batch_size,
        )
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam."""
        return torch.optim.Adam(self.network.parameters(), lr=self.learning_rate)

    def on_train_batch_start(self, batch: Any, batch_index: int) -> None:
        """Set the learning rate from the position of the step in the training.

        A scheduler would keep its state in the checkpoint, and a resumed training would
        follow the old rate, batch size and number of epochs.
        """
        per_epoch = int(self.trainer.num_training_batches)
        step = self.current_epoch * per_epoch + batch_index
        share = rate_at(step, per_epoch * cast(int, self.trainer.max_epochs))
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = self.learning_rate * share

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the header from which ``load_model`` rebuilds the network."""
        checkpoint["deepsphere_pyg"] = {
            **checkpoint_header(self.network, prefix="network."),
            **self.header,
            "notes": self.notes,
        }
