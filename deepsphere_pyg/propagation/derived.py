"""Tables derived from a matrix at first use, and kept."""

from __future__ import annotations

import scipy.sparse as sp
import torch
from torch import Tensor

from deepsphere_pyg.compilers import in_plain_mode
from deepsphere_pyg.propagation.maxima import max_windows
from deepsphere_pyg.propagation.tiles import Tiles, cut_into_tiles, whole_tile


class Derived:
    """Tiles and windows of one matrix, for one dtype on one device.

    Neither module nor container: exporters undo changes of those while they trace, so
    that tables would be made again.

    Parameters
    ----------
    rows
        Compressed rows, float64.
    symmetric
        Whether the matrix is its own transpose.
    dtype, device
        Of the weights. Tiles are float32 for weights of half precision.
    """

    def __init__(
        self,
        rows: sp.csr_array,
        symmetric: bool,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        self._rows = rows
        self._symmetric = symmetric
        self._dtype = torch.float64 if dtype == torch.float64 else torch.float32
        self._device = device
        self._tiles: dict[tuple[int, int], tuple[Tiles, Tiles]] = {}
        self._windows: Tensor | None = None

    def tiles(self, hops: int, size: int) -> tuple[Tiles, Tiles]:
        """Return the matrix and its transpose, cut for polynomials."""
        if (hops, size) not in self._tiles:
            made = in_plain_mode(lambda: self._cut_both_ways(hops, size))
            self._tiles[hops, size] = made
        return self._tiles[hops, size]

    def windows(self) -> Tensor:
        """Return the sources of each target, as :func:`max_windows` gives them."""
        if self._windows is None:
            self._windows = in_plain_mode(self._lay_out)
        return self._windows

    def _cut_both_ways(self, hops: int, size: int) -> tuple[Tiles, Tiles]:
        cut = self._cut(self._rows, hops, size)
        if self._symmetric:
            return cut, cut
        return cut, self._cut(sp.csr_array(self._rows.T), hops, size)

    def _cut(self, rows: sp.csr_array, hops: int, size: int) -> Tiles:
        if self._device.type == "cpu":
            tiles = cut_into_tiles(rows, hops, size, self._dtype)
            if tiles is not None:
                return tiles
        offsets, indices = map(torch.from_numpy, (rows.indptr, rows.indices))
        weights = torch.from_numpy(rows.data).to(self._dtype)
        return whole_tile(offsets, indices, weights, hops).to(self._device)

    def _lay_out(self) -> Tensor:
        parts = map(torch.from_numpy, (self._rows.indptr, self._rows.indices))
        return max_windows(*parts).to(self._device)
