"""Which samples each process takes in an epoch."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator

import numpy as np
from torch.utils.data import DistributedSampler

from deepsphere_pyg.datasets.field_maps import BlockShuffle
from deepsphere_pyg.processes import n_sample_parts, sample_part
from samplings.arguments import integer_argument


class _EveryProcess(DistributedSampler[int]):
    """Deal out one order of all samples to the processes, in turn.

    Processes that share each sample take the same ones. The processes are counted when
    samples are drawn, because data loaders are made before the processes are started.
    Lightning leaves samplers of this base alone.
    """

    def __init__(self, length: int) -> None:
        # Not PyTorch's constructor, which counts the processes.
        self.length = integer_argument("length", length, 1)
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Set the number of the epoch; Lightning calls this."""
        self.epoch = epoch

    @abstractmethod
    def order(self) -> list[int]:
        """Return the samples of this process."""

    def __len__(self) -> int:
        return len(self.order())

    def __iter__(self) -> Iterator[int]:
        return iter(self.order())


class EpochShuffle(_EveryProcess):
    """Shuffle by seed and epoch alone, so that a resumed training sees the same order.

    Several processes deal out this order in turn, so that their batches of a step are
    together the batch that one process takes if its batch size is that of all.

    Parameters
    ----------
    length
        Number of samples.
    seed
        Seed of the whole training.
    batch_size
        Samples per batch of each process, if the last batch may be incomplete. Several
        processes then see each sample once in an epoch, as one process does: those that
        have no sample left for the last step repeat one, which does not count. If it is
        not given, the samples that do not divide among the processes are left out, as
        belongs to data loaders with ``drop_last=True``.

    Examples
    --------
    >>> sorted(EpochShuffle(3, seed=0))
    [0, 1, 2]
    """

    def __init__(self, length: int, seed: int, batch_size: int | None = None) -> None:
        super().__init__(length)
        self.seed = seed
        self.batch_size = (
            None
            if batch_size is None
            else integer_argument("batch_size", batch_size, 1)
        )

    @property
    def repeats(self) -> bool:
        """Whether the last sample of this process is one that does not count."""
        whole, left = divmod(self.length, n_sample_parts())
        if self.batch_size is None or sample_part() < left or not left:
            return False
        return whole % self.batch_size == 0

    def shuffled(self) -> list[int]:
        """Return the samples of all processes in this epoch."""
        random = np.random.default_rng([self.seed, self.epoch])
        order: list[int] = random.permutation(self.length).tolist()
        return order

    def order(self) -> list[int]:
        """Return the samples of this process in this epoch."""
        order = self.shuffled()
        parts = n_sample_parts()
        if self.batch_size is None:
            order = order[: self.length - self.length % parts]
        mine = order[sample_part() :: parts]
        return mine + order[-1:] if self.repeats else mine

    def __len__(self) -> int:
        parts, rank = n_sample_parts(), sample_part()
        if self.batch_size is None:
            return self.length // parts
        return len(range(rank, self.length, parts)) + self.repeats


class EpochBlocks(EpochShuffle):
    """Shuffle in the order of a :class:`BlockShuffle`, so that few blocks are read.

    Parameters
    ----------
    blocks
        The order.
    batch_size
        As for :class:`EpochShuffle`.

    Examples
    --------
    >>> from deepsphere_pyg.datasets import BlockShuffle
    >>> list(EpochBlocks(BlockShuffle([0, 0, 1, 1, 2, 2], in_memory=1)))
    [3, 2, 5, 4, 1, 0]
    """

    def __init__(self, blocks: BlockShuffle, batch_size: int | None = None) -> None:
        super().__init__(len(blocks), blocks.seed, batch_size)
        self.blocks = blocks

    def shuffled(self) -> list[int]:
        """Return the samples of all processes in this epoch."""
        self.blocks.set_epoch(self.epoch)
        self.blocks.batch_size = (self.batch_size or 1) * n_sample_parts()
        order: list[int] = self.blocks.order().tolist()
        return order


class InOrder(_EveryProcess):
    """Take each sample once, in order; several processes take them in turn.

    For validation: Lightning's own sampler repeats samples, so that each process has as
    many, and they count twice in the scores. If there are fewer samples than processes,
    each takes all of them, so that they count equally.

    Parameters
    ----------
    length
        Number of samples.

    Examples
    --------
    >>> list(InOrder(3))
    [0, 1, 2]
    """

    def order(self) -> list[int]:
        """Return the samples of this process."""
        parts = n_sample_parts()
        if self.length < parts:
            return list(range(self.length))
        return list(range(sample_part(), self.length, parts))
