"""Checks of the forecasts, truths and climatologies of a batch."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from deepsphere_pyg.losses.arguments import check_floating, check_known, check_mask
from deepsphere_pyg.metrics.area_metric import sum_dtype
from samplings import Sampling


class ForecastBatch(NamedTuple):
    """Forecasts of a batch, in the dtype of sums.

    Attributes
    ----------
    mean
        Forecasts, or means of their members, shape ``(T, S, V, C)``.
    truth, valid
        Truth, and where it counts, same shape.
    members
        Members, shape ``(T, S, M, V, C)``; None of single forecasts.
    climatology
        Shape that broadcasts to that of the truth; or None.
    """

    mean: Tensor
    truth: Tensor
    valid: Tensor
    members: Tensor | None
    climatology: Tensor | None


class Sizes(Protocol):
    """Sizes of forecasts, and the rule for missing truth."""

    sampling: Sampling
    channels: int
    leads: int
    members: int | None
    missing: str


def checked_batch(
    sizes: Sizes,
    forecast: Tensor,
    truth: Tensor,
    climatology: Tensor | None,
    mask: Tensor | None,
) -> ForecastBatch:
    """Return the arguments of an update, checked."""
    dtype = sum_dtype()
    vertices = len(sizes.sampling)
    check_shapes(sizes, forecast, truth)
    shape = truth.shape
    if mask is None:
        valid = torch.ones((), dtype=torch.bool, device=truth.device).expand(shape)
    else:
        fixed = torch.Size((vertices,)), torch.Size((vertices, sizes.channels))
        check_mask(mask, *fixed, shape[:-1], shape)
        by_channel = mask.ndim in (2, 4)
        valid = (mask if by_channel else mask[..., None]).expand(shape)
    if sizes.missing == "mask":
        valid = valid & ~truth.isnan()
    true = torch.where(valid, truth, 0.0).to(dtype)
    check_known(true, truth, valid, "the truth")
    normal = None
    if climatology is not None:
        check_floating("climatology", climatology, "(V, C)")
        if climatology.shape not in (shape[-2:], shape):
            raise ValueError(
                f"climatology must have shape {tuple(shape[-2:])} or {tuple(shape)}, "
                f"got {tuple(climatology.shape)}; pass the state that is normal at the "
                "times that are forecast"
            )
        normal = climatology.to(dtype).expand(shape)
        check_known(torch.where(valid, normal, 0.0), normal, valid, "the climatology")
    members = None if sizes.members is None else forecast.to(dtype)
    mean = forecast.to(dtype) if members is None else members.mean(2)
    return ForecastBatch(mean, true, valid, members, normal)


def check_shapes(sizes: Sizes, forecast: Tensor, truth: Tensor) -> None:
    """Check types and shapes of forecasts and their truth."""
    check_floating("truth", truth, "(time, lead, V, C)")
    wanted = (sizes.leads, len(sizes.sampling), sizes.channels)
    if truth.ndim != 4 or truth.shape[1:] != wanted:
        raise ValueError(
            f"truth must have shape (time, {', '.join(map(str, wanted))}), leads, "
            f"vertices and channels, got {tuple(truth.shape)}; where an axis is "
            "missing, add it with [:, None] or [..., None]"
        )
    axes = "(time, lead, V, C)"
    shape: tuple[int, ...] = tuple(truth.shape)
    if sizes.members is not None:
        axes = "(time, lead, member, V, C)"
        shape = (*shape[:2], sizes.members, *shape[2:])
    check_floating("forecast", forecast, axes)
    if tuple(forecast.shape) != shape:
        raise ValueError(
            f"forecast must have shape {shape}, {axes}, got {tuple(forecast.shape)}; "
            "pass members= if it is an ensemble, and only then"
        )
