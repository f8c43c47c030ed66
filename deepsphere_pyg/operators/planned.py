"""Operators that are not built: processes build the rows of their vertices."""

from __future__ import annotations

from typing import NoReturn

import scipy.sparse as sp
import torch
from torch import Tensor

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from samplings.graphs.by_region import MatrixPlan


class PlannedOperator(EdgeOperator):
    """An operator of the whole sphere that has no edges.

    It stands in networks on a :class:`samplings.PyramidPlan`, until
    :func:`deepsphere_pyg.models.partition_model` puts in its place a
    :class:`PartitionedOperator`, whose rows each process builds by itself.

    Parameters
    ----------
    plan
        Of the matrix.

    Raises
    ------
    TypeError
        When it is applied.
    """

    def __init__(self, plan: MatrixPlan) -> None:
        # The tensors of the base class do not exist.
        FixedTensors.__init__(self)
        self.plan = plan
        self.execution = "auto"
        self.n_out, self.n_in = plan.shape
        # It tells the dtype and the device of the operator that will be built.
        self.keep("weight", None, torch.get_default_dtype())

    def rounded(self, name: str, dtype: torch.dtype) -> Tensor:
        """Return no weights."""
        return torch.zeros(0, dtype=dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Refuse signals."""
        self._refuse()

    def adjoint(self, y: Tensor) -> Tensor:
        """Refuse signals."""
        self._refuse()

    def reduce_max(self, x: Tensor) -> Tensor:
        """Refuse signals."""
        self._refuse()

    def surrounded(self, x: Tensor, hops: int) -> tuple[Tensor, EdgeOperator]:
        """Refuse signals."""
        self._refuse()

    def transpose(self) -> EdgeOperator:
        """Refuse to reverse edges that are not there."""
        self._refuse()

    def to_scipy(self) -> sp.csr_array:
        """Refuse to return a matrix that is not built."""
        self._refuse()

    def converted(self, fn: object) -> None:
        """Do nothing: there are no derived tables."""

    def _refuse(self) -> NoReturn:
        raise TypeError(
            "this network is made on a PyramidPlan, whose graphs are not built; build "
            "those of this process with partition_model, or of the whole sphere with "
            "network.with_sampling(network.pyramid.built())"
        )

    def __repr__(self) -> str:
        return f"PlannedOperator({self.n_in} -> {self.n_out})"
