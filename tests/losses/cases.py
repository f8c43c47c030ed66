"""Every loss, with maps to try it on: one line for a new one."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from deepsphere_pyg.losses import (
    CrossEntropyLoss,
    CRPSLoss,
    DiceLoss,
    FocalLoss,
    HuberLoss,
    L1Loss,
    L2Loss,
    QuantileLoss,
)

CONTINUOUS = {
    "L1": L1Loss(),
    "L2": L2Loss(),
    "Huber": HuberLoss(0.5),
    "quantile": QuantileLoss((0.1, 0.5, 0.8)),
    "CRPS": CRPSLoss(4),
    "CRPS with options": CRPSLoss(3, alpha=1, channel_weights=(0.5, 2, 1)),
}
CLASSES = {
    "cross-entropy": CrossEntropyLoss(),
    "cross-entropy with options": CrossEntropyLoss([0.5, 2.0, 1.0], 0.1),
    "Dice": DiceLoss(),
    "focal": FocalLoss(1.5, [0.5, 2.0, 1.0]),
}
LOSSES = CONTINUOUS | CLASSES


class Maps(NamedTuple):
    """Two maps on seven vertices; the areas differ a lot."""

    prediction: Tensor
    target: Tensor
    weights: Tensor
    mask: Tensor

    def __call__(self, loss: nn.Module, **changed) -> Tensor:
        """Loss of the maps, some of which are changed."""
        return loss(**self._replace(**changed)._asdict())


def maps(name, dtype=torch.float64, seed=0, by_channel=False) -> Maps:
    """Random maps of a loss, at least one vertex of which is valid."""
    draw = torch.Generator().manual_seed(seed)
    shape = (2, 7, 3)
    loss = LOSSES[name]
    mask = torch.rand(shape if by_channel else shape[:2], generator=draw) < 0.7
    mask[0, 0] = True
    weights = 10 ** (2 * torch.rand(7, generator=draw, dtype=torch.float64))
    if name in CLASSES:
        target = torch.randint(3, shape[:2], generator=draw)
        prediction = torch.randn(shape, generator=draw, dtype=torch.float64)
        mask = mask if mask.ndim == 2 else mask[..., 0]
    else:
        target = torch.randn(shape, generator=draw, dtype=torch.float64).to(dtype)
        channels = shape[-1] * loss.outputs
        prediction = torch.randn(
            *shape[:2], channels, generator=draw, dtype=torch.float64
        )
    return Maps(prediction.to(dtype), target, weights.to(dtype), mask)
