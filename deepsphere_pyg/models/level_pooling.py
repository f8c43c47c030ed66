"""Pooling and unpooling between the levels of a U-Net, fixed or learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from torch import nn

from deepsphere_pyg.layers import LearnedPool, LearnedUnpool, Unpool
from deepsphere_pyg.models.blocks import POOLINGS
from deepsphere_pyg.operators import (
    child_pooling_operator,
    child_unpooling_operator,
    pooling_operator,
    unpooling_operator,
)
from deepsphere_pyg.operators.children import number_of_terms
from samplings import Coarsening
from samplings.arguments import choice_argument

#: Terms of the operators of learned poolings.
LEARNED_TERMS = {
    "learned": "auto",
    "learned-position": "position",
    "learned-distance": "distance",
}
LEVEL_POOLINGS = (*POOLINGS, *LEARNED_TERMS)


class LevelPooling(NamedTuple):
    """Layers that pool and unpool at each level, each with its operators."""

    pool: nn.ModuleList
    pooling_operators: nn.ModuleList
    unpool: nn.ModuleList
    unpooling_operators: nn.ModuleList


def level_pooling(
    name: str,
    coarsenings: Sequence[Coarsening],
    widths: Sequence[int],
    *,
    bias: bool = True,
) -> LevelPooling:
    """Return layers and operators that pool and unpool between levels.

    Parameters
    ----------
    name
        One of :data:`LEVEL_POOLINGS`.
    coarsenings
        From each level to the next.
    widths
        Channels of the encoder at each level, finest first. Decoders unpool as many,
        those of the coarsest level first.
    bias
        Whether learned poolings add constants.

    Raises
    ------
    ValueError
        If the name is unknown.
    """
    choice_argument("pooling", name, LEVEL_POOLINGS)
    if name in POOLINGS:
        return LevelPooling(
            nn.ModuleList(POOLINGS[name]() for _ in coarsenings),
            nn.ModuleList(map(pooling_operator, coarsenings)),
            nn.ModuleList(Unpool() for _ in coarsenings),
            nn.ModuleList(map(unpooling_operator, coarsenings)),
        )
    terms = LEARNED_TERMS[name]
    down = [child_pooling_operator(one, terms=terms) for one in coarsenings]
    up = [child_unpooling_operator(one, terms=terms) for one in coarsenings]
    pool, unpool = nn.ModuleList(), nn.ModuleList()
    unpooled = (*widths[:-2], widths[-1])
    for operator, width, below in zip(down, widths[:-1], unpooled, strict=True):
        count = operator.n_terms
        pool.append(LearnedPool(width, width, count, bias=bias))
        unpool.append(LearnedUnpool(below, below, count, bias=bias))
    return LevelPooling(pool, nn.ModuleList(down), unpool, nn.ModuleList(up))


def learned_pools(
    name: str, coarsenings: Sequence[Coarsening], widths: Sequence[tuple[int, int]]
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

    Raises
    ------
    ValueError
        If the name is unknown.
    """
    terms = LEARNED_TERMS[choice_argument("pooling", name, tuple(LEARNED_TERMS))]
    operators = [child_pooling_operator(one, terms=terms) for one in coarsenings]
    pools = [
        LearnedPool(before, after, operator.n_terms)
        for (before, after), operator in zip(widths, operators, strict=True)
    ]
    return nn.ModuleList(pools), nn.ModuleList(operators)


def refuse_other_terms(
    name: str, coarsenings: Sequence[Coarsening], layers: nn.ModuleList
) -> None:
    """Refuse a pyramid for which the weights of learned poolings do not fit.

    Raises
    ------
    ValueError
        If its coarsenings have another number of terms.
    """
    if name not in LEARNED_TERMS:
        return
    for layer, coarsening in zip(layers, coarsenings, strict=True):
        count = number_of_terms(coarsening, LEARNED_TERMS[name])
        if count != layer.terms:
            raise ValueError(
                f"weights of pooling={name!r} must move to a sampling with "
                f"{layer.terms} terms for each parent, got {count} of "
                f"{coarsening.fine.name}; train with pooling='learned-position', whose "
                "weights fit all samplings"
            )
