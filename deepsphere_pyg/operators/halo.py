"""Values at vertices of other processes, fetched before sums over edges need them."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from torch import Tensor
from torch import distributed as dist
from torch.distributed import ProcessGroup
from torch.distributed import _functional_collectives as collectives

from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from samplings.arrays import IntArray


class Halo(FixedTensors):
    """Append the values of vertices that other processes have.

    Making one is collective: all processes of the group make theirs at the same time,
    and tell each other what they want.

    Parameters
    ----------
    owners
        Rank of each vertex.
    wanted
        Vertices of other ranks whose values are appended, sorted by rank and number.
    group
        Processes among which vertices are dealt; all by default.

    Shapes
    ------
    ``x : (*batch, own, channel) -> (*batch, own + wanted, channel)``

    Notes
    -----
    The derivative sends gradients the other way, where they are added up.
    """

    sent: Tensor

    def __init__(
        self,
        owners: IntArray,
        wanted: IntArray,
        group: ProcessGroup | None = None,
    ) -> None:
        super().__init__()
        self._group = group
        size, rank = dist.get_world_size(group), dist.get_rank(group)
        self.received_counts = np.bincount(owners[wanted], minlength=size).tolist()
        counts = torch.tensor(self.received_counts)
        asked = torch.empty_like(counts)
        dist.all_to_all_single(asked, counts, group=group)
        self.sent_counts = asked.tolist()
        numbers = torch.empty(sum(self.sent_counts), dtype=torch.int64)
        dist.all_to_all_single(
            numbers,
            torch.from_numpy(wanted.astype(np.int64)),
            self.sent_counts,
            self.received_counts,
            group=group,
        )
        own = np.flatnonzero(owners == rank)
        self.keep("sent", np.searchsorted(own, numbers.numpy()))

    @property
    def n_wanted(self) -> int:
        """Number of the vertices whose values are appended."""
        return sum(self.received_counts)

    def forward(self, x: Tensor) -> Tensor:
        """Return signals with the values of the wanted vertices after their own."""
        # Vertices first, so that what is sent to a rank is in one piece.
        mine = x.movedim(-2, 0)
        rest = mine.shape[1:]
        theirs: Tensor = collectives.all_to_all_single_autograd(
            mine.index_select(0, self.sent).contiguous(),
            self.received_counts,
            self.sent_counts,
            cast(ProcessGroup, self._group or dist.group.WORLD),
        )
        found = theirs.view(self.n_wanted, *rest).movedim(0, -2)
        return torch.cat([x, found], dim=-2)
