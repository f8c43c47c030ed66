"""Groups of the signals of a batch, on the vertices of a tile."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from deepsphere_pyg.propagation.executions import numbers_of_a_tile
from deepsphere_pyg.propagation.tiles import Tile, Tiles


class Signals:
    """Signals of a batch, from which tiles and groups of them are taken.

    A group of ``g`` signals on ``n`` vertices is a matrix ``(n, g channels)``, whose
    rows the products read, and at the same time ``(n g, channels)``, which the
    weights multiply.
    """

    def __init__(self, x: Tensor) -> None:
        self.x = x.contiguous()
        self.batch, self.n, self.channels = x.shape

    def take(self, tile: Tile, vertices: Tensor, first: int, count: int) -> Tensor:
        """Return a group on some vertices, on all if the list is empty."""
        if len(vertices) == 0:
            if count == 1:
                return self.x[first]
            group = self.x[first : first + count].transpose(0, 1)
            return group.reshape(self.n, count * self.channels).contiguous()
        if count == 1:
            return self.x[first].index_select(0, vertices)
        signals = torch.arange(first, first + count, device=vertices.device) * self.n
        rows = (vertices[:, None] + signals).view(-1)
        table = self.x.view(-1, self.channels)
        return table.index_select(0, rows).view(len(vertices), -1)

    def place(self, tile: Tile, first: int, count: int) -> Tensor | None:
        """Return the memory of a group on the core of a tile, if it is contiguous."""
        if count > 1 or tile.first < 0:
            return None
        return self.x[first, tile.first : tile.first + tile.counts[0]]

    def put(self, tile: Tile, first: int, count: int, group: Tensor) -> None:
        """Write a group on the core of a tile."""
        values = group.view(tile.counts[0], count, self.channels).transpose(0, 1)
        target = self.x[first : first + count]
        if tile.first >= 0:
            target[:, tile.first : tile.first + tile.counts[0]] = values
        else:
            target.index_copy_(1, tile.core, values.to(self.x.dtype))


def groups(tiles: Tiles, batch: int, channels: int) -> Iterator[tuple[Tile, int, int]]:
    """Yield tiles, with the first and the number of signals to process together."""
    numbers = numbers_of_a_tile(tiles.weights.device)
    together = max(1, numbers // (tiles.core_size * channels))
    if batch == 0:
        return
    # Groups of equal size.
    together = -(-batch // -(-batch // together))
    for tile in tiles:
        for first in range(0, batch, together):
            yield tile, first, min(together, batch - first)
