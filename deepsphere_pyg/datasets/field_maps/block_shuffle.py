"""Order of samples that reads each block of a file once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from torch.utils.data import Sampler

from samplings.arguments import integer_argument, integers_argument
from samplings.arrays import IntArray


class BlockShuffle(Sampler[int]):
    """Shuffle blocks, and samples within a few blocks at a time, by seed and epoch.

    Each epoch, blocks are put in random order and taken in groups; the samples of a
    group are shuffled together. If a group fits into the cache of the data set, each
    block is read once per epoch. The order depends on the seed and the number of the
    epoch only, so that a resumed training sees the same one.

    Parameters
    ----------
    blocks
        Number of the block of each sample, shape ``(N,)``: :attr:`FieldMaps.blocks`.
    in_memory
        Number of blocks in a group: :attr:`FieldMaps.blocks_in_memory`.
    seed
        Seed of the whole training.
    n_workers, batch_size
        Of the data loader, whose workers take batches in turn. Each then gets blocks of
        its own, until the first has no samples left, and no block is read by several.

    Raises
    ------
    TypeError, ValueError
        If a number is not an integer, or below 1 (0 for the seed and the workers).

    Examples
    --------
    >>> order = list(BlockShuffle([0, 0, 1, 1, 2, 2], 1, seed=0))
    >>> order, sorted(order)
    ([3, 2, 5, 4, 1, 0], [0, 1, 2, 3, 4, 5])
    """

    def __init__(
        self,
        blocks: npt.ArrayLike,
        in_memory: int,
        seed: int = 0,
        *,
        n_workers: int = 0,
        batch_size: int = 1,
    ) -> None:
        listed = np.asarray(blocks)
        numbers = integers_argument("blocks", listed.ravel().tolist(), 0)
        self.blocks: IntArray = np.array(numbers, dtype=np.int64)
        self.in_memory = integer_argument("in_memory", in_memory, 1)
        self.seed = integer_argument("seed", seed, 0)
        self.n_workers = integer_argument("n_workers", n_workers, 0)
        self.batch_size = integer_argument("batch_size", batch_size, 1)
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Set the number of the epoch; Lightning calls this."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.blocks)

    def order(self) -> IntArray:
        """Return the indices of the samples in the order of this epoch."""
        random = np.random.default_rng([self.seed, self.epoch])
        _, block, sizes = np.unique(
            self.blocks, return_inverse=True, return_counts=True
        )
        place = random.permutation(len(sizes))
        mixed = random.permutation(len(block))
        streams = max(1, self.n_workers)
        # Blocks go, in random order, to the worker with the fewest samples so far.
        load = np.zeros(streams, dtype=np.int64)
        stream, group = np.zeros((2, len(sizes)), dtype=np.int64)
        counts = np.zeros(streams, dtype=np.int64)
        for one in np.argsort(place):
            least = int(load.argmin())
            stream[one], group[one] = least, counts[least] // self.in_memory
            load[least] += sizes[one]
            counts[least] += 1
        parts = []
        for number in range(streams):
            mine = mixed[stream[block[mixed]] == number]
            parts.append(mine[np.argsort(group[block[mine]], kind="stable")])
        return _dealt(parts, self.batch_size)

    def __iter__(self) -> Iterator[int]:
        return iter(self.order().tolist())


def _dealt(parts: list[IntArray], batch_size: int) -> IntArray:
    """Join parts batch by batch in turn, while each has a whole batch; then all."""
    whole = min(len(part) // batch_size for part in parts) * batch_size
    head = np.stack([part[:whole].reshape(-1, batch_size) for part in parts], axis=1)
    return np.concatenate([head.ravel(), *(part[whole:] for part in parts)])
