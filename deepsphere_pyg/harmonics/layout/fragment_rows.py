"""Number the fragments of rows, and split rows into degrees."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from samplings.arrays import IntArray


def fragment_of_row(layout: HarmonicLayout) -> IntArray:
    """Return the number of each row's fragment, counted over all degrees.

    Examples
    --------
    >>> fragment_of_row(HarmonicLayout(2, [2, 1])).tolist()
    [0, 1, 2, 2, 2]
    """
    return np.cumsum(layout.orders == -layout.degrees, dtype=np.int64) - 1


def by_degree(x: Tensor, layout: HarmonicLayout) -> list[Tensor]:
    """Split rows into degrees, each of shape ``(*batch, fragment, order, channel)``.

    Examples
    --------
    >>> parts = by_degree(torch.zeros(8, 5, 3), HarmonicLayout(2, [2, 1]))
    >>> [tuple(part.shape) for part in parts]
    [(8, 2, 1, 3), (8, 1, 3, 3)]
    """
    orders = [2 * degree + 1 for degree in range(layout.L)]
    sizes = [tau * n for tau, n in zip(layout.tau, orders, strict=True)]
    # One split, so that the gradient is assembled once, not degree by degree.
    parts = zip(torch.split(x, sizes, dim=-2), layout.tau, orders, strict=True)
    return [x.reshape(*x.shape[:-2], tau, n, x.shape[-1]) for x, tau, n in parts]
