"""Graphs on ever coarser samplings, for networks that pool."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from samplings.arguments import (
    flag_argument,
    function_argument,
    integer_argument,
    kind_of,
    sampling_argument,
)
from samplings.base import Sampling
from samplings.coarsening import Coarsening
from samplings.graphs.cut import cut_graph
from samplings.graphs.graph import SphericalGraph
from samplings.graphs.knn import DEFAULT_WEIGHTING, knn_graph
from samplings.graphs.pyramid_config import build_options
from samplings.graphs.weightings import (
    OF_NEIGHBOURS,
    Weighting,
    weighting_argument,
)
from samplings.schemes.config import from_config
from samplings.transfer.transfer import Transfer


@dataclass(frozen=True, eq=False, repr=False)
class Pyramid:
    """Graphs from fine to coarse, and how the cells of each are shared by the next.

    Parameters
    ----------
    graphs
        One graph per level, finest first.
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

    def with_sampling(self, sampling: Sampling) -> Pyramid:
        """Return a pyramid built like this one on another finest sampling.

        Raises
        ------
        TypeError
            If ``sampling`` is not a sampling.
        ValueError
            If kernel widths, weightings of single levels or coarser levels were chosen
            for the present sampling; and as :func:`build_pyramid`.
        """
        options = build_options(self.config)
        weighting = options["weighting"]
        for chosen, name in (
            (isinstance(weighting, list), "weightings, one per level,"),
            (getattr(weighting, "t", None) is not None, "kernel width t"),
            (options["coarser"] is not None, "coarser levels"),
        ):
            if chosen:
                raise ValueError(
                    f"this pyramid's {name} were chosen for its own sampling; build "
                    "the new one by build_pyramid, and choose others"
                )
        return build_pyramid(sampling, **options)


def build_pyramid(
    sampling: Sampling,
    depth: int,
    k: int,
    *,
    coarser: Sequence[Sampling] | None = None,
    weighting: str | Weighting | Sequence[str | Weighting] = DEFAULT_WEIGHTING,
    connect: bool = True,
    cut: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Pyramid:
    """Coarsen a sampling ``depth - 1`` times, and link neighbours at each level.

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
        The ``depth - 1`` coarser levels, any samplings of the same part of the sphere
        (see :meth:`samplings.Transfer.conservative`); by default those of
        :meth:`Sampling.coarsen`.
    weighting
        As in :func:`samplings.knn_graph`, for all levels; or a list of one for each,
        such as ``[Heat(t=0.01), Heat(t=0.04)]``.
    connect
        As in :func:`samplings.knn_graph`.
    cut
        Whether the graphs of a part of the sphere are cut out of those of the whole, as
        by :func:`samplings.cut_graph`.
    progress
        Called as ``progress(done, total)`` with a number of vertices whose graph is
        done, in steps of fits and at the end of each level.

    Returns
    -------
    Pyramid
        ``depth`` graphs and ``depth - 1`` coarsenings.

    Raises
    ------
    TypeError
        If ``sampling`` or a level of ``coarser`` is not a sampling.
    ValueError
        If the sampling cannot be coarsened that often, the length of ``coarser`` or
        ``weighting`` does not fit, or a level is not coarser than the one before or a
        single vertex.

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
    connect, cut = flag_argument("connect", connect), flag_argument("cut", cut)
    if cut and not connect:
        raise ValueError(
            "a graph that is cut out of that of the whole keeps the links which join "
            "its pieces, got connect=False; leave out connect or cut"
        )
    function_argument("progress", progress, "progress(done, total)")
    weightings = _one_a_level(weighting, depth)
    coarsenings = (
        _coarsenings(sampling, depth)
        if coarser is None
        else _coarsenings_to(sampling, depth, coarser)
    )
    levels = [sampling, *(coarsening.coarse for coarsening in coarsenings)]
    _refuse_single_vertex(levels)
    ends = list(itertools.accumulate(map(len, levels)))
    graphs: list[SphericalGraph] = []
    for level, kind, end in zip(levels, weightings, ends, strict=True):

        def step(
            done: int, total: int, level: Sampling = level, end: int = end
        ) -> None:
            if progress is not None:
                progress(end - len(level) * (total - done) // total, ends[-1])

        # The finest level must have k neighbours; coarser ones may fall short.
        least = min(k, len(level) - 1) if graphs else k
        if cut:
            graph = cut_graph(level, least, kind, progress=step)
        else:
            graph = knn_graph(level, least, kind, connect=connect, progress=step)
        step(1, 1)
        graphs.append(graph)
    config: dict[str, Any] = {
        "sampling": sampling.config,
        "depth": depth,
        "coarser": None if coarser is None else [level.config for level in coarser],
        "k": k,
        "weighting": (
            weightings[0].config
            if isinstance(weighting, str | Weighting)
            else [one.config for one in weightings]
        ),
        "connect": connect,
    }
    if cut:
        # Left out otherwise, so that earlier versions read the configuration.
        config["cut"] = True
    return Pyramid(tuple(graphs), coarsenings, config)


def _one_a_level(
    weighting: str | Weighting | Sequence[str | Weighting], depth: int
) -> list[Weighting]:
    """Return the weighting of each level."""
    if isinstance(weighting, Sequence) and not isinstance(weighting, str):
        if len(weighting) != depth:
            raise ValueError(
                f"weighting must list one for each of {depth} levels, got "
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


def pyramid_from_config(
    config: Mapping[str, Any],
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Pyramid:
    """Rebuild a pyramid from its :attr:`Pyramid.config`.

    Parameters
    ----------
    config
        :attr:`Pyramid.config`, or one saved by version 0.1: with options of the
        weighting at the top, or, without ``weighting`` and ``connect``, for heat
        kernels and no edges added.
    progress
        As in :func:`build_pyramid`.

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
    options = build_options(config)
    return build_pyramid(from_config(config["sampling"]), **options, progress=progress)
