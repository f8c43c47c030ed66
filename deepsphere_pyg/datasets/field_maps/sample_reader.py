"""Reading of the maps of a sample, block by block."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.datasets.field_maps.block_cache import BlockCache, block_grid
from deepsphere_pyg.datasets.field_maps.channel_group import (
    ChannelGroup,
    FieldChannel,
)
from deepsphere_pyg.datasets.field_maps.global_targets import GlobalTargets
from deepsphere_pyg.datasets.field_maps.sample_axes import SampleAxes
from samplings.arrays import FloatArray, IntArray

# Share of the cache that a group of blocks may fill; the rest is for maps that are the
# same in several blocks.
_FILL = 0.9


class SampleReader:
    """The maps of inputs and targets, in blocks that a cache keeps.

    Parameters
    ----------
    inputs, targets
        The channels.
    axes
        The sample dimensions.
    cache_bytes
        Size of the cache.
    """

    def __init__(
        self,
        inputs: ChannelGroup,
        targets: ChannelGroup | GlobalTargets | None,
        axes: SampleAxes,
        cache_bytes: int,
    ) -> None:
        self.inputs = inputs
        self.targets = targets
        self._axes = axes
        self.dims = axes.dims
        self._cache = BlockCache(cache_bytes)
        groups = [inputs]
        if isinstance(targets, ChannelGroup):
            groups.append(targets)
        n_channels = len({self._key(g, one) for g in groups for one in g.channels})
        map_bytes = 4 * len(inputs.regridder.sampling) * n_channels
        self.grid = block_grid(
            axes.dims,
            axes.sizes,
            [one for group in groups for one in group.chunks()],
            max(map_bytes, *(group.map_bytes() for group in groups)),
            cache_bytes,
        )
        self.block_bytes = max(1, map_bytes * self.grid.length)

    def part(self, vertices: IntArray) -> SampleReader | None:
        """Return a reader of some vertices alone; None if they need others."""
        inputs, targets = self.inputs.part(vertices), self.targets
        if isinstance(targets, ChannelGroup):
            targets = targets.part(vertices)
            if targets is None:
                return None
        if inputs is None:
            return None
        return SampleReader(inputs, targets, self._axes, self._cache.size)

    def forget(self) -> None:
        """Give up the maps that are kept."""
        self._cache = BlockCache(self._cache.size)

    @property
    def blocks_in_memory(self) -> int:
        """Number of blocks that the cache holds at a time, at least 1."""
        return max(1, int(_FILL * self._cache.size) // self.block_bytes)

    def inputs_at(self, sample: IntArray) -> npt.NDArray[np.float32]:
        """Return the inputs of a sample, shape ``(V, C)``, NaN where missing."""
        return self._maps_at(self.inputs, sample)

    def targets_at(self, sample: IntArray) -> npt.NDArray[Any]:
        """Return the maps of the targets of a sample, shape ``(V, C_out)``."""
        if not isinstance(self.targets, ChannelGroup):
            raise TypeError("the targets are no maps")
        return self._maps_at(self.targets, sample)

    def _key(self, group: ChannelGroup, channel: FieldChannel) -> tuple[Any, ...]:
        """Return a key of a channel; maps that are inputs and targets have one."""
        numbers = group.source is self.inputs.source and group.table is None
        return numbers, channel.variable, *channel.positions.values()

    def _maps_at(self, group: ChannelGroup, sample: IntArray) -> npt.NDArray[Any]:
        block = dict(zip(self.dims, self.grid.ranges(sample.tolist()), strict=True))
        maps = []
        pairs = {i: pair for pair in group.winds for i in pair}
        for i, channel in enumerate(group.channels):
            ranges = {dim: block[dim] for dim in channel.along}
            key: tuple[Any, ...] = (*self._key(group, channel), *ranges.values())
            pair = pairs.get(i)
            if pair is not None:
                # Both components are regridded at once, and kept together.
                key = ("winds", *(self._key(group, group.channels[j]) for j in pair))
                key = (*key, *ranges.values())

            def read(
                channel: FieldChannel = channel,
                ranges: dict[str, tuple[int, int]] = ranges,
                pair: tuple[int, int] | None = pair,
            ) -> npt.NDArray[Any]:
                if pair is not None:
                    return group.carried_winds(pair, ranges)
                return group.carried(channel, ranges)

            found = self._cache.take(key, read)
            if pair is not None:
                found = found[pair.index(i)]
            at = [
                int(sample[self.dims.index(dim)]) - ranges[dim][0]
                for dim in channel.along
            ]
            maps.append(found[tuple(at)])
        return np.stack(maps, axis=1)


def area_filled(
    x: npt.NDArray[np.float32], area: FloatArray
) -> tuple[npt.NDArray[np.float32], int | None]:
    """Replace missing values ``(V, C)`` by the mean of their channel, by area.

    The second result is a channel that is missing everywhere, if there is one.
    """
    missing = np.isnan(x)
    if not missing.any():
        return x, None
    areas = area[:, None] * ~missing
    total = areas.sum(axis=0)
    if not (total > 0).all():
        return x, int(np.flatnonzero(total == 0)[0])
    means = (areas * np.where(missing, 0, x)).sum(axis=0) / total
    return np.where(missing, means.astype(np.float32), x), None
