"""Wigner transforms: functions on the rotation group to coefficients, and back."""

from __future__ import annotations

from math import prod
from typing import SupportsIndex

import torch
from torch import Tensor

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.harmonics.float64_buffers import Float64Buffers
from deepsphere_pyg.harmonics.operands import checked_operand
from deepsphere_pyg.harmonics.so3_rows import (
    so3_layout,
    wave_matrix,
    wave_starts,
    zonal_shares,
)
from deepsphere_pyg.harmonics.so3_tables import analysis_table, synthesis_table
from deepsphere_pyg.harmonics.wigner_d import checked_bandlimits
from deepsphere_pyg.signals import checked_signal
from samplings import SO3Grid
from samplings.arrays import FloatArray


class WignerTransform(Float64Buffers):
    """What both directions share: a table, and waves in alpha and gamma.

    Parameters
    ----------
    grid
        Where functions live.
    L, N
        Bandlimits, at most those of the grid.
    dtype
        ``torch.float32`` or ``torch.float64``; PyTorch's default if None.
    """

    table: Tensor
    shares: Tensor

    def __init__(
        self,
        grid: SO3Grid,
        L: SupportsIndex | None,
        N: SupportsIndex | None,
        dtype: torch.dtype | None,
    ) -> None:
        super().__init__(dtype)
        self.grid = grid
        self.L, self.N = _bandlimits_on(grid, L, N)
        self.layout = so3_layout(self.L, self.N)
        # float64 first: the operator keeps a master of its own.
        self.waves = EdgeOperator(wave_matrix(self.L, self.N), self.dtype)
        self.keep("table", torch.from_numpy(self._table()))
        shares = torch.from_numpy(zonal_shares(self.L, self.N))
        self.keep("shares", shares[:, None])

    def _table(self) -> FloatArray:
        """Small d on the rings of the grid, shape ``(R, n_beta)``."""
        raise NotImplementedError

    @property
    def table_bytes(self) -> int:
        """Memory of the table in bytes, without its float64 master."""
        return self.table.nbytes

    def _to_points(self, coefficients: Tensor) -> Tensor:
        """Sum waves times the table: coefficients to values at the points."""
        x = checked_operand(coefficients, self.layout, self.table, self.dtype)
        *batch, _, channels = x.shape
        columns = prod(batch) * channels
        n_beta, n_alpha, n_gamma = self.grid.shape
        starts = wave_starts(self.L, self.N)
        orders = 2 * self.N - 1
        with torch.autocast(x.device.type, enabled=False):
            waves = self.waves(x.movedim(-2, 0).reshape(-1, columns))
            waves = waves.reshape(starts[-1], 2 * columns)
            rings = []
            for p in range(self.L):
                part = slice(starts[p], starts[p + 1])
                table = self.table[part].view(orders, self.L - p, n_beta)
                rings.append(table.mT @ waves[part].view(orders, -1, 2 * columns))
            values = torch.stack(rings).unflatten(-1, (2, columns))
            spectrum = torch.complex(*values.unbind(-2))
            spectrum = _with_higher_orders(spectrum, self.N, n_gamma)
            f = torch.fft.irfft2(
                spectrum, (n_gamma, n_alpha), dim=(1, 0), norm="forward"
            )
        # alpha, gamma, beta, then the batch and the channel
        f = f.reshape(n_alpha, n_gamma, n_beta, prod(batch), channels)
        return f.permute(3, 2, 0, 1, 4).reshape(*batch, len(self.grid), channels)

    def _to_rows(self, signal: Tensor, norm: str) -> Tensor:
        """Sum the table times waves of the values: signals to coefficients."""
        x = checked_signal(signal, len(self.grid), self.table)
        *batch, _, channels = x.shape
        columns = prod(batch) * channels
        n_beta, n_alpha, n_gamma = self.grid.shape
        starts = wave_starts(self.L, self.N)
        orders = 2 * self.N - 1
        with torch.autocast(x.device.type, enabled=False):
            f = x.reshape(prod(batch), n_beta, n_alpha, n_gamma, channels)
            f = f.permute(2, 3, 1, 0, 4).reshape(n_alpha, n_gamma, n_beta, columns)
            spectrum = torch.fft.rfft2(f, dim=(1, 0), norm=norm)[: self.L]
            spectrum = torch.cat(
                [spectrum[:, : self.N], spectrum[:, n_gamma - self.N + 1 :]], dim=1
            )
            rings = torch.stack([spectrum.real, spectrum.imag], dim=-2).flatten(-2)
            waves = []
            for p in range(self.L):
                table = self.table[starts[p] : starts[p + 1]]
                table = table.view(orders, self.L - p, n_beta)
                waves.append((table @ rings[p]).view(-1, columns))
            rows = self.shares * self.waves.adjoint(torch.cat(waves))
        rows = rows.reshape(self.layout.n_rows, *batch, channels)
        return rows.movedim(0, -2)

    def extra_repr(self) -> str:
        """Grid, bandlimits and dtype."""
        return f"{self.grid!r}, L={self.L}, N={self.N}, {self.dtype}"


