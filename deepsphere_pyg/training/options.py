"""Options of a training."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Self

from samplings.arguments import (
    choice_argument,
    flag_argument,
    integer_argument,
    integers_argument,
    nonnegative_argument,
    positive_argument,
)

if TYPE_CHECKING:
    import torch

#: Optimizers by name, and their classes in ``torch.optim``.
OPTIMIZERS = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD"}
SCHEDULES = ("cosine", "constant", "steps")
# Largest seed of PyTorch's generators.
LARGEST_SEED = 2**63 - 1


@dataclass(frozen=True)
class TrainingOptions:
    """Options of a training that do not belong to Lightning's trainer.

    Parameters
    ----------
    epochs
        Passes over the training set.
    batch_size
        Samples per step, in each process.
    learning_rate
        Highest learning rate.
    optimizer
        ``"adam"``, ``"adamw"`` or ``"sgd"``.
    weight_decay
        Weight decay of the optimizer.
    epsilon
        Constant that Adam and AdamW add to the root of the mean squared gradients, by
        default 1e-8. A larger one, such as 0.1, bounds the steps of weights whose
        gradients are small.
    momentum
        Momentum of SGD.
    schedule
        ``"cosine"``: the rate rises over the first 5 % of the steps and falls as a
        cosine to zero. ``"constant"``: it stays the same. ``"steps"``: it is divided by
        ten after each of the ``milestones``.
    milestones
        Numbers of epochs, rising.
    seed
        Seed of the order of the samples, and of all random numbers of the training.
    n_workers
        Processes that read samples; 0 reads them in the process that trains.
    compile
        Whether to compile the network by ``torch.compile`` for the training, which
        takes some minutes at first. Checkpoints do not depend on it.

    recompute
        Whether each block of the network keeps its input alone, and is computed once
        more for the gradient: less memory, for the time of another forward pass.

    Raises
    ------
    TypeError, ValueError
        If an option has no sense.

    Examples
    --------
    >>> TrainingOptions(epochs=3).changed(batch_size=8).batch_size
    8
    """

    epochs: int = 30
    batch_size: int = 4
    learning_rate: float = 1e-3
    optimizer: str = "adam"
    weight_decay: float = 0.0
    epsilon: float | None = None
    momentum: float = 0.0
    schedule: str = "cosine"
    milestones: tuple[int, ...] = ()
    seed: int = 0
    n_workers: int = 0
    compile: bool = False
    recompute: bool = False

    def __post_init__(self) -> None:
        for name, minimum in [("epochs", 1), ("batch_size", 1), ("n_workers", 0)]:
            integer_argument(name, getattr(self, name), minimum)
        if integer_argument("seed", self.seed, 0) > LARGEST_SEED:
            raise ValueError(f"seed must be at most 2**63 - 1, got {self.seed}")
        positive_argument("learning_rate", self.learning_rate, "pass one such as 1e-3")
        nonnegative_argument("weight_decay", self.weight_decay, "pass 0 for no decay")
        flag_argument("compile", self.compile)
        if flag_argument("recompute", self.recompute) and self.compile:
            raise ValueError(
                "compiled networks decide themselves what they keep, got compile=True "
                "and recompute=True; leave one of them out"
            )
        choice_argument("optimizer", self.optimizer, tuple(OPTIMIZERS))
        choice_argument("schedule", self.schedule, SCHEDULES)
        self._check_optimizer()
        self._check_milestones()

    def _check_optimizer(self) -> None:
        """Refuse options of another optimizer, which would have no effect."""
        adam = self.optimizer in ("adam", "adamw")
        if self.epsilon is not None:
            positive_argument("epsilon", self.epsilon, "pass one such as 0.1")
            if not adam:
                raise ValueError(
                    f"epsilon is of the optimizers adam and adamw, got "
                    f"{self.optimizer!r}; leave it out"
                )
        if nonnegative_argument("momentum", self.momentum, "pass one such as 0.9"):
            if self.momentum >= 1:
                raise ValueError(f"momentum must be less than 1, got {self.momentum}")
            if adam:
                raise ValueError(
                    f"momentum is of the optimizer sgd, got {self.optimizer!r}; leave "
                    "it out"
                )

    def _check_milestones(self) -> None:
        """Refuse milestones that do not fit the schedule."""
        given = integers_argument("milestones", self.milestones, 1)
        if bool(given) != (self.schedule == "steps"):
            raise ValueError(
                "milestones are those of schedule='steps', and required there, got "
                f"{given} with schedule={self.schedule!r}; pass both, such as (15, 25)"
            )
        if list(given) != sorted(set(given)):
            raise ValueError(f"milestones must rise, got {given}; sort them")

    def changed(self, **changes: Any) -> Self:
        """Return options with some of them changed.

        Raises
        ------
        TypeError
            If there is no option of a name.
        """
        known = [field.name for field in fields(self)]
        for name in changes:
            if name not in known:
                raise TypeError(
                    f"there is no option {name!r}; the options of a training are "
                    f"{', '.join(known)}; those of Lightning's trainer go into trainer="
                )
        return replace(self, **changes)

    def build_optimizer(
        self, parameters: Iterable[torch.nn.Parameter]
    ) -> torch.optim.Optimizer:
        """Return the optimizer of some parameters."""
        # The command line reads these options before it loads PyTorch.
        from torch import optim

        own: dict[str, Any] = {
            "lr": self.learning_rate,
            "weight_decay": self.weight_decay,
        }
        if self.epsilon is not None:
            own["eps"] = self.epsilon
        if self.momentum:
            own["momentum"] = self.momentum
        kind: type[torch.optim.Optimizer] = getattr(optim, OPTIMIZERS[self.optimizer])
        return kind(parameters, **own)
