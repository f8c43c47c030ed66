"""Operators of the vertices of one process, among several that share a sphere."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from torch import Tensor
from torch import distributed as dist
from torch.distributed import ProcessGroup
from torch.nn import functional as F

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from deepsphere_pyg.operators.halo import Halo
from deepsphere_pyg.propagation import checked_execution
from deepsphere_pyg.signals import checked_signal
from samplings.arrays import IntArray


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
        Of all vertices, the same in all processes.
    targets, sources
        Rank of each vertex of the output and of the input, as in
        :attr:`samplings.Partition.owners`.
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
    ValueError
        If the ranks do not fit the operator or the group.

    Shapes
    ------
    ``x : (*batch, n_in, channel) -> (*batch, n_out, channel)``, vertices of this
    process
    """

    def __init__(
        self,
        operator: EdgeOperator,
        targets: IntArray,
        sources: IntArray,
        *,
        hops: int = 1,
        group: ProcessGroup | None = None,
    ) -> None:
        # The tensors of the base class are those of the local operator.
        FixedTensors.__init__(self)
        self.execution = checked_execution(operator.execution)
        _check_ranks("targets", targets, operator.n_out, group)
        _check_ranks("sources", sources, operator.n_in, group)
        rank = dist.get_rank(group)
        matrix = operator.to_scipy()
        mine, own = (np.flatnonzero(one == rank) for one in (targets, sources))
        # Polynomials stay on the vertices that they begin on.
        self.hops = hops if np.array_equal(targets, sources) else 0
        rows = reached = mine
        for _ in range(max(1, self.hops)):
            reached = np.union1d(own, matrix[rows].indices)
            if self.hops:
                rows = reached
        wanted = np.setdiff1d(reached, own)
        wanted = wanted[np.argsort(sources[wanted], kind="stable")]
        columns = np.concatenate([own, wanted])
        self._group, self._owners = group, (targets, sources)
        # Numbers among all vertices, of the rows of this process and all columns.
        self._numbers = mine, columns
        self.halo = Halo(sources, wanted, group)
        self.n_out, self.n_in = len(mine), len(own)
        self.local = EdgeOperator(
            _block(matrix, columns if self.hops else mine, columns),
            dtype=operator.dtype,
            execution=operator.execution,
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

        Collective; each process holds the edges of all for a moment.
        """
        mine, columns = self._numbers
        block = self.to_scipy()[: self.n_out].tocoo()
        edges = block.data, mine[block.row], columns[block.col]
        parts: list[Any] = [None] * dist.get_world_size(self._group)
        dist.all_gather_object(parts, edges, group=self._group)
        weights, rows, sources = map(np.concatenate, zip(*parts, strict=True))
        targets, others = self._owners
        shape = len(others), len(targets)
        whole = EdgeOperator(
            sp.csr_array((weights, (sources, rows)), shape=shape),
            dtype=self.dtype,
            execution=self.execution,
        )
        turned = PartitionedOperator(
            whole, others, targets, hops=max(1, self.hops), group=self._group
        )
        return turned.to(self.weight.device)

    def to_scipy(self) -> sp.csr_array:
        """Return the matrix of the local operator."""
        return self.local.to_scipy()

    def converted(self, fn: object) -> None:
        """Do nothing: the local operator converts its own tables."""


def _check_ranks(
    name: str, owners: IntArray, n: int, group: ProcessGroup | None
) -> None:
    """Refuse owners of another number of vertices, or of another group."""
    if len(owners) != n:
        raise ValueError(
            f"{name} must have the rank of each of {n} vertices, got {len(owners)}; "
            "pass the owners of that level"
        )
    size = dist.get_world_size(group)
    if owners.max() >= size:
        raise ValueError(
            f"{name} must be below {size}, the number of processes, got "
            f"{owners.max()}; make the partition for as many ranks"
        )


def _block(matrix: sp.csr_array, rows: IntArray, columns: IntArray) -> sp.csr_array:
    """Return rows and columns of a matrix in a given order, at least one of each."""
    if not len(rows) or not len(columns):
        return sp.csr_array((max(1, len(rows)), max(1, len(columns))))
    return sp.csr_array(matrix[rows][:, columns])
