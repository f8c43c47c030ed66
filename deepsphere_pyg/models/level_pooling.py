"""Pooling and unpooling between the levels of a network, fixed or learned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from torch import nn

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.layers import (
    LearnedPool,
    LearnedUnpool,
    MaxPool,
    MeanPool,
    Unpool,
)
from deepsphere_pyg.operators import (
    child_pooling_operator,
    child_unpooling_operator,
    pooling_operator,
    unpooling_operator,
)
from deepsphere_pyg.operators.children import number_of_terms
from deepsphere_pyg.operators.planned import PlannedOperator
from samplings import Coarsening
from samplings.arguments import choice_argument
from samplings.graphs.by_region import CoarseningPlan, PoolingPlan, UnpoolingPlan

POOLINGS = {"max": MaxPool, "mean": MeanPool, "max-area": MeanPool}
# Relative difference of areas that are equal up to round-off.
TIED = 1e-9
#: Terms of the operators of learned poolings.
LEARNED_TERMS = {
    "learned": "auto",
    "learned-position": "position",
    "learned-distance": "distance",
}
LEVEL_POOLINGS = (*POOLINGS, *LEARNED_TERMS)


def poolings(
    name: str,
    coarsenings: Sequence[Coarsening | CoarseningPlan],
    widths: Sequence[int],
    *,
    bias: bool = True,
) -> tuple[nn.ModuleList, nn.ModuleList]:
    """Return layers that pool from each level to the next, and their operators.

    Parameters
    ----------
    name
        One of :data:`LEVEL_POOLINGS`.
    coarsenings
        From each level to the next, finest first.
    widths
        Channels of the finer level of each.
    bias
        Whether learned poolings add constants.

    Raises
    ------
    ValueError
        If the name is unknown.
    """
    choice_argument("pooling", name, LEVEL_POOLINGS)
    if name in POOLINGS:
        layers = nn.ModuleList(POOLINGS[name]() for _ in coarsenings)
        kind = largest_shares if name == "max-area" else pooling_operator
        return layers, nn.ModuleList(
            # The children of nested pixels have equal areas: means by either rule.
            PlannedOperator(PoolingPlan(one))
            if isinstance(one, CoarseningPlan)
            else kind(one)
            for one in coarsenings
        )
    same = [(width, width) for width in widths]
    return learned_pools(name, coarsenings, same, bias=bias)


def largest_shares(coarsening: Coarsening) -> EdgeOperator:
    """Return the operator that gives each coarse cell the value of its largest share.

    Of several fine cells that share equal areas with it, it takes the mean, so that
    the operator has the symmetries of the samplings.
    """
    areas = sp.csr_array(coarsening.assign @ sp.diags_array(coarsening.fine.weights))
    counts = np.diff(areas.indptr)
    largest = np.repeat(areas.max(axis=1).toarray().ravel(), counts)
    chosen = (areas.data >= largest * (1 - TIED)).astype(float)
    areas.data = chosen / np.repeat(np.add.reduceat(chosen, areas.indptr[:-1]), counts)
    areas.eliminate_zeros()
    return EdgeOperator(areas)


def unpoolings(
    name: str,
    coarsenings: Sequence[Coarsening | CoarseningPlan],
    widths: Sequence[int],
    *,
    bias: bool = True,
) -> tuple[nn.ModuleList, nn.ModuleList]:
    """Return layers that unpool to each level from the next, and their operators.

    Parameters
    ----------
    name, coarsenings, bias
        As for :func:`poolings`.
    widths
        Channels that are unpooled to the finer level of each.

    Raises
    ------
    ValueError
        If the name is unknown.
    """
    choice_argument("pooling", name, LEVEL_POOLINGS)
    if name in POOLINGS:
        layers = nn.ModuleList(Unpool() for _ in coarsenings)
        return layers, nn.ModuleList(
            PlannedOperator(UnpoolingPlan(one))
            if isinstance(one, CoarseningPlan)
            else unpooling_operator(one)
            for one in coarsenings
        )
    operators = [
        child_unpooling_operator(_whole(one), terms=LEARNED_TERMS[name])
        for one in coarsenings
    ]
    learned = nn.ModuleList(
        LearnedUnpool(width, width, operator.n_terms, bias=bias)
        for operator, width in zip(operators, widths, strict=True)
    )
    return learned, nn.ModuleList(operators)


def learned_pools(
    name: str,
    coarsenings: Sequence[Coarsening | CoarseningPlan],
    widths: Sequence[tuple[int, int]],
    *,
    bias: bool = True,
) -> tuple[nn.ModuleList, nn.ModuleList]:
    """Return learned poolings from each level to the next, and their operators.

    Parameters
    ----------
    name
        A key of :data:`LEARNED_TERMS`.
    coarsenings
        From each level to the next.
    widths
        Pairs of channels before and after each pooling.
    bias
        Whether they add constants.

    Raises
    ------
    ValueError
        If the name is unknown.
    """
    terms = LEARNED_TERMS[choice_argument("pooling", name, tuple(LEARNED_TERMS))]
    operators = [
        child_pooling_operator(_whole(one), terms=terms) for one in coarsenings
    ]
    learned = nn.ModuleList(
        LearnedPool(before, after, operator.n_terms, bias=bias)
        for (before, after), operator in zip(widths, operators, strict=True)
    )
    return learned, nn.ModuleList(operators)


def _whole(coarsening: Coarsening | CoarseningPlan) -> Coarsening:
    """Refuse the plan of a coarsening."""
    if isinstance(coarsening, CoarseningPlan):
        raise TypeError(
            "learned pooling needs the cells of the whole sphere, which a PyramidPlan "
            "has not; take pooling='mean' or 'max', or a pyramid of build_pyramid"
        )
    return coarsening


def refuse_other_terms(
    name: str, coarsenings: Sequence[Coarsening], layers: nn.ModuleList
) -> None:
    """Refuse a pyramid for which the weights of learned poolings do not fit.

    Raises
    ------
    ValueError
        If it has another number of coarsenings, or these of terms.
    """
    if name not in LEARNED_TERMS:
        return
    if len(coarsenings) != len(layers):
        raise ValueError(
            f"weights of pooling={name!r} must move to a pyramid of {len(layers) + 1} "
            f"levels, got {len(coarsenings) + 1}; build one of as many"
        )
    for layer, coarsening in zip(layers, coarsenings, strict=True):
        count = number_of_terms(coarsening, LEARNED_TERMS[name])
        if count != layer.terms:
            raise ValueError(
                f"weights of pooling={name!r} must move to a sampling with "
                f"{layer.terms} terms for each parent, got {count} of "
                f"{coarsening.fine.name}; train with pooling='learned-position', whose "
                "weights fit all samplings"
            )
