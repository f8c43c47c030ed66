"""Losses that follow from sums over a batch."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from deepsphere_pyg.processes import value_of_sums


class SummedLoss(nn.Module, ABC):
    """Loss that is a function of sums over the maps and vertices of a batch.

    Sums of several batches may be added: the function of the total is the loss of all
    of them together. So is the loss of a batch whose parts are in several processes of
    a data-parallel training.
    """

    @abstractmethod
    def sums(
        self,
        prediction: Tensor,
        target: Tensor,
        weights: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Return the sums over a batch; parameters are those of :meth:`forward`."""

    @abstractmethod
    def of_sums(self, sums: Tensor) -> Tensor:
        """Return the loss, a scalar, of sums."""

    def forward(
        self,
        prediction: Tensor,
        target: Tensor,
        weights: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Return the loss of a batch."""
        sums = self.sums(prediction, target, weights, mask)
        return value_of_sums(self.of_sums, sums)
