"""Base of metrics of torchmetrics that sum over vertices."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torchmetrics import Metric


class AreaMetric(Metric):
    """Metric whose sums keep their precision, whatever a network is converted to."""

    full_state_update = False
    is_differentiable = True

    def _apply(
        self, fn: Callable[[Tensor], Tensor], exclude_state: Sequence[str] = ""
    ) -> nn.Module:
        """Move the sums; only ``set_dtype`` converts them."""
        change = fn if self._dtype_convert else moving(fn)
        return super()._apply(change, exclude_state)


def moving(fn: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """Return a function that moves tensors as ``fn`` does, and keeps their dtype."""

    def moved(tensor: Tensor) -> Tensor:
        device = fn(torch.empty(0, device=tensor.device)).device
        lost = tensor.dtype == torch.float64 and not _has_float64(device)
        return tensor.to(device, torch.float32 if lost else tensor.dtype)

    return moved


def _has_float64(device: torch.device) -> bool:
    """Whether a device computes in float64: Apple's do not."""
    return device.type != "mps"


def sum_dtype() -> torch.dtype:
    """Return the dtype of sums on the default device."""
    known = _has_float64(torch.get_default_device())
    return torch.float64 if known else torch.float32
