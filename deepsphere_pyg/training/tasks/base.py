"""Base of all tasks: standardization, optimizer, learning rate, scores, checkpoints."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, cast

import numpy as np
import numpy.typing as npt
import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from tqdm import tqdm

from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from deepsphere_pyg.layers import Standardize
from deepsphere_pyg.models import SavedModel, checkpoint_header
from deepsphere_pyg.training.options import TrainingOptions
from samplings import Sampling
from samplings.arguments import instance_argument

# Share of the steps over which the learning rate rises to its full value.
WARM_UP = 0.05
#: Key of the description of a task in a checkpoint.
TASK = "deepsphere_pyg_task"


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


class Task(FixedTensors, pl.LightningModule, ABC):
    """Training, validation and prediction of a network for one kind of answer.

    A subclass defines :meth:`loss_of` and :meth:`prediction`; for validation scores,
    it names them and defines :meth:`kept` and :meth:`scores`.

    Parameters
    ----------
    network
        Network from signals ``(batch, vertex, channel)`` to answers.
    in_channels
        Number of input channels, for a network that does not standardize its inputs
        itself: the task does, and keeps the statistics in checkpoints.
    options
        Optimizer, learning rate and schedule.
    notes
        JSON-able facts kept in checkpoints, such as channel names.
    header
        Further entries of the header of checkpoints.

    Attributes
    ----------
    score_names
        Names of the validation scores, which are logged as ``val/NAME``.
    monitor
        Score that selects the checkpoint.
    lowest
        Whether its lowest value is the best.

    Raises
    ------
    ValueError
        While training, if the loss is not finite.
    """

    registry: ClassVar[dict[str, type[Task]]] = {}
    score_names: ClassVar[tuple[str, ...]] = ()
    monitor: ClassVar[str] = "loss"
    lowest: ClassVar[bool] = True
    network: Any

    def __init__(
        self,
        network: nn.Module,
        *,
        in_channels: int | None = None,
        options: TrainingOptions | None = None,
        notes: Mapping[str, Any] | None = None,
        header: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        checked_network(network)
        self.network = network
        self.options = TrainingOptions() if options is None else options
        self.notes = dict(notes or {})
        self.header = dict(header or {})
        own = isinstance(getattr(network, "standardize", None), Standardize)
        given = in_channels is not None and not own
        self.inputs = Standardize(cast(int, in_channels)) if given else None
        self._seen: list[tuple[Tensor, ...]] = []

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Task.registry[cls.__name__] = cls

    # -- what subclasses define -------------------------------------------------------
    @property
    def config(self) -> dict[str, Any]:
        """Arguments, beside the network, that rebuild the task; JSON-able."""
        return {} if self.inputs is None else {"in_channels": self.inputs.channels}

    @abstractmethod
    def loss_of(self, outputs: Tensor, batch: Any) -> Tensor:
        """Return the training loss of the network's outputs for a batch."""

    @abstractmethod
    def prediction(self, outputs: Tensor) -> Tensor:
        """Return the answers, in their units, from the network's outputs."""

    def outputs(self, batch: Any) -> Tensor:
        """Return the outputs of the network for a batch."""
        result: Tensor = self(batch.x)
        return result

    def size_of(self, batch: Any) -> int:
        """Number of samples in a batch."""
        return len(batch.x)

    def kept(self, outputs: Tensor, batch: Any) -> tuple[Tensor, ...]:
        """Return what the scores need of a batch; batches are concatenated."""
        return ()

    def scores(self, *kept: Tensor) -> dict[str, float]:
        """Return the validation scores by name."""
        return {}

    # -- training ---------------------------------------------------------------------
    @property
    def standardize(self) -> Standardize | None:
        """Layer that standardizes the inputs: the network's own, or the task's."""
        own = getattr(self.network, "standardize", None)
        return own if isinstance(own, Standardize) else self.inputs

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs of the network."""
        y: Tensor = self.network(x if self.inputs is None else self.inputs(x))
        return y

    def training_step(self, batch: Any, batch_index: int) -> Tensor:
        """Return the loss of one batch."""
        loss = self.loss_of(self.outputs(batch), batch)
        if not torch.isfinite(loss):
            raise ValueError(
                f"the loss is {loss.item()} in epoch {self.current_epoch + 1}: "
                "training has diverged; last.ckpt holds the last complete epoch; "
                "resume from it with a lower learning rate than "
                f"{self.options.learning_rate:g}"
            )
        self.log(
            "train/loss",
            loss,
            on_step=False,
            on_epoch=True,
            prog_bar=True,
            batch_size=self.size_of(batch),
        )
        return loss

    def on_validation_epoch_start(self) -> None:
        """Drop what was kept of the previous epoch."""
        self._seen = []

    def validation_step(self, batch: Any, batch_index: int) -> None:
        """Log the loss of one batch, and keep what the scores need."""
        outputs = self.outputs(batch)
        loss = self.loss_of(outputs, batch)
        self.log("val/loss", loss, batch_size=self.size_of(batch))
        self._seen.append(self.kept(outputs, batch))

    def on_validation_epoch_end(self) -> None:
        """Log the scores of all validation samples."""
        parts = [torch.cat(part) for part in zip(*self._seen, strict=True)]
        for name, value in self.scores(*parts).items():
            self.log(f"val/{name}", value, prog_bar=name == self.monitor)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return the optimizer of the options."""
        return self.options.build_optimizer(self.network.parameters())

    def on_train_batch_start(self, batch: Any, batch_index: int) -> None:
        """Set the learning rate from the position of the step in the training.

        A scheduler would keep its state in the checkpoint, and a resumed training would
        follow the old rate, batch size and number of epochs.
        """
        if self.options.schedule == "constant":
            share = 1.0
        else:
            per_epoch = int(self.trainer.num_training_batches)
            step = self.current_epoch * per_epoch + batch_index
            share = rate_at(step, per_epoch * cast(int, self.trainer.max_epochs))
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = self.options.learning_rate * share

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the headers from which the network and the task are rebuilt."""
        kind = {"type": type(self).__name__, "config": self.config, "notes": self.notes}
        checkpoint[TASK] = kind
        if isinstance(self.network, SavedModel):
            checkpoint["deepsphere_pyg"] = {
                **checkpoint_header(self.network, prefix="network."),
                **self.header,
                "notes": self.notes,
            }

    # -- prediction -------------------------------------------------------------------
    @torch.no_grad()
    def predict(
        self, X: npt.ArrayLike | Tensor, *, batch_size: int = 4, progress: bool = True
    ) -> npt.NDArray[Any]:
        """Return the answers for many inputs.

        Parameters
        ----------
        X
            Inputs, shape ``(N, V, C)``, of any real dtype.
        batch_size
            Inputs per batch.
        progress
            Whether to show a progress bar on a terminal.

        Returns
        -------
        array
            The answers, in the units of the targets of the training, in the order of
            the inputs; float32, or the dtype of the network.

        Raises
        ------
        ValueError
            If an answer is not finite.
        """
        like = next(self.network.parameters())
        training = self.training
        self.eval()
        found = []
        starts = range(0, len(X), batch_size)  # type: ignore[arg-type]
        hidden = None if progress else True
        try:
            for start in tqdm(starts, desc="predicting", leave=False, disable=hidden):
                part = X[start : start + batch_size]  # type: ignore[index]
                x = torch.as_tensor(np.asarray(part)).to(like.device, like.dtype)
                answers = self.prediction(self(x))
                refuse_diverged(answers)
                found.append(answers.cpu().numpy())
        finally:
            self.train(training)
        if not found:
            raise ValueError("X must hold at least one input, got 0; pass (N, V, C)")
        return np.concatenate(found)


def checked_network(network: object) -> nn.Module:
    """Return the network if it is a module.

    Raises
    ------
    TypeError
        If it is not one.
    """
    remedy = "pass one such as SphericalUNet(4, 1, HEALPix(16))"
    return instance_argument("network", network, nn.Module, remedy)


def refuse_diverged(output: Tensor) -> None:
    """Refuse an output that is not finite.

    Raises
    ------
    ValueError
        If a value is infinite or NaN.
    """
    if not torch.isfinite(output).all():
        raise ValueError(
            "the output of the network is not finite: training has diverged; train "
            "again with a lower learning rate"
        )


def sampling_of(network: nn.Module, sampling: Sampling | None) -> Sampling:
    """Return the sampling of a network, or the one that is given.

    Raises
    ------
    TypeError
        If there is neither.
    """
    found = getattr(network, "sampling", None) if sampling is None else sampling
    if not isinstance(found, Sampling):
        raise TypeError(
            f"{type(network).__name__} has no attribute sampling; pass sampling=, such "
            "as HEALPix(32): its areas weight the loss and the scores"
        )
    return found


def relative_areas(sampling: Sampling) -> npt.NDArray[np.float64]:
    """Areas of the vertices over their mean, so that losses read like plain means."""
    area = np.array(sampling.weights)
    relative: npt.NDArray[np.float64] = area / area.mean()
    return relative
