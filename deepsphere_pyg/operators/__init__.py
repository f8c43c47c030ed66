"""Operators of samplings, graphs, Laplacians and coarsenings."""

from deepsphere_pyg.operators.children import (
    ChildOperator,
    child_pooling_operator,
    child_unpooling_operator,
)
from deepsphere_pyg.operators.of_samplings import (
    laplacian_operator,
    pooling_operator,
    unpooling_operator,
)
from deepsphere_pyg.operators.partitioned import PartitionedOperator
from deepsphere_pyg.operators.scalars_and_vectors import ScalarVectorOperators

__all__ = [
    "ChildOperator",
    "PartitionedOperator",
    "ScalarVectorOperators",
    "child_pooling_operator",
    "child_unpooling_operator",
    "laplacian_operator",
    "pooling_operator",
    "unpooling_operator",
]
