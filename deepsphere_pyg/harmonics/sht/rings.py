"""Transforms on rings: Fourier along each, Legendre across them."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, TypeAlias, cast

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.compilers import is_plain
from deepsphere_pyg.fixed_tensors.float64_tensors import Float64Tensors
from deepsphere_pyg.harmonics.sht.base import batched
from deepsphere_pyg.harmonics.sht.geometry import RingGeometry
from deepsphere_pyg.harmonics.sht.longitudes import runs_of_rings
from deepsphere_pyg.harmonics.sht.operations import (
    analysis,
    ring_analysis,
    ring_synthesis,
    synthesis,
)
from deepsphere_pyg.harmonics.sht.steps import (
    ring_fourier,
    ring_fourier_adjoint,
    ring_legendre,
    ring_legendre_adjoint,
)
from deepsphere_pyg.harmonics.sht.tables import LegendreTables
from samplings.arrays import FloatArray

Operation: TypeAlias = Callable[..., Tensor]


class RingTransform(Float64Tensors):
    """Sums of signals on rings against harmonics, and their adjoint.

    Signals are in the order of the rings. ``weights`` are those of the vertices of each
    ring, shape ``(T,)``; 1 if None. ``tables`` are those of the northern rings, and
    coefficients those of their orders.
    """

    # Operations for plain tensors, and as operations of PyTorch.
    operations: ClassVar[tuple[Operation, ...]] = (
        analysis,
        ring_analysis,
        synthesis,
        ring_synthesis,
    )
    # The steps of the analysis, each with its adjoint.
    steps: ClassVar[tuple[Operation, ...]] = (
        ring_fourier,
        ring_fourier_adjoint,
        ring_legendre,
        ring_legendre_adjoint,
    )

    def __init__(
        self,
        rings: RingGeometry,
        L: int,
        weights: FloatArray | None,
        tables: LegendreTables,
        dtype: torch.dtype | None,
    ) -> None:
        super().__init__(dtype)
        self.n_vertices = int(np.maximum(rings.n_phi, 1).sum())
        self.n_rows = len(tables.rows)
        lone, pairs = rings.folding()
        runs = runs_of_rings([int(n) for n in rings.n_phi], lone, pairs)
        self._runs = [number for run in runs for number in run]
        self.shape = [tables.parts, len(rings) - pairs, self.n_vertices]
        self._legendre = tables
        self._n_tables = len(self._legendre.tables)
        for number in range(self._n_tables):
            self.keep(f"table_{number}", None)
        # The imaginary part of exp(-i m phi) is minus the sine.
        orders = tables.orders[:, None]
        signs = np.where(orders < 0, -1.0, 1.0)
        north = len(rings) - pairs
        ring_weights = np.empty(0) if weights is None else weights[:north, None]
        first = rings.first_phi[:north]
        if (first == first[0]).all():
            first = first[:1]
        angle = first[:, None] * np.arange(L)
        phases = np.stack([np.cos(angle), np.sin(angle)], -1)
        self.keep("signs", signs)
        # Half of each order goes to m and half to -m.
        self.keep("scales", np.where(orders == 0, 1.0, signs / 2))
        self.keep("weights", ring_weights)
        self.keep("phases", phases if first.any() else np.empty(0))
        for name in ("slots", "places"):
            self.keep(name, None, torch.int64)

    def rounded(self, name: str, dtype: torch.dtype) -> Tensor:
        """Return a master in a dtype; tables are shared between transforms."""
        if name.startswith("table_"):
            number = int(name.removeprefix("table_"))
            return self._legendre.tables[number].rounded(dtype)
        if name in ("slots", "places"):
            index: Tensor = getattr(self._legendre, name)
            return index
        return super().rounded(name, dtype)

    @property
    def table_bytes(self) -> int:
        """Bytes of the tables, in every dtype that is kept."""
        return self._legendre.n_bytes

    @property
    def probe(self) -> Tensor:
        """A tensor of the dtype and on the device of the tables."""
        return cast(Tensor, self.signs)

    def analyze(self, x: Tensor) -> Tensor:
        """Return sums against harmonics, ``(*batch, vertex, channel)`` to rows."""
        plain, general, _, _ = self.operations
        apply = plain if is_plain(x) else general
        return batched(apply, x, *self.arguments())

    def synthesize(self, c: Tensor) -> Tensor:
        """Return sums of harmonics, rows to ``(*batch, vertex, channel)``."""
        _, _, plain, general = self.operations
        apply = plain if is_plain(c) else general
        return batched(apply, c, *self.arguments())

    def arguments(
        self,
    ) -> tuple[list[Tensor], list[Tensor], list[int], list[int]]:
        """Return the constants of all operations."""
        tables = [getattr(self, f"table_{n}") for n in range(self._n_tables)]
        names = ("slots", "places", "signs", "scales", "weights", "phases")
        layout = [cast(Tensor, getattr(self, name)) for name in names]
        return tables, layout, self._runs, self.shape
