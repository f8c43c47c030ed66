"""Values at vertices of other processes, fetched before sums over edges need them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import numpy as np
import torch
from torch import Tensor
from torch import distributed as dist
from torch.distributed import ProcessGroup
from torch.distributed import _functional_collectives as collectives

from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from deepsphere_pyg.operators.process_ranks import ProcessRanks
from samplings.arrays import IntArray
from samplings.graphs.by_region import Fetched, Owners


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
        owners: Owners,
        wanted: IntArray,
        group: ProcessGroup | None = None,
    ) -> None:
        super().__init__()
        self._group = group
        ranks = ProcessRanks(group)
        fetched = Fetched(owners, wanted, ranks)
        self.received_counts = fetched.counts.tolist()
        self.sent_counts = [len(places) for places in fetched.sent]
        self.keep("sent", np.concatenate(fetched.sent))
        # Pooling between nested levels needs nothing from others, and no exchange.
        self._idle = not ranks.largest(np.array([float(self.n_wanted)]))[0]

    @property
    def n_wanted(self) -> int:
        """Number of the vertices whose values are appended."""
        return sum(self.received_counts)

    def forward(self, x: Tensor) -> Tensor:
        """Return signals with the values of the wanted vertices after their own."""
        if self._idle:
            return x
        # Vertices first, so that what is sent to a rank is in one piece.
        asked = x.movedim(-2, 0).index_select(0, self.sent)
        found = exchanged(asked, self.received_counts, self.sent_counts, self._group)
        return torch.cat([x, found.movedim(0, -2)], dim=-2)

    def adjoint(self, x: Tensor) -> Tensor:
        """Add the values of the wanted vertices to those that their ranks have.

        Parameters
        ----------
        x
            Shape ``(*batch, own + wanted, channel)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, own, channel)``.
        """
        if self._idle:
            return x
        own = x.shape[-2] - self.n_wanted
        rows = x.movedim(-2, 0)
        mine, theirs = rows[:own], rows[own:]
        found = exchanged(theirs, self.sent_counts, self.received_counts, self._group)
        return mine.index_add(0, self.sent, found).movedim(0, -2)


@contextmanager
def kept_apart(own: Tensor, whole: Tensor) -> Iterator[None]:
    """Keep signals and what surrounds them apart, where a gradient needs both.

    A sum over edges takes them in one tensor, a copy of signals that other layers keep
    as well: it is made again when the gradient is computed.

    Parameters
    ----------
    own
        Signals of this process, ``(*batch, own, channel)``.
    whole
        The same with what surrounds them, ``(*batch, own + wanted, channel)``.
    """
    place, shape = whole.untyped_storage().data_ptr(), whole.shape
    mine, around = own.detach(), whole.detach()[..., own.shape[-2] :, :].clone()
    version = own._version

    def packed(x: Tensor) -> Tensor | torch.Size:
        copy = x.untyped_storage().data_ptr() == place and x.numel() == shape.numel()
        return x.shape if copy else x

    def unpacked(kept: Tensor | torch.Size) -> Tensor:
        if isinstance(kept, Tensor):
            return kept
        if mine._version != version:
            raise RuntimeError(
                "signals that a convolution needs for its gradient were changed in "
                "place; leave them as they are until the gradient is computed"
            )
        return torch.cat([mine, around], dim=-2).view(kept)

    with torch.autograd.graph.saved_tensors_hooks(packed, unpacked):
        yield


def exchanged(
    x: Tensor, received: list[int], sent: list[int], group: ProcessGroup | None
) -> Tensor:
    """Send rows of a tensor to each rank, and return those received.

    Collective. Derivatives are sent the other way.

    Parameters
    ----------
    x
        Rows in the order of the ranks that they are for, shape ``(n, ...)``.
    received, sent
        Number of rows from and to each rank.
    group
        The processes; all if None.
    """
    y: Tensor = collectives.all_to_all_single_autograd(
        x.contiguous(), received, sent, cast(ProcessGroup, group or dist.group.WORLD)
    )
    return y.view(sum(received), *x.shape[1:])
