"""Transforms of vertices in a different order, or of some of the vertices."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from deepsphere_pyg.harmonics.sht.base import InnerTables
from samplings.arrays import IntArray


class Placed(InnerTables, FixedTensors):
    """A transform of vertices in a different order, or of some of its vertices.

    ``places`` are those of the sampling's vertices among the vertices of the transform,
    shape ``(V,)``, with ``components`` numbers at each. The analysis takes all others
    as zero, its adjoint leaves them out.
    """

    inner = "transform"
    places: Tensor

    def __init__(self, transform: Any, places: IntArray, components: int = 1) -> None:
        super().__init__()
        self.transform: Any = transform
        every = places[:, None] * components + np.arange(components)
        self.n_vertices, self.n_rows = every.size, transform.n_rows
        self.keep("places", every.ravel().astype(np.int64))

    def analyze(self, x: Tensor) -> Tensor:
        """Put vertices in their places, and apply the transform."""
        placed = x.new_zeros(*x.shape[:-2], self.transform.n_vertices, x.shape[-1])
        c: Tensor = self.transform.analyze(placed.index_copy(-2, self.places, x))
        return c

    def synthesize(self, c: Tensor) -> Tensor:
        """Apply the adjoint, and take vertices from their places."""
        x: Tensor = self.transform.synthesize(c)
        return x.index_select(-2, self.places)
