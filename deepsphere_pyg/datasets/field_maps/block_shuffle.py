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

    Raises
    ------
    TypeError, ValueError
        If a number is not an integer, or ``in_memory`` is below 1.

    Examples
    --------
    >>> order = list(BlockShuffle([0, 0, 1, 1, 2, 2], 1, seed=0))
    >>> order, sorted(order)
    ([3, 2, 5, 4, 1, 0], [0, 1, 2, 3, 4, 5])
    """

    def __init__(self, blocks: npt.ArrayLike, in_memory: int, seed: int = 0) -> None:
        listed = np.asarray(blocks)
        numbers = integers_argument("blocks", listed.ravel().tolist(), 0)
        self.blocks: IntArray = np.array(numbers, dtype=np.int64)
        self.in_memory = integer_argument("in_memory", in_memory, 1)
        self.seed = integer_argument("seed", seed, 0)
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Set the number of the epoch; Lightning calls this."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.blocks)

    def order(self) -> IntArray:
        """Return the indices of the samples in the order of this epoch."""
        random = np.random.default_rng([self.seed, self.epoch])
        _, block = np.unique(self.blocks, return_inverse=True)
        place = random.permutation(int(block.max(initial=-1)) + 1)
        group = place[block] // self.in_memory
        mixed = random.permutation(len(block))
        return mixed[np.argsort(group[mixed], kind="stable")]

    def __iter__(self) -> Iterator[int]:
        return iter(self.order().tolist())
