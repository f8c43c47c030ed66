"""The rings and the orders that each of several processes has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import distributed as dist
from torch.distributed import ProcessGroup

from deepsphere_pyg.harmonics.sht.geometry import RingGeometry
from deepsphere_pyg.processes import checked_group
from samplings.arrays import IntArray


@dataclass(frozen=True, eq=False)
class Shares:
    """Rings and orders dealt to the processes of a group.

    Attributes
    ----------
    bounds
        First northern ring of each process, and the number of these rings. A ring and
        its mirror belong together.
    orders
        Orders of each process, ascending.
    rank
        Number of this process.
    group
        The processes; all if None.
    """

    bounds: list[int]
    orders: list[IntArray]
    rank: int
    group: ProcessGroup | None

    @property
    def own(self) -> IntArray:
        """Orders of this process."""
        return self.orders[self.rank]

    @property
    def n_rings(self) -> list[int]:
        """Number of northern rings of each process."""
        return np.diff(self.bounds).tolist()


def shares_of(rings: RingGeometry, L: int, group: ProcessGroup | None) -> Shares:
    """Deal rings and orders: as many vertices and coefficients to each as possible.

    Raises
    ------
    TypeError
        If ``group`` is not a group.
    ValueError
        If there is no group of processes, this process is not one of them, or they are
        more than rings or orders.
    """
    checked_group(group, "a transform", "take SHT and ISHT in one process")
    ranks, rank = dist.get_world_size(group), dist.get_rank(group)
    _, pairs = rings.folding()
    sizes = np.array(
        [
            np.maximum(rings.n_phi[rings.with_mirrors(ring, ring + 1)], 1).sum()
            for ring in range(len(rings) - pairs)
        ]
    )
    for noun, count in (
        ("rings, those that mirror each other together", len(sizes)),
        ("orders", L),
    ):
        if ranks > count:
            raise ValueError(
                f"{ranks} processes cannot share {count} {noun}: each needs one; pass "
                f"a group of at most {count} processes, or take a finer sampling and "
                "a larger L"
            )
    return Shares(_bounds(sizes, ranks), _dealt_orders(L, ranks), rank, group)


def _bounds(sizes: IntArray, ranks: int) -> list[int]:
    """Cut rings into blocks of about as many vertices, of one ring at least."""
    before = np.concatenate([[0], np.cumsum(sizes)])
    bounds = [0]
    for rank in range(1, ranks):
        nearest = int(np.abs(before - before[-1] * rank / ranks).argmin())
        bounds.append(max(bounds[-1] + 1, min(nearest, len(sizes) - ranks + rank)))
    return [*bounds, len(sizes)]


def _dealt_orders(L: int, ranks: int) -> list[IntArray]:
    """Deal orders back and forth, since order m has 2 (L - m) coefficients."""
    turn = np.arange(L) % (2 * ranks)
    owners = np.minimum(turn, 2 * ranks - 1 - turn)
    return [np.flatnonzero(owners == rank) for rank in range(ranks)]
