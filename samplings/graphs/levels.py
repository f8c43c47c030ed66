"""Levels of a pyramid, coarsened one from the other or chosen by the user."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from samplings.arguments import counted, kind_of, sampling_argument
from samplings.base import Sampling
from samplings.coarsening import Coarsening
from samplings.graphs.weightings import (
    OF_NEIGHBOURS,
    Weighting,
    weighting_argument,
)
from samplings.transfer.transfer import Transfer


def levels_of(
    sampling: Sampling, depth: int, coarser: Sequence[Sampling] | None
) -> tuple[tuple[Coarsening, ...], list[Sampling]]:
    """Return coarsenings and samplings of ``depth`` levels, finest first.

    Raises
    ------
    TypeError
        If a level of ``coarser`` is not a sampling.
    ValueError
        If there cannot be as many levels, or one is not coarser than the one before or
        a single vertex.
    """
    coarsenings = (
        _coarsenings(sampling, depth)
        if coarser is None
        else _coarsenings_to(sampling, depth, coarser)
    )
    levels = [sampling, *(coarsening.coarse for coarsening in coarsenings)]
    _refuse_single_vertex(levels)
    return coarsenings, levels


def weightings_of(
    weighting: str | Weighting | Sequence[str | Weighting], depth: int
) -> list[Weighting]:
    """Return the weighting of each level.

    Raises
    ------
    ValueError
        If there is a list of another length.
    """
    if isinstance(weighting, Sequence) and not isinstance(weighting, str):
        if len(weighting) != depth:
            raise ValueError(
                f"weighting must list one for each of {counted(depth, 'level')}, got "
                f"{len(weighting)}; pass a single one for all levels"
            )
        return [weighting_argument(one, OF_NEIGHBOURS) for one in weighting]
    return [weighting_argument(weighting, OF_NEIGHBOURS)] * depth


def _coarsenings(sampling: Sampling, depth: int) -> tuple[Coarsening, ...]:
    """Coarsen ``depth - 1`` times, or name the last possible level."""
    if len(sampling) == 1:
        _refuse_single_vertex((sampling,) * depth)
    found: list[Coarsening] = []
    level = sampling
    for done in range(1, depth):
        try:
            found.append(level.coarsen())
        except ValueError as error:
            raise ValueError(
                f"depth={depth} levels need {depth - 1} coarsenings of "
                f"{sampling.name}, but level {done} is the last: {error}; or use "
                f"depth={done}"
            ) from error
        level = found[-1].coarse
    return tuple(found)


def _refuse_single_vertex(levels: Sequence[Sampling]) -> None:
    """Refuse levels of a single vertex, and name the largest depth possible."""
    linked = sum(len(level) > 1 for level in levels)
    if linked == len(levels):
        return
    remedy = f"use depth={linked}" if linked else "keep at least two vertices"
    raise ValueError(
        f"depth={len(levels)} levels leave 1 vertex of {levels[0].name}, which has no "
        f"neighbours; {remedy}"
    )


def _coarsenings_to(
    sampling: Sampling, depth: int, coarser: Sequence[Sampling]
) -> tuple[Coarsening, ...]:
    """Coarsen to samplings chosen by the user."""
    if not isinstance(coarser, Sequence):
        raise TypeError(
            f"coarser must be a list of samplings, got {kind_of(coarser)}; pass a "
            "list, or leave it out for the default ones"
        )
    for level in coarser:
        sampling_argument("each level of coarser", level)
    if len(coarser) != depth - 1:
        raise ValueError(
            f"coarser must list the {counted(depth - 1, 'level')} below "
            f"{sampling.name}, got {len(coarser)}; leave it out for the default ones"
        )
    levels = [sampling, *coarser]
    for fine, coarse in itertools.pairwise(levels):
        if len(coarse) >= len(fine):
            raise ValueError(
                f"each level must be coarser than the one before, got {coarse.name} "
                f"after {fine.name}; list them from fine to coarse"
            )
    return tuple(
        Transfer.conservative(fine, coarse).coarsening()
        for fine, coarse in itertools.pairwise(levels)
    )
