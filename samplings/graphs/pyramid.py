"""Graphs on ever coarser samplings, for networks that pool."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from samplings.arguments import integer_argument, sampling_argument
from samplings.base import Sampling
from samplings.coarsening import Coarsening
from samplings.graphs.graph import SphericalGraph
from samplings.graphs.knn import DEFAULT_WEIGHTING, knn_graph
from samplings.schemes.config import from_config
from samplings.transfer.transfer import Transfer

_EDGE_OPTIONS = ("distance", "symmetrize", "weighting", "connect")


@dataclass(frozen=True, eq=False, repr=False)
class Pyramid:
    """Graphs from fine to coarse, and how the cells of each fall into the next.

    Parameters
    ----------
    graphs
        One graph a level, finest first.
    coarsenings
        ``coarsenings[i]`` leads from level ``i`` to level ``i + 1``.
    config
        JSON-serialisable description; :func:`pyramid_from_config` inverts it.
    """

    graphs: tuple[SphericalGraph, ...]
    coarsenings: tuple[Coarsening, ...]
    config: Mapping[str, Any]

    def __len__(self) -> int:
        return len(self.graphs)

    def __repr__(self) -> str:
        sizes = ", ".join(str(len(graph.sampling)) for graph in self.graphs)
        return f"Pyramid({self.graphs[0].name}) with {sizes} vertices"

    @property
    def sampling(self) -> Sampling:
        """The finest sampling."""
        return self.graphs[0].sampling


def build_pyramid(
    sampling: Sampling,
    depth: int,
    k: int,
    *,
    coarser: Sequence[Sampling] | None = None,
    t: Sequence[float] | None = None,
    distance: str = "chordal",
    symmetrize: str = "average",
    weighting: str = DEFAULT_WEIGHTING,
    connect: bool = True,
) -> Pyramid:
    """Coarsen a sampling ``depth - 1`` times and link each level's nearest neighbours.

    Parameters
    ----------
    sampling
        The finest level.
    depth
        Number of levels, 1 for no coarsening.
    k
        Minimum number of neighbours at each level, fewer than ``sampling`` has
        vertices. A coarser level of ``k`` vertices or fewer becomes a complete graph.
    coarser
        The ``depth - 1`` coarser levels, any samplings of the same part of the sphere,
        to which cells go in shares of their area
        (:meth:`samplings.Transfer.conservative`); by default those of
        :meth:`Sampling.coarsen`.
    t
        Kernel widths in squared radian, one a level; by default
        :func:`samplings.kernel_width` for each.
    distance, symmetrize, weighting, connect
        As in :func:`samplings.knn_graph`.

    Returns
    -------
    Pyramid
        ``depth`` graphs and ``depth - 1`` coarsenings.

    Raises
    ------
    TypeError
        If ``sampling`` or a level of ``coarser`` is not a sampling.
    ValueError
        If the sampling cannot be coarsened so often, ``coarser`` or ``t`` has another
        length, or a level is not coarser than the one before or a single vertex.

    Warns
    -----
    DisconnectedGraphWarning
        With ``connect=False``, for each level whose graph has more than one component.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> build_pyramid(HEALPix(4), depth=3, k=20)
    Pyramid(healpix-4-k20) with 192, 48, 12 vertices
    """
    sampling = sampling_argument("sampling", sampling)
    depth = integer_argument("depth", depth, 1)
    k = integer_argument("k", k, 1)
    if t is not None and np.shape(t) != (depth,):
        raise ValueError(
            f"t must list one kernel width a level, {depth} in all, got {t!r}; "
            "leave it out for the default widths"
        )
    coarsenings = (
        _coarsenings(sampling, depth)
        if coarser is None
        else _coarsenings_to(sampling, depth, coarser)
    )
    levels = [sampling, *(coarsening.coarse for coarsening in coarsenings)]
    _refuse_single_vertex(levels)
    graphs = tuple(
        knn_graph(
            level,
            # The user's own sampling is held to k; only coarser ones may fall short.
            k if i == 0 else min(k, len(level) - 1),
            None if t is None else t[i],
            distance,
            symmetrize,
            weighting=weighting,
            connect=connect,
        )
        for i, level in enumerate(levels)
    )
    config: dict[str, Any] = {
        "sampling": sampling.config,
        "depth": depth,
        "coarser": None if coarser is None else [level.config for level in coarser],
        "k": k,
        "t": None if t is None else [float(width) for width in t],
        "distance": distance,
        "symmetrize": symmetrize,
        "weighting": weighting,
        "connect": connect,
    }
    return Pyramid(graphs, coarsenings, config)


def _coarsenings(sampling: Sampling, depth: int) -> tuple[Coarsening, ...]:
    """Coarsen again and again, or say after how many levels there is no coarser one."""
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
    """Refuse levels that have nothing to link, and say how many levels can be had."""
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
    """Coarsen to samplings chosen by the user, one after the other."""
    if isinstance(coarser, Sampling):
        raise TypeError(
            f"coarser must be a list of samplings, got {coarser.name}; pass [it]"
        )
    for level in coarser:
        sampling_argument("each level of coarser", level)
    if len(coarser) != depth - 1:
        raise ValueError(
            f"coarser must list the {depth - 1} levels below {sampling.name}, got "
            f"{len(coarser)}; leave it out for the default ones"
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


def pyramid_from_config(config: Mapping[str, Any]) -> Pyramid:
    """Rebuild a pyramid from its :attr:`Pyramid.config`.

    Parameters
    ----------
    config
        Mapping with ``sampling``, ``depth``, ``k``, and other arguments of
        :func:`build_pyramid`; without ``weighting`` and ``connect``, as in older files,
        heat kernels and no edges added.

    Returns
    -------
    Pyramid
        The same graphs and coarsenings.

    Raises
    ------
    TypeError
        If ``config`` is not a mapping.
    ValueError
        If a key is missing or unknown, or the sampling's description is wrong.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> pyramid_from_config(build_pyramid(HEALPix(2), depth=2, k=8).config)
    Pyramid(healpix-2-k8) with 48, 12 vertices
    """
    if not isinstance(config, Mapping):
        raise TypeError(
            f"a pyramid's configuration must be a mapping, got "
            f"{type(config).__name__}; pass Pyramid.config"
        )
    # What configurations did not say when there was nothing else to say.
    options: dict[str, Any] = {"weighting": "heat", "connect": False, **config}
    known = {"sampling", "depth", "k", "coarser", "t", *_EDGE_OPTIONS}
    missing = {"sampling", "depth", "k"} - set(options)
    unknown = set(options) - known
    if missing or unknown:
        fault = (
            f"lacks {', '.join(sorted(missing))}"
            if missing
            else f"has the unknown {', '.join(sorted(unknown))}"
        )
        raise ValueError(
            f"a pyramid's configuration needs sampling, depth and k, but this one "
            f"{fault}; pass Pyramid.config as it was saved"
        )
    if options.get("coarser") is not None:
        options["coarser"] = [from_config(level) for level in options["coarser"]]
    return build_pyramid(from_config(options.pop("sampling")), **options)
