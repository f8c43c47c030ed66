"""Sums over vertices from which all scores of a regression follow, and their merging.

They are rows of one tensor, so that distributed metrics merge them together.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from deepsphere_pyg.losses.arguments import (
    check_areas,
    check_known,
    check_signals,
    importance,
    masked,
    ratio,
    signal_mask,
)


class ErrorSums(NamedTuple):
    """Sums per channel, over the vertices that count; errors are predicted minus true.

    Attributes
    ----------
    area
        Area of the vertices.
    mean
        Mean of the truth, by area.
    spread
        Sum of the squares of the truth's difference from its mean, by area.
    absolute, signed, squared
        Sums of absolute errors, of errors and of their squares, by area.
    """

    area: Tensor
    mean: Tensor
    spread: Tensor
    absolute: Tensor
    signed: Tensor
    squared: Tensor

    @property
    def rmse(self) -> Tensor:
        """Root mean square error."""
        return (self.squared / self.area).sqrt()

    @property
    def mae(self) -> Tensor:
        """Mean absolute error."""
        return self.absolute / self.area

    @property
    def bias(self) -> Tensor:
        """Mean error."""
        return self.signed / self.area

    @property
    def r2(self) -> Tensor:
        """Coefficient of determination, NaN if the truth is constant."""
        return 1 - self.squared / torch.where(self.spread > 0, self.spread, torch.nan)


def error_sums(
    prediction: Tensor,
    target: Tensor,
    weights: Tensor | None,
    mask: Tensor | None,
    dtype: torch.dtype,
) -> Tensor:
    """Return the sums of a batch.

    Parameters
    ----------
    prediction, target
        Shape ``(*batch, V, C)``.
    weights
        Areas of the vertices, shape ``(V,)``; one by default.
    mask
        True where the target counts, shape ``(*batch, V)`` or ``(*batch, V, C)``;
        everywhere by default.
    dtype
        Dtype of the sums.

    Returns
    -------
    Tensor
        Shape ``(6, C)``: the rows are those of :class:`ErrorSums`.
    """
    share, truth, error = weighted(prediction, target, weights, mask, dtype)
    if not error.numel():
        return error.new_zeros(len(ErrorSums._fields), target.shape[-1])
    flat = (-1, target.shape[-1])
    share, truth, error = (x.reshape(flat) for x in (share, truth, error))
    errors = (error.abs(), error, error.square())
    sums = ((share * each).sum(0) for each in errors)
    return torch.stack([*_moments(share, truth), *sums])


def weighted(
    prediction: Tensor,
    target: Tensor,
    weights: Tensor | None,
    mask: Tensor | None,
    dtype: torch.dtype,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return importance, truth and error, zero where masked, ``(*batch, V, C)``."""
    check_signals(prediction, target)
    valid = signal_mask(mask, target)
    area = None
    if weights is not None:
        check_areas(weights, target.shape[:-1])
        area = weights.to(dtype)[:, None]
    error = masked(prediction.to(dtype) - target.to(dtype), valid)
    check_known(error, target, valid)
    share = importance(area, valid, error).expand(error.shape)
    return share, masked(target.to(dtype), valid), error


def merged(parts: Tensor) -> Tensor:
    """Return the sums ``(6, C)`` of all of the parts ``(part, 6, C)``.

    Sums of squares are merged about the common mean (Chan et al. 1979, Stanford report
    STAN-CS-79-773): plain ones would cancel for pressures, whose mean is a hundred
    times their spread.
    """
    areas, means, spreads = parts[:, 0], parts[:, 1], parts[:, 2]
    area, mean, spread = _moments(areas, means)
    plain = parts[:, 3:].sum(0)
    return torch.cat([torch.stack([area, mean, spread + spreads.sum(0)]), plain])


def _moments(weights: Tensor, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return total weight, mean and sum of squares about it, over the first axis.

    Both are exact if all values are equal, since the mean starts from one of them.
    """
    counts = weights > 0
    largest = torch.where(counts, values, -torch.inf).detach().amax(0)
    start = torch.where(counts.any(0), largest, 0.0)
    total = weights.sum(0)
    mean = start + ratio((weights * masked(values - start, counts)).sum(0), total)
    return total, mean, (weights * masked(values - mean, counts).square()).sum(0)
