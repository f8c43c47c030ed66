"""Classification of maps with fresh noise in each step of training."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from deepsphere_pyg.training.tasks import ClassificationTask


class NoisyMapsTask(ClassificationTask):
    """Train a network on maps to which each step adds other white noise.

    Maps of validation and prediction are taken as they are.

    Parameters
    ----------
    network, class_names
        As for :class:`ClassificationTask`.
    sigma
        Standard deviation of the noise, in the maps' unit.
    **options
        As for :class:`ClassificationTask`.
    """

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

    def outputs(self, batch: Any) -> Tensor:
        """Return the logits of maps, with noise in training."""
        x = batch.x
        if self.training and self.sigma:
            # The seed of a step, so that a resumed training draws the same noise.
            seed = (self.options.seed << 32) + self.global_step
            generator = torch.Generator(x.device).manual_seed(seed)
            noise = torch.empty_like(x).normal_(0, self.sigma, generator=generator)
            x = x + noise
        logits: Tensor = self(x)
        return logits
