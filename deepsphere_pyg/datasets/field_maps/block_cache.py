"""Blocks of maps that are read together, and kept as long as there is room."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from samplings.arrays import IntArray

# Share of the cache that one block of all channels may take, and one block of one
# channel as it is read, in float64.
_BLOCK = 0.25


class BlockCache:
    """The arrays used last, up to a number of bytes.

    A copy for another process starts empty.

    Parameters
    ----------
    size
        Number of bytes; an array that is larger is not kept.

    Examples
    --------
    >>> cache = BlockCache(16)
    >>> for number in (0, 1, 2):
    ...     _ = cache.take(number, lambda: np.zeros(1))
    >>> sorted(cache.kept), cache.n_bytes
    ([1, 2], 16)
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.kept: OrderedDict[Hashable, npt.NDArray[Any]] = OrderedDict()
        self.n_bytes = 0

    def take(
        self, key: Hashable, read: Callable[[], npt.NDArray[Any]]
    ) -> npt.NDArray[Any]:
        """Return the array of a key, which is read if it is not kept."""
        found = self.kept.pop(key, None)
        if found is None:
            found = read()
            self.n_bytes += found.nbytes
        self.kept[key] = found
        while self.n_bytes > self.size and self.kept:
            _, oldest = self.kept.popitem(last=False)
            self.n_bytes -= oldest.nbytes
        return found

    def __getstate__(self) -> dict[str, Any]:
        return {"size": self.size, "kept": OrderedDict(), "n_bytes": 0}


@dataclass(frozen=True)
class BlockGrid:
    """Division of the sample dimensions into blocks of equal length.

    Attributes
    ----------
    sizes
        Sizes of the sample dimensions.
    lengths
        Length of a block along each.
    """

    sizes: tuple[int, ...]
    lengths: tuple[int, ...]

    def numbers(self, samples: IntArray) -> IntArray:
        """Return the number of the block of each sample, shape ``(N,)``."""
        counts = [-(-n // k) for n, k in zip(self.sizes, self.lengths, strict=True)]
        number = np.zeros(len(samples), dtype=np.int64)
        for i, (count, length) in enumerate(zip(counts, self.lengths, strict=True)):
            number = number * count + samples[:, i] // length
        return number

    def ranges(self, sample: Sequence[int]) -> list[tuple[int, int]]:
        """Return the first position of a sample's block and the one after its last."""
        starts = [i // k * k for i, k in zip(sample, self.lengths, strict=True)]
        ends = zip(starts, self.lengths, self.sizes, strict=True)
        return [(start, min(start + k, n)) for start, k, n in ends]

    @property
    def length(self) -> int:
        """Number of maps in a whole block."""
        return math.prod(self.lengths)


def block_grid(
    dims: Sequence[str],
    sizes: Sequence[int],
    chunks: Sequence[Mapping[str, int]],
    map_bytes: int,
    cache_bytes: int,
) -> BlockGrid:
    """Choose blocks: the chunks of the file, or parts of them that fit into the cache.

    Parameters
    ----------
    dims, sizes
        The sample dimensions.
    chunks
        Length of the chunks of each variable along its dimensions.
    map_bytes
        Bytes that a sample needs.
    cache_bytes
        Size of the cache.
    """
    lengths = [
        min(size, max([one.get(dim, 1) for one in chunks], default=1))
        for dim, size in zip(dims, sizes, strict=True)
    ]
    most = max(1, int(_BLOCK * cache_bytes / max(map_bytes, 1)))
    # The last dimension varies fastest in a file; blocks shrink along the first.
    for i in range(len(lengths)):
        excess = math.prod(lengths) / most
        if excess > 1:
            lengths[i] = max(1, int(lengths[i] / excess))
    return BlockGrid(tuple(sizes), tuple(lengths))


def chunk_lengths(variable: Any) -> dict[str, int]:
    """Return the length of the chunks of an xarray variable in its file, by dimension.

    Variables without chunks give an empty mapping.
    """
    if variable.chunks:  # of dask
        return {
            str(d): max(n) for d, n in zip(variable.dims, variable.chunks, strict=True)
        }
    preferred = variable.encoding.get("preferred_chunks")
    if preferred:
        return {
            str(d): int(n if np.ndim(n) == 0 else max(n)) for d, n in preferred.items()
        }
    for name in ("chunks", "chunksizes"):
        found = variable.encoding.get(name)
        if found:
            return {str(d): int(n) for d, n in zip(variable.dims, found, strict=False)}
    return {}
