"""Batch normalisation over the parts of a batch in several processes."""

from __future__ import annotations

from functools import partial

import torch
from pytorch_lightning.plugins import LayerSync
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from deepsphere_pyg.processes import batch_sum, in_parts


class WholeBatchNorms(LayerSync):
    """Make batch normalisations take the statistics of the whole batch.

    Unlike PyTorch's ``SyncBatchNorm`` it works on any device, a sample that does not
    count has no influence, and the modules of the network remain the same ones.
    """

    def apply(self, model: nn.Module) -> nn.Module:
        """Change the computation of all batch normalisations of a model."""
        for module in _batch_norms(model):
            # An attribute of the instance comes before the method of its class.
            object.__setattr__(module, "forward", partial(normalized, module))
        return model

    def revert(self, model: nn.Module) -> nn.Module:
        """Undo the change."""
        for module in _batch_norms(model):
            module.__dict__.pop("forward", None)
        return model


def _batch_norms(model: nn.Module) -> list[_BatchNorm]:
    found = (m for m in model.modules() if isinstance(m, _BatchNorm))
    return [m for m in found if not isinstance(m, nn.SyncBatchNorm)]


def normalized(norm: _BatchNorm, x: Tensor) -> Tensor:
    """Return the result of a batch normalisation.

    Parameters
    ----------
    norm
        Its parameters, and its running statistics, which are updated in training.
    x
        Signals, shape ``(sample, channel, ...)``.
    """
    running = norm.running_mean, norm.running_var
    if not norm.training and None not in running:
        return F.batch_norm(x, *running, norm.weight, norm.bias, eps=norm.eps)
    if not in_parts():
        return type(norm).forward(norm, x)
    over = [axis for axis in range(x.ndim) if axis != 1]
    place = [1, -1] + [1] * (x.ndim - 2)
    # Autocast leaves batch normalisation in float32, too.
    y = x.to(torch.promote_types(x.dtype, torch.float32))
    count = batch_sum(y.new_tensor(x.numel() // x.shape[1]))
    mean = batch_sum(y.sum(over)) / count
    difference = y - mean.view(place)
    variance = batch_sum(difference.square().sum(over)) / count
    if norm.training and norm.track_running_stats:
        _update(norm, mean.detach(), variance.detach(), count)
    # One factor, so that the gradient needs the differences alone.
    scale = (variance + norm.eps).rsqrt()
    if norm.weight is not None:
        scale = scale * norm.weight
    y = difference * scale.view(place)
    if norm.bias is not None:
        y = y + norm.bias.view(place)
    return y.to(x.dtype)


@torch.no_grad()
def _update(norm: _BatchNorm, mean: Tensor, variance: Tensor, count: Tensor) -> None:
    """Move the running statistics towards those of a batch, as PyTorch does."""
    if norm.running_mean is None or norm.running_var is None:
        return
    share = norm.momentum
    if norm.num_batches_tracked is not None:
        norm.num_batches_tracked.add_(1)
        if share is None:
            share = 1 / float(norm.num_batches_tracked)
    unbiased = variance * (count / (count - 1).clamp_min(1))
    norm.running_mean.lerp_(mean.to(norm.running_mean.dtype), float(share or 0))
    norm.running_var.lerp_(unbiased.to(norm.running_var.dtype), float(share or 0))
