"""Losses of numbers at vertices and of whole samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import nn

from deepsphere_pyg.commands.options.parsing import Options
from deepsphere_pyg.losses import HuberLoss, L1Loss, L2Loss

LOSSES: dict[str, type[nn.Module]] = {"l2": L2Loss, "l1": L1Loss, "huber": HuberLoss}


@dataclass(frozen=True, kw_only=True)
class LossOptions(Options):
    """Loss.

    Parameters
    ----------
    loss
        Loss of the standardized targets: squared error, absolute error, or Huber's.
    """

    loss: Literal["l2", "l1", "huber"] = "l2"
