"""Fragments of rows: their numbers, and the parts they make."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from samplings.arrays import IntArray


def fragment_of_row(layout: HarmonicLayout) -> IntArray:
    """Return the number of the fragment, among all, of each row.

    Examples
    --------
    >>> fragment_of_row(HarmonicLayout(2, [2, 1])).tolist()
    [0, 1, 2, 2, 2]
    """
    return np.cumsum(layout.orders == -layout.degrees, dtype=np.int64) - 1


def by_degree(x: Tensor, layout: HarmonicLayout) -> list[Tensor]:
    """Split rows into degrees, ``(*batch, fragment, order, channel)`` each.

    All at once: the gradient is then put together once, not degree by degree.

    Examples
    --------
    >>> parts = by_degree(torch.zeros(8, 5, 3), HarmonicLayout(2, [2, 1]))
    >>> [tuple(part.shape) for part in parts]
    [(8, 2, 1, 3), (8, 1, 3, 3)]
    """
    orders = [2 * degree + 1 for degree in range(layout.L)]
    sizes = [tau * n for tau, n in zip(layout.tau, orders, strict=True)]
    return [
        part.reshape(*part.shape[:-2], tau, n, part.shape[-1])
        for part, tau, n in zip(
            torch.split(x, sizes, dim=-2), layout.tau, orders, strict=True
        )
    ]