class SO3Transform(WignerTransform):
    r"""Coefficients of functions on SO(3): the forward Wigner transform.

    .. math:: f^l_{mn} = \sqrt{\tfrac{2l+1}{8\pi^2}} \int F(R) D^l_{mn}(R) \, dR

    with real matrices D; rows as in :func:`so3_layout`. Exact for functions of degrees
    below L and orders :math:`|n| < N`; of any other function of the grid's bandlimits
    it is the projection on them.

    Parameters
    ----------
    grid
        Where functions live.
    L, N
        Bandlimits, at most those of the grid, which they are by default. On a finer
        grid, products and nonlinearities alias less.
    dtype
        ``torch.float32`` or ``torch.float64``; PyTorch's default if None.

    Attributes
    ----------
    layout
        Rows of the coefficients.

    Shapes
    ------
    ``x : (*batch, point, channel) -> (*batch, row, channel)``

    Raises
    ------
    TypeError
        If a number is not an integer, ``grid`` not a grid, or ``dtype`` another.
    ValueError
        If L or N is below 1 or above that of the grid, or N above L.

    Notes
    -----
    Real Fourier transforms over alpha and gamma, then for each pair of orders a product
    with a table over beta, of :math:`T (2N-1) L (L+1) / 2` numbers for T rings: 17
    million at L = N = 64 on 64 rings. Cost: :math:`T N L^2` multiplications twice a
    channel. On the rings of McEwen and Wiaux the table holds their sampling theorem.
    Linear, with derivatives of every order.

    Source: McEwen et al. 2015 (arXiv:1508.03101); Kostelec and Rockmore 2008, J.
    Fourier Anal. Appl. 14, 145.

    Equivariance: exact to round-off; fragments of rotated functions are Wigner
    matrices times those of the function.

    Examples
    --------
    >>> grid = SO3Grid(3, 2)
    >>> transform = SO3Transform(grid)
    >>> c = transform(torch.ones(len(grid), 1))
    >>> c.shape, round(float(c[0] / torch.pi), 5)
    (torch.Size([25, 1]), 2.82843)
    """

    def __init__(
        self,
        grid: SO3Grid,
        L: SupportsIndex | None = None,
        N: SupportsIndex | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(grid, L, N, dtype)

    def _table(self) -> FloatArray:
        return analysis_table(self.grid, self.L, self.N)

    def forward(self, x: Tensor) -> Tensor:
        """Return the coefficients of signals.

        Parameters
        ----------
        x
            Shape ``(*batch, point, channel)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, row, channel)``.

        Raises
        ------
        TypeError, ValueError
            If ``x`` has another dtype, shape or device than the transform.
        """
        return self._to_rows(x, norm="forward")

    def adjoint(self, c: Tensor) -> Tensor:
        """Apply the transpose of the analysis.

        Parameters
        ----------
        c
            Shape ``(*batch, row, channel)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, point, channel)``.
        """
        _, n_alpha, n_gamma = self.grid.shape
        return self._to_points(c) / (2 * n_alpha * n_gamma)


class ISO3Transform(WignerTransform):
    r"""Values of functions on SO(3): the inverse Wigner transform.

    .. math:: F(R_i) = \sum_{lmn} f^l_{mn} \sqrt{\tfrac{2l+1}{8\pi^2}} D^l_{mn}(R_i)

    Parameters
    ----------
    grid, L, N, dtype
        As for :class:`SO3Transform`.

    Attributes
    ----------
    layout
        Rows of the coefficients.

    Shapes
    ------
    ``c : (*batch, row, channel) -> (*batch, point, channel)``

    Raises
    ------
    TypeError, ValueError
        As for :class:`SO3Transform`.

    Examples
    --------
    >>> grid = SO3Grid(3, 2)
    >>> to_rows, to_points = SO3Transform(grid), ISO3Transform(grid)
    >>> c = torch.linspace(-1, 1, to_rows.layout.n_rows)[:, None]
    >>> torch.allclose(to_rows(to_points(c)), c, atol=1e-5)
    True
    """

    def __init__(
        self,
        grid: SO3Grid,
        L: SupportsIndex | None = None,
        N: SupportsIndex | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(grid, L, N, dtype)

    def _table(self) -> FloatArray:
        return synthesis_table(self.grid.beta, self.L, self.N)

    def forward(self, c: Tensor) -> Tensor:
        """Return the values of functions at the points.

        Parameters
        ----------
        c
            Coefficients, shape ``(*batch, row, channel)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, point, channel)``.

        Raises
        ------
        TypeError, ValueError
            If ``c`` has another dtype, shape or device than the transform.
        """
        return self._to_points(c)

    def adjoint(self, x: Tensor) -> Tensor:
        """Apply the transpose of the synthesis: plain sums over the points.

        Parameters
        ----------
        x
            Shape ``(*batch, point, channel)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, row, channel)``.
        """
        return 2 * self._to_rows(x, norm="backward")


def _bandlimits_on(
    grid: SO3Grid, L: SupportsIndex | None, N: SupportsIndex | None
) -> tuple[int, int]:
    """Return bandlimits that a grid resolves, by default its own."""
    if not isinstance(grid, SO3Grid):
        raise TypeError(
            f"grid must be an SO3Grid, got {type(grid).__name__}; make one with "
            "samplings.SO3Grid(L, N)"
        )
    if L is None:
        L = grid.bandlimit
    bandlimit, azimuthal = checked_bandlimits(L, N)
    if N is None:
        azimuthal = min(azimuthal, grid.azimuthal_bandlimit)
    if bandlimit > grid.bandlimit or azimuthal > grid.azimuthal_bandlimit:
        raise ValueError(
            f"L and N must be at most {grid.bandlimit} and {grid.azimuthal_bandlimit}, "
            f"up to which {grid!r} is exact, got {bandlimit} and {azimuthal}; use "
            f"SO3Grid({max(bandlimit, grid.bandlimit)}, "
            f"{max(azimuthal, grid.azimuthal_bandlimit)}, {grid.scheme!r})"
        )
    return bandlimit, azimuthal


def _with_higher_orders(spectrum: Tensor, N: int, n_gamma: int) -> Tensor:
    """Insert orders n that are zero, ``(p, 2N - 1, ...) -> (p, n_gamma, ...)``."""
    missing = n_gamma - (2 * N - 1)
    if not missing:
        return spectrum
    shape = (len(spectrum), missing, *spectrum.shape[2:])
    zeros = spectrum.new_zeros(shape)
    return torch.cat([spectrum[:, :N], zeros, spectrum[:, N:]], dim=1)
