"""Operators of the vertices of one process, among several that share a sphere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from torch import Tensor
from torch.distributed import ProcessGroup
from torch.nn import functional as F

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from deepsphere_pyg.operators.halo import Halo
from deepsphere_pyg.operators.planned import PlannedOperator
from deepsphere_pyg.operators.process_ranks import ProcessRanks
from deepsphere_pyg.processes import checked_group
from deepsphere_pyg.propagation import checked_execution
from deepsphere_pyg.signals import checked_signal
from samplings.arguments import (
    array_argument,
    instance_argument,
    integer_argument,
    shown,
)
from samplings.arrays import IntArray
from samplings.graphs.by_region import (
    Fetched,
    ListedOwners,
    Owners,
    beyond,
    by_owner,
    renumbered,
    same_owners,
    transposed,
)


class PartitionedOperator(EdgeOperator):
    r"""The part of an operator that one process computes, among several.

    Signals are those at the vertices of this process, ascending. Values at vertices of
    other processes are fetched from them, once for each call: of a square operator
    those within ``hops`` edges. A polynomial of that degree is computed on the graph of
    both, and what it gives beyond the vertices of this process is left out.

    Making one is collective, and so are all calls, and the gradients through them: all
    processes must make them in the same order.

    Parameters
    ----------
    operator
        Of all vertices, the same in all processes; or a plan of one, whose rows each
        process builds for its vertices.
    targets, sources
        Rank of each vertex of the output and of the input, as in
        :attr:`samplings.Partition.owners` or :attr:`samplings.Partition.levels`.
    hops
        Degree of the polynomials that convolutions take of it.
    group
        Processes among which vertices are dealt; all by default.

    Attributes
    ----------
    local
        The operator on the vertices of this process and those around them.
    halo
        What fetches the values there.

    Raises
    ------
    TypeError
        If an argument is of another kind.
    ValueError
        If the ranks do not fit the operator or the group, this process is not a member
        of the group, or no group has been started.

    Shapes
    ------
    ``x : (*batch, n_in, channel) -> (*batch, n_out, channel)``, vertices of this
    process
    """

    def __init__(
        self,
        operator: EdgeOperator,
        targets: IntArray | Owners,
        sources: IntArray | Owners,
        *,
        hops: int = 1,
        group: ProcessGroup | None = None,
    ) -> None:
        # The tensors of the base class are those of the local operator.
        FixedTensors.__init__(self)
        remedy = "make one with deepsphere_pyg.laplacian_operator"
        instance_argument("operator", operator, EdgeOperator, remedy)
        self.hops = integer_argument("hops", hops, 0)
        checked_group(group, "an operator", "take the operator itself in one process")
        self.execution = checked_execution(operator.execution)
        self._group, ranks = group, ProcessRanks(group)
        rows_of = _checked_owners("targets", targets, operator.n_out, ranks.size)
        columns_of = _checked_owners("sources", sources, operator.n_in, ranks.size)
        if not same_owners(rows_of, columns_of):
            # Polynomials stay on the vertices that they begin on.
            self.hops = 0
        mine = rows_of.vertices(ranks.rank)
        if isinstance(operator, PlannedOperator):
            rows = operator.plan.rows(rows_of, columns_of, ranks)
        else:
            rows = sp.csr_array(operator.to_scipy()[mine])
        own = columns_of.vertices(ranks.rank)
        block, columns = _surrounded(rows, own, columns_of, self.hops, ranks)
        self._owners = rows_of, columns_of
        # Numbers among all vertices, of the columns.
        self._columns = columns
        self.halo = Halo(columns_of, columns[len(own) :], group)
        self.n_out, self.n_in = len(mine), len(own)
        self.local = EdgeOperator(
            block, dtype=operator.dtype, execution=operator.execution
        )

    @property
    def weight(self) -> Tensor:  # type: ignore[override]
        """Weights of the edges of the local operator."""
        return self.local.weight

    @property
    def indices(self) -> Tensor:  # type: ignore[override]
        """Sources of the edges of the local operator."""
        return self.local.indices

    def forward(self, x: Tensor) -> Tensor:
        """Return the weighted sums at the vertices of this process."""
        whole: Tensor = self.halo(checked_signal(x, self.n_in, self.weight))
        if not self.n_out:
            return whole[..., :0, :]
        y: Tensor = self.local(whole)
        return y[..., : self.n_out, :]

    def reduce_max(self, x: Tensor) -> Tensor:
        """Return the largest source of each target of this process."""
        whole: Tensor = self.halo(checked_signal(x, self.n_in, self.weight))
        if not self.n_out:
            return whole[..., :0, :]
        y: Tensor = self.local.reduce_max(whole)
        return y[..., : self.n_out, :]

    def surrounded(self, x: Tensor, hops: int) -> tuple[Tensor, EdgeOperator]:
        """Fetch what polynomials at the vertices of this process depend on.

        Raises
        ------
        ValueError
            If the operator was made for polynomials of a lower degree.
        """
        if not hops:
            return x, self.local
        if hops > self.hops:
            raise ValueError(
                f"this operator was made for polynomials of degree {self.hops}, got "
                f"degree {hops}; pass hops={hops} when you make it"
            )
        return self.halo(x), self.local

    def adjoint(self, y: Tensor) -> Tensor:
        """Apply the transpose; sums for other processes are sent to them."""
        y = checked_signal(y, self.n_out, self.weight)
        if self.n_out:
            # Rows of other processes are theirs to add.
            beyond = self.local.n_out - self.n_out
            whole = self.local.adjoint(F.pad(y, (0, 0, 0, beyond)))
        else:
            n = self.n_in + self.halo.n_wanted
            # Zero, of no vertex, but a gradient passes.
            shape = (*y.shape[:-2], n, y.shape[-1])
            whole = y.sum(dim=-2, keepdim=True).expand(shape)
        x: Tensor = self.halo.adjoint(whole)
        return x

    def transpose(self) -> PartitionedOperator:
        """Return the operator with every edge reversed, dealt in the same way.

        Collective; each edge is sent to the process that has its source.
        """
        targets, sources = self._owners
        block = sp.csr_array(self.to_scipy()[: self.n_out])
        if self.n_out and len(self._columns):
            block = sp.csr_array(
                (block.data, self._columns[block.indices], block.indptr),
                shape=(self.n_out, len(sources)),
            )
        else:
            block = sp.csr_array((self.n_out, len(sources)))
        rows = transposed(block, targets, sources, ProcessRanks(self._group))
        plan = PlannedOperator(_Known(rows, (len(sources), len(targets))))
        plan.execution = self.execution
        turned = PartitionedOperator(
            plan.to(self.dtype),
            sources,
            targets,
            hops=max(1, self.hops),
            group=self._group,
        )
        return turned.to(self.weight.device)

    def to_scipy(self) -> sp.csr_array:
        """Return the matrix of the local operator."""
        return self.local.to_scipy()

    def converted(self, fn: object) -> None:
        """Do nothing: the local operator converts its own tables."""


@dataclass(frozen=True)
class _Known:
    """A matrix whose rows in this process are known."""

    known: sp.csr_array
    shape: tuple[int, int]

    def rows(self, *_: object) -> sp.csr_array:
        """Return the rows."""
        return self.known


def _checked_owners(name: str, owners: IntArray | Owners, n: int, size: int) -> Owners:
    """Refuse owners of another number of vertices, or of another group."""
    if not isinstance(owners, Owners):
        ranks = array_argument(name, owners)
        whole = np.isfinite(ranks) & (ranks >= 0) & (ranks == np.round(ranks))
        if ranks.ndim != 1 or not whole.all():
            raise ValueError(
                f"{name} must be the ranks of vertices, numbers from 0 on, shape "
                f"({n},), got {shown(owners)}; pass the owners of a Partition"
            )
        owners = ListedOwners(ranks.astype(np.int64))
    if len(owners) != n:
        raise ValueError(
            f"{name} must have the rank of each of {n} vertices, got {len(owners)}; "
            "pass the owners of that level"
        )
    if owners.highest >= size:
        raise ValueError(
            f"{name} must be below {size}, the number of processes, got "
            f"{owners.highest}; make the partition for as many ranks"
        )
    return owners


def _surrounded(
    rows: sp.csr_array, own: IntArray, owners: Owners, hops: int, ranks: ProcessRanks
) -> tuple[sp.csr_array, IntArray]:
    """Return the matrix of a process and what surrounds it, and its columns.

    Collective. Rows within ``hops`` edges are fetched from other processes.

    Returns
    -------
    block
        Square if there are hops; at least one row and one column.
    columns
        Vertices of this process, then those of others by their ranks.
    """
    known, around, new = [rows], [np.zeros(0, dtype=np.int64)], rows
    for _ in range(hops):
        others = np.setdiff1d(beyond(new, own, owners), np.concatenate(around))
        wanted = by_owner(owners, others)
        new = Fetched(owners, wanted, ranks).rows(rows)
        known.append(new)
        around.append(wanted)
    reached = np.concatenate(around)
    wanted = by_owner(owners, np.sort(reached)) if hops else beyond(rows, own, owners)
    columns = np.concatenate([own, wanted])
    if not rows.shape[0] or not len(columns):
        size = max(1, len(columns))
        return sp.csr_array((size if hops else max(1, rows.shape[0]), size)), columns
    block = renumbered(sp.vstack(known, format="csr"), columns)
    if hops:
        order = np.argsort(reached)
        place = order[np.searchsorted(reached[order], wanted)] + len(own)
        block = sp.csr_array(block[np.concatenate([np.arange(len(own)), place])])
    return block, columns
