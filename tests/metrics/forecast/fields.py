"""Forecasts of random fields, on a small grid."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from samplings import Equiangular

GRID = Equiangular(6, 8)
T, S, M, V, C = 5, 3, 4, len(GRID), 2


class Forecasts(NamedTuple):
    """Forecasts that are near the truth, and a climatology near it."""

    forecast: Tensor
    truth: Tensor
    climatology: Tensor
    mask: Tensor

    def part(self, start: int, stop: int) -> "Forecasts":
        """Those of some times."""
        return Forecasts(*(one[start:stop] for one in self))


def forecasts(seed=0, members=None, times=T) -> Forecasts:
    """Random forecasts; the mask leaves some vertex at each time."""
    draw = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(shape, generator=draw, dtype=torch.float64)

    truth = normal(times, S, V, C)
    shape = (times, S, V, C) if members is None else (times, S, members, V, C)
    given = truth if members is None else truth.unsqueeze(2)
    mask = torch.rand((times, S, V, C), generator=draw) < 0.8
    mask[:, :, 0] = True
    return Forecasts(
        given + 0.5 * normal(*shape), truth, 0.3 * normal(times, S, V, C), mask
    )


def mean(values, weights, axis):
    """Weighted mean of arrays, by NumPy."""
    return np.average(np.asarray(values), axis=axis, weights=np.asarray(weights))
