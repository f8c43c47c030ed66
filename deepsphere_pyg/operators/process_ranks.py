"""Processes of a group, as ranks that build a graph together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import distributed as dist
from torch.distributed import ProcessGroup

from samplings.arrays import FloatArray


class ProcessRanks:
    """What processes tell each other in arrays: sums, maxima, and parts for each.

    Parameters
    ----------
    group
        The processes; all by default.

    Attributes
    ----------
    rank, size
        Number of this process in the group, and of all.
    """

    def __init__(self, group: ProcessGroup | None) -> None:
        self._group = group
        self.rank, self.size = dist.get_rank(group), dist.get_world_size(group)
        # NCCL sends between GPUs alone.
        gpu = dist.get_backend(group) == "nccl"
        self._device = torch.device("cuda" if gpu else "cpu")

    def total(self, x: FloatArray) -> FloatArray:
        """Return sums over the processes of arrays of one shape."""
        return self._reduced(x, dist.ReduceOp.SUM)

    def largest(self, x: FloatArray) -> FloatArray:
        """Return the largest of the processes, of arrays of one shape."""
        return self._reduced(x, dist.ReduceOp.MAX)

    def _reduced(self, x: FloatArray, op: Any) -> FloatArray:
        y = torch.tensor(x, device=self._device)
        dist.all_reduce(y, op, group=self._group)
        found: FloatArray = y.cpu().numpy()
        return found

    def exchanged(self, parts: Sequence[npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
        """Send an array to each process, of one dtype, and return those sent here."""
        counts = [len(part) for part in parts]
        sent = torch.tensor(counts, device=self._device)
        found = torch.empty_like(sent)
        dist.all_to_all_single(found, sent, group=self._group)
        ends = found.cumsum(0).tolist()
        values = torch.from_numpy(np.concatenate(parts)).to(self._device)
        received = values.new_empty(ends[-1])
        dist.all_to_all_single(
            received, values, found.tolist(), counts, group=self._group
        )
        return np.split(received.cpu().numpy(), ends[:-1])
