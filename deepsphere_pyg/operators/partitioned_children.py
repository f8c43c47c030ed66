"""Parents of one of several processes, and their children, for learned pooling."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from torch import Tensor
from torch.distributed import ProcessGroup

from deepsphere_pyg.operators.children import ChildOperator
from deepsphere_pyg.operators.process_ranks import ProcessRanks
from deepsphere_pyg.signals import checked_signal
from samplings.graphs.by_region import Owners, renumbered


class PartOfChildren(ChildOperator):
    """The sums over children of each parent of one process, among several.

    Making one is collective; calls are not, as each process has its children.

    Parameters
    ----------
    operator
        Of all parents, the same in all processes.
    parents, children
        Which process has each.
    group
        The processes; all by default.

    Raises
    ------
    ValueError
        In all processes, if a parent is not in one process with all its children.
    """

    def __init__(
        self,
        operator: ChildOperator,
        parents: Owners,
        children: Owners,
        group: ProcessGroup | None = None,
    ) -> None:
        ranks = ProcessRanks(group)
        mine, own = parents.vertices(ranks.rank), children.vertices(ranks.rank)
        terms = operator.n_terms
        whole = operator.to_scipy()
        if not operator.pools:
            whole = sp.csr_array(whole.T)
        sums = (mine[:, None] * terms + np.arange(terms)).ravel()
        rows = sp.csr_array(whole[sums])
        part = renumbered(rows, own)
        if ranks.largest(np.array([float(part.nnz < rows.nnz)]))[0]:
            raise ValueError(
                "learned pooling needs each parent in one process with all its "
                "children, which cells that two parents share cannot be; take nested "
                "cells, such as those of HEALPix, or pooling='mean' or 'max'"
            )
        if not len(mine):
            part = sp.csr_array(sp.eye_array(terms))
        super().__init__(
            part if operator.pools else part.T,
            terms,
            pools=operator.pools,
            dtype=operator.dtype,
            execution=operator.execution,
        )
        if not len(mine):
            self.n_in = self.n_out = self.n_parents = 0

    def forward(self, x: Tensor) -> Tensor:
        """Return the sums, or for unpooling the children, of this process."""
        if not self.n_parents:
            return checked_signal(x, 0, self.weight)
        return super().forward(x)
