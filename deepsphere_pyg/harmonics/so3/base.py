"""Base of Wigner transforms: waves in alpha and gamma, a table over beta."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import chain
from math import prod
from typing import SupportsIndex

import torch
from torch import Tensor

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.fixed_tensors.float64_tensors import Float64Tensors
from deepsphere_pyg.fixed_tensors.shared_tables import shared_table
from deepsphere_pyg.harmonics.layout.checks import checked_operand
from deepsphere_pyg.harmonics.rotations.wigner_d import checked_bandlimits
from deepsphere_pyg.harmonics.rotations.wigner_recursion import refuse_beyond_recursion
from deepsphere_pyg.harmonics.so3.tables import (
    alpha_waves,
    gamma_waves,
    so3_layout,
    wave_matrix,
    wave_starts,
)
from deepsphere_pyg.signals import checked_signal, known_signal
from samplings import SO3Grid
from samplings.arrays import FloatArray


class WignerTransform(Float64Tensors, ABC):
    """Sum over degrees and orders on a grid, and its transpose.

    It takes four steps: coefficients to waves, with at most two numbers for each;
    products with a table over beta, one for each pair of orders; sums of waves in
    gamma; sums of waves in alpha. Fourier sums are matrix products: for the few angles
    of such grids they are faster than transforms along inner axes, and need no complex
    numbers.
    """

    table: Tensor
    alpha_waves: Tensor
    gamma_waves: Tensor

    def __init__(
        self,
        grid: SO3Grid,
        L: SupportsIndex | None = None,
        N: SupportsIndex | None = None,
        *,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(dtype)
        self.grid = grid
        self.L, self.N = _bandlimits_on(grid, L, N)
        self.layout = so3_layout(self.L, self.N)
        self._n_rows = self.layout.n_rows
        self.waves = EdgeOperator(wave_matrix(self.L, self.N), dtype=self.dtype)
        self._starts = wave_starts(self.L, self.N)
        settings = (type(self), grid, self.L, self.N)
        self._shared = shared_table(settings, self._table)
        self.keep("table", None)
        self.keep("alpha_waves", alpha_waves(grid.alpha, self.L))
        self.keep("gamma_waves", gamma_waves(grid.gamma, self.N))

    def rounded(self, name: str, dtype: torch.dtype) -> Tensor:
        """Return a master in a dtype; tables are shared between transforms."""
        if name == "table":
            return self._shared.rounded(dtype)
        return super().rounded(name, dtype)

    @abstractmethod
    def _table(self) -> FloatArray:
        """Return small d on the rings of the grid, shape ``(R, n_beta)``."""

    @property
    def table_bytes(self) -> int:
        """Bytes of the table, in every dtype that is kept."""
        return self._shared.n_bytes

    def _tables(self) -> Iterator[Tensor]:
        """Yield the table of each order p twice, for real and for imaginary parts."""
        for p in range(self.L):
            part = self.table[self._starts[p] : self._starts[p + 1]]
            part = part.view(2 * self.N - 1, self.L - p, -1)
            yield from (part, part)

    def values(self, coefficients: Tensor) -> Tensor:
        """Sum over degrees and orders, without sorting the points.

        This saves a copy of all values. They are values of the function for an
        :class:`ISO3Transform`, and the transpose of :meth:`from_values` for an
        :class:`SO3Transform`.

        Parameters
        ----------
        coefficients
            Shape ``(*batch, row, channel)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, point, channel)``; points by gamma, then alpha, then beta.
        """
        y, batch = self._turned(coefficients)
        n_beta, _, n_gamma = self.grid.shape
        with torch.autocast(y.device.type, enabled=False):
            f = self.alpha_waves @ y.view(n_gamma, 2 * self.L, n_beta * prod(batch))
        return f.view(len(self.grid), *batch).movedim(0, -2)

    def from_values(self, signal: Tensor) -> Tensor:
        """Apply the transpose of :meth:`values`: the analysis of an SO3Transform.

        Parameters
        ----------
        signal
            Shape ``(*batch, point, channel)``, points in the order of :meth:`values`.
            Missing values are not detected.

        Returns
        -------
        Tensor
            Shape ``(*batch, row, channel)``.
        """
        x = checked_signal(signal, len(self.grid), self.table)
        *batch, _, channels = x.shape
        n_beta, n_alpha, n_gamma = self.grid.shape
        columns = prod(batch) * channels
        with torch.autocast(x.device.type, enabled=False):
            f = x.movedim(-2, 0).reshape(n_gamma, n_alpha, n_beta * columns)
            return self._rows_of(self.alpha_waves.mT @ f, (*batch, channels))

    def _synthesize(self, coefficients: Tensor) -> Tensor:
        """Sum over degrees and orders: coefficients to values at the points."""
        y, (*batch, channels) = self._turned(coefficients)
        n_beta, _, n_gamma = self.grid.shape
        maps = prod(batch)
        with torch.autocast(y.device.type, enabled=False):
            y = y.view(n_gamma, 2 * self.L, n_beta, maps, channels)
            y = y.permute(3, 2, 1, 0, 4)
            y = y.reshape(maps * n_beta, 2 * self.L, n_gamma * channels)
            f = self.alpha_waves @ y
        return f.view(*batch, len(self.grid), channels)

    def _analyze(self, signal: Tensor) -> Tensor:
        """Apply the transpose: values at the points to coefficients."""
        x = checked_signal(signal, len(self.grid), self.table, cast=False)
        # Before the cast, which rounds codes of missing values in half precision.
        x = known_signal(x, "points").to(self.dtype)
        *batch, _, channels = x.shape
        n_beta, n_alpha, n_gamma = self.grid.shape
        maps = prod(batch)
        with torch.autocast(x.device.type, enabled=False):
            f = x.reshape(maps * n_beta, n_alpha, n_gamma * channels)
            y = self.alpha_waves.mT @ f
            y = y.view(maps, n_beta, 2 * self.L, n_gamma, channels)
            return self._rows_of(y.permute(3, 2, 1, 0, 4), (*batch, channels))

    def _turned(self, coefficients: Tensor) -> tuple[Tensor, tuple[int, ...]]:
        """Sum over degrees and n: waves in alpha on each ring, at each gamma.

        Their shape is ``(gamma, part and p, beta, batch and channel)``, flat from the
        second axis on. The shape of batch and channels comes with them.
        """
        x = checked_operand(coefficients, self.layout, self.table, self.dtype)
        *batch, n_rows, channels = x.shape
        columns, orders = prod(batch) * channels, 2 * self.N - 1
        with torch.autocast(x.device.type, enabled=False):
            waves = self.waves(x.movedim(-2, 0).reshape(n_rows, columns))
            # The real and the imaginary part of each order.
            sizes = [orders * (self.L - p) for p in range(self.L) for _ in range(2)]
            rings = [
                torch.bmm(table.mT, part.view(*table.shape[:2], columns))
                for table, part in zip(self._tables(), waves.split(sizes), strict=True)
            ]
            # All real parts, then all imaginary ones.
            y = torch.stack(rings[::2] + rings[1::2], 1)
            y = y.view(2 * orders, self.L * self.grid.shape[0] * columns)
            y = self.gamma_waves @ y
        return y, (*batch, channels)

    def _rows_of(self, y: Tensor, batch: tuple[int, ...]) -> Tensor:
        """Apply the transpose of :meth:`_turned`."""
        n_beta, _, n_gamma = self.grid.shape
        columns, orders = prod(batch), 2 * self.N - 1
        y = y.reshape(2 * n_gamma, self.L * n_beta * columns)
        y = self.gamma_waves.mT @ y
        rings = y.view(orders, 2 * self.L, n_beta, columns).unbind(1)
        # The real and the imaginary part of each order.
        pairs = zip(rings[: self.L], rings[self.L :], strict=True)
        waves = [
            torch.bmm(table, ring).flatten(0, 1)
            for table, ring in zip(self._tables(), chain(*pairs), strict=True)
        ]
        rows = self.waves.adjoint(torch.cat(waves))
        return rows.view(self._n_rows, *batch).movedim(0, -2)

    def extra_repr(self) -> str:
        """Return grid, bandlimits and dtype."""
        return f"{self.grid!r}, L={self.L}, N={self.N}, {self.dtype}"


def _bandlimits_on(
    grid: SO3Grid, L: SupportsIndex | None, N: SupportsIndex | None
) -> tuple[int, int]:
    """Return the checked bandlimits, by default those of the grid."""
    if not isinstance(grid, SO3Grid):
        raise TypeError(
            f"grid must be an SO3Grid, got {type(grid).__name__}; make one with "
            "samplings.SO3Grid(L, N)"
        )
    if L is None:
        L = grid.L
    bandlimit, azimuthal = checked_bandlimits(L, N)
    if N is None:
        azimuthal = min(azimuthal, grid.N)
    if bandlimit > grid.L or azimuthal > grid.N:
        raise ValueError(
            f"L and N must be at most {grid.L} and {grid.N}, "
            f"up to which {grid!r} is exact, got {bandlimit} and {azimuthal}; use "
            f"SO3Grid({max(bandlimit, grid.L)}, "
            f"{max(azimuthal, grid.N)}, {grid.scheme!r})"
        )
    refuse_beyond_recursion(bandlimit)
    return bandlimit, azimuthal
