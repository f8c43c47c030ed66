"""Factors of each degree, by which coefficients are multiplied."""

from __future__ import annotations

from collections.abc import Callable
from typing import SupportsIndex

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.fixed_tensors.float64_tensors import Float64Tensors
from deepsphere_pyg.harmonics.layout.checks import checked_coefficients
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.harmonics.spin.arguments import check_components
from samplings.arguments import integer_argument, positive_argument
from samplings.arrays import FloatArray


class DegreeFactors(Float64Tensors):
    """Multiply coefficients ``(*batch, row, channel)`` by a factor of each row."""

    factors: Tensor

    def __init__(self, factors: FloatArray, dtype: torch.dtype | None) -> None:
        super().__init__(dtype)
        self.keep("factors", factors[:, None])

    def forward(self, c: Tensor) -> Tensor:
        """Return the product."""
        return c * self.factors


def radius_argument(radius: float) -> float:
    """Return a radius if it is a positive number."""
    return positive_argument("radius", radius, "it is that of the sphere in metres")


def laplacian_root(L: int) -> FloatArray:
    """Return the root of l (l + 1) of each row, shape ``(L * L,)``."""
    degrees = HarmonicLayout(L).degrees
    return np.sqrt(degrees * (degrees + 1.0))


def inverse_root(L: int) -> FloatArray:
    """Return the inverse of :func:`laplacian_root`, 0 for degree 0."""
    root = laplacian_root(L)
    root[0] = np.inf
    return np.asarray(1 / root)


def scaled_rows(
    c: Tensor, L: SupportsIndex, factors: Callable[[int], FloatArray]
) -> Tensor:
    """Return scalar coefficients ``(*batch, row, channel)`` times factors of rows."""
    bandlimit = integer_argument("L", L, 1)
    c = checked_coefficients(c, bandlimit)
    return c * torch.from_numpy(factors(bandlimit)[:, None]).to(c)


def checked_pair(c: Tensor, L: SupportsIndex, name: str = "coefficients") -> Tensor:
    """Return coefficients if they have two sets, ``(*batch, row, 2, channel)``."""
    bandlimit = integer_argument("L", L, 1)
    check_components(name, c, "row")
    checked_coefficients(c.flatten(-2), bandlimit, name)
    return c
