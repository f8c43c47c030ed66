"""Steps of training and validation, in one process or several."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, ClassVar, NamedTuple, cast

import pytorch_lightning as pl
import torch
from torch import Tensor

from deepsphere_pyg.processes import (
    batch_sum,
    everywhere,
    from_first,
    gathered,
    n_processes,
    n_sharing,
    part_of_batch,
)
from deepsphere_pyg.training.options import TrainingOptions
from deepsphere_pyg.training.recomputing import keep_blocks, recompute_blocks
from deepsphere_pyg.training.samplers import EpochShuffle

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


class _BatchLoss(NamedTuple):
    """Loss of a validation batch, its samples, and sums from which the loss follows."""

    samples: int
    value: Tensor
    sums: Tensor | None


class TrainingSteps(pl.LightningModule):
    """Steps of training and validation of a task.

    Several processes, each of which takes a part of each batch, do the same steps as
    one process that takes the whole batches: a loss of :mod:`deepsphere_pyg.losses` is
    that of the whole batch, and so is its gradient. A loss of one's own counts as the
    mean over samples, and is averaged over those of all processes.
    """

    score_names: ClassVar[tuple[str, ...]] = ()
    monitor: ClassVar[str] = "loss"
    lowest: ClassVar[bool] = True
    vertex_axes: ClassVar[Mapping[str, int]]
    network: Any
    options: TrainingOptions

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._seen: list[tuple[Tensor, ...]] = []
        self._losses: list[_BatchLoss] = []
        self._of_sums: Callable[[Tensor], Tensor] | None = None
        self._unchecked: Tensor | None = None

    # -- what subclasses define -------------------------------------------------------
    @abstractmethod
    def outputs(self, batch: Any) -> Tensor:
        """Return the outputs of the network for a batch."""

    @abstractmethod
    def loss_of(self, outputs: Tensor, batch: Any) -> Tensor:
        """Return the training loss of the network's outputs for a batch."""

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
    def setup(self, stage: str) -> None:
        """Compile the network, or let it keep less, if the options say so."""
        if stage == "fit" and self.options.compile:
            # In place: the names of the weights remain those of the network.
            self.network.compile()
        if stage == "fit" and self.options.recompute:
            recompute_blocks(self.network)

    def teardown(self, stage: str) -> None:
        """Return to the network as it was, of any size of batches."""
        if stage == "fit" and self.options.compile:
            self.network._compiled_call_impl = None
        if stage == "fit" and self.options.recompute:
            keep_blocks(self.network)

    def on_fit_start(self) -> None:
        """Tell loggers the options."""
        for logger in self.loggers:
            logger.log_hyperparams(asdict(self.options))

    def training_step(self, batch: Any, batch_index: int) -> Tensor:
        """Return the loss of one batch, whose parts may be in several processes."""
        self.check_loss()
        samples = self.size_of(batch)
        with part_of_batch(together=True, counts=self._counts(batch_index)) as part:
            loss = self.loss_of(self.outputs(batch), batch)
            if part.together and not part.losses:
                weight = loss.new_tensor(samples)
                loss = batch_sum(loss * weight) / batch_sum(weight)
            # Lightning averages whole numbers over the processes, and rounds.
            weight_in_mean = samples * part.counts * n_processes()
        self._unchecked = loss.detach()
        self.log(
            "train/loss",
            loss,
            on_step=False,
            on_epoch=True,
            prog_bar=True,
            batch_size=weight_in_mean,
            sync_dist=True,
        )
        return loss

    def _counts(self, batch_index: int) -> bool:
        """Whether a batch of this process holds samples that count."""
        if n_processes() == 1:
            return True
        loader: Any = self.trainer.train_dataloader
        sampler = getattr(loader, "sampler", None)
        repeats = isinstance(sampler, EpochShuffle) and sampler.repeats
        return not (repeats and batch_index == len(loader) - 1)

    def check_loss(self) -> None:
        """Refuse a loss of the last step that is not finite.

        It is read one step late, lest an accelerator waits for it in every step.

        Raises
        ------
        ValueError
            If it is infinite or NaN.
        """
        loss, self._unchecked = self._unchecked, None
        if loss is not None and not torch.isfinite(loss):
            # The loss is that of all processes.
            raise everywhere(
                ValueError(
                    f"the loss is {loss.item()} in epoch {self.current_epoch + 1}: "
                    "training has diverged; last.ckpt holds the last complete epoch; "
                    "resume from it with a lower learning rate than "
                    f"{self.options.learning_rate:g}"
                )
            )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse to keep the state of a training that has diverged."""
        self.check_loss()

    # -- learning rate ----------------------------------------------------------------
    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return the optimizer of the network's parameters, and those of the loss."""
        return self.options.build_optimizer(self.parameters())

    def on_train_batch_start(self, batch: Any, batch_index: int) -> None:
        """Set the learning rate from the position of the step in the training.

        A scheduler would keep its state in the checkpoint, and a resumed training would
        follow the old rate, batch size and number of epochs.
        """
        share = 1.0
        if self.options.schedule == "cosine":
            share = rate_at(*self._position(batch_index))
        elif self.options.schedule == "steps":
            share = 0.1 ** sum(m <= self.current_epoch for m in self.options.milestones)
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = self.options.learning_rate * share

    def _position(self, batch_index: int) -> tuple[int, int]:
        """Return the number of this step of the optimizer, and of all of them."""
        trainer = self.trainer
        batches, most = trainer.num_training_batches, trainer.max_steps
        if math.isinf(batches):
            if most < 1:
                raise ValueError(
                    "the cosine schedule needs the number of steps, and the training "
                    "data have no length; give max_steps to the trainer, or "
                    "schedule='constant'"
                )
            return trainer.global_step, most
        together = trainer.accumulate_grad_batches
        per_epoch = -(-int(batches) // together)
        total = per_epoch * cast(int, trainer.max_epochs)
        step = self.current_epoch * per_epoch + batch_index // together
        return step, min(total, most) if most > 0 else total

    # -- validation -------------------------------------------------------------------
    def on_validation_epoch_start(self) -> None:
        """Drop what was kept of the previous epoch."""
        self.check_loss()
        self._seen, self._losses = [], []

    def validation_step(self, batch: Any, batch_index: int) -> None:
        """Keep what the loss and the scores need of one batch."""
        with part_of_batch(together=False) as part:
            outputs = self.outputs(batch)
            value = self.loss_of(outputs, batch)
        sums = None
        if part.losses and part.losses[-1].value is value:
            self._of_sums, sums, _ = part.losses[-1]
        self._losses.append(_BatchLoss(self.size_of(batch), value, sums))
        self._seen.append(self.kept(outputs, batch))

    def on_validation_epoch_end(self) -> None:
        """Log the loss and the scores of all validation samples of all processes."""
        kept = [torch.cat(part).cpu() for part in zip(*self._seen, strict=True)]
        parts = cast(list[Any], gathered((kept, self._summary())))
        for name, value in from_first(lambda: self._results(parts)).items():
            self.log(
                f"val/{name}",
                value,
                prog_bar=name in ("loss", self.monitor),
                batch_size=1,
                sync_dist=True,
            )
        self._seen, self._losses = [], []

    def _summary(self) -> tuple[Tensor, bool]:
        """Return sums over the batches of this process, and whether of a loss's sums.

        A loss of one's own has no sums: it is averaged over samples.
        """
        exact = all(batch.sums is not None for batch in self._losses)
        if exact:
            rows = [cast(Tensor, batch.sums) for batch in self._losses]
        else:
            rows = [
                batch.samples * torch.stack([batch.value, torch.ones_like(batch.value)])
                for batch in self._losses
            ]
        # In float64 on the CPU: not every device has it.
        return torch.stack(rows).cpu().double().sum(0), exact

    def _results(self, parts: list[Any]) -> dict[str, float]:
        """Return the loss and the scores from what all processes kept."""
        if "y" not in self.vertex_axes:
            # Those that share a map give the same answers for it.
            parts = parts[:: n_sharing()]
        sums = sum(total for _, (total, _) in parts)
        exact = all(exact for _, (_, exact) in parts)
        if exact and self._of_sums is not None:
            loss = float(self._of_sums(sums))
        else:
            loss = float(sums[0] / sums[1])
        kept = zip(*(kept for kept, _ in parts), strict=True)
        return {"loss": loss, **self.scores(*(torch.cat(part) for part in kept))}
