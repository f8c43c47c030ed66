"""Graphs of which each of several ranks builds the part of its region."""

from samplings.graphs.by_region.owners import (
    ListedOwners,
    Owners,
    OwnersInRuns,
    same_owners,
)
from samplings.graphs.by_region.plans import (
    CoarseningPlan,
    GraphPlan,
    LaplacianPlan,
    MatrixPlan,
    PoolingPlan,
    UnpoolingPlan,
)
from samplings.graphs.by_region.pyramid_plan import PyramidPlan
from samplings.graphs.by_region.ranks import (
    Fetched,
    Ranks,
    beyond,
    by_owner,
    renumbered,
    transposed,
)

__all__ = [
    "CoarseningPlan",
    "Fetched",
    "GraphPlan",
    "LaplacianPlan",
    "ListedOwners",
    "MatrixPlan",
    "Owners",
    "OwnersInRuns",
    "PoolingPlan",
    "PyramidPlan",
    "Ranks",
    "UnpoolingPlan",
    "beyond",
    "by_owner",
    "renumbered",
    "same_owners",
    "transposed",
]
