"""Losses of numbers at vertices and of whole samples, by name."""

from __future__ import annotations

from torch import nn

from deepsphere_pyg.losses import HuberLoss, L1Loss, L2Loss

LOSSES: dict[str, type[nn.Module]] = {"l2": L2Loss, "l1": L1Loss, "huber": HuberLoss}
