"""Classification of maps with fresh noise in each step of training."""

from __future__ import annotations

from itertools import islice
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from deepsphere_pyg.training.tasks import ClassificationTask

#: Training batches that the statistics of batch normalisations are means over.
STATISTICS = 100


class NoisyMapsTask(ClassificationTask):
    """Train a network on maps to which each step adds other white noise.

    Maps of validation and prediction are taken as they are. The loss selects the
    checkpoint: where classes overlap, the accuracy of some hundred maps is too noisy.

    Parameters
    ----------
    network, class_names
        As for :class:`ClassificationTask`.
    sigma
        Standard deviation of the noise, in the maps' unit.
    **options
        As for :class:`ClassificationTask`.
    """

    monitor: ClassVar[str] = "loss"
    lowest: ClassVar[bool] = True

    def __init__(
        self,
        network: nn.Module,
        class_names: tuple[str, ...],
        *,
        sigma: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(network, class_names, **options)
        self.sigma = sigma

    @property
    def config(self) -> dict[str, Any]:
        """Arguments, beside the network, that rebuild the task."""
        return {**super().config, "sigma": self.sigma}

    def on_validation_epoch_start(self) -> None:
        """Measure the statistics of batch normalisations for the present weights.

        Their running means lag behind the weights. What tells the classes apart is so
        small against the means of features that a lag makes all maps look alike.
        """
        super().on_validation_epoch_start()
        loader: Any = self.trainer.train_dataloader
        batches = enumerate(islice(iter(loader), STATISTICS))
        seen = (self._noisy(one.to(self.device).x, 1 + i) for i, one in batches)
        update_bn(seen, self)
        self.eval()

    def outputs(self, batch: Any) -> Tensor:
        """Return the logits of maps, with noise in training."""
        logits: Tensor = self(self._noisy(batch.x) if self.training else batch.x)
        return logits

    def _noisy(self, x: Tensor, part: int = 0) -> Tensor:
        """Return maps with noise that depends on the seed, the step and a part of it.

        A resumed training draws the same.
        """
        if not self.sigma:
            return x
        key = np.random.SeedSequence([self.options.seed, self.global_step, part])
        seed = int(key.generate_state(1)[0])
        generator = torch.Generator(x.device).manual_seed(seed)
        noise = torch.empty_like(x).normal_(0, self.sigma, generator=generator)
        return x + noise
