"""Graphs on ever coarser samplings, for networks that pool."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, SupportsIndex

from samplings.arguments import (
    flag_argument,
    function_argument,
    integer_argument,
    sampling_argument,
)
from samplings.base import Sampling
from samplings.coarsening import Coarsening
from samplings.graphs.cut import cut_graph
from samplings.graphs.graph import SphericalGraph
from samplings.graphs.knn import DEFAULT_WEIGHTING, knn_graph
from samplings.graphs.levels import levels_of, weightings_of
from samplings.graphs.pyramid_config import build_options, pyramid_description
from samplings.graphs.weightings import Weighting
from samplings.schemes.config import from_config


@dataclass(frozen=True, eq=False, repr=False)
class Pyramid:
    """Graphs from fine to coarse, and how the cells of each are shared by the next.

    Parameters
    ----------
    graphs
        One graph per level, finest first; none of the finest levels if those are only
        pooled.
    coarsenings
        ``coarsenings[i]`` leads from level ``i`` to level ``i + 1``.
    config
        JSON-serialisable description; :func:`pyramid_from_config` inverts it.
    """

    graphs: tuple[SphericalGraph, ...]
    coarsenings: tuple[Coarsening, ...]
    config: Mapping[str, Any]

    def __len__(self) -> int:
        return len(self.coarsenings) + 1

    def __repr__(self) -> str:
        sizes = [len(coarsening.fine) for coarsening in self.coarsenings]
        sizes.append(len(self.graphs[-1].sampling))
        first = self.first_graph
        name = self.sampling.name if first else self.graphs[0].name
        note = f", graphs from level {first} on" if first else ""
        return f"Pyramid({name}) with {', '.join(map(str, sizes))} vertices{note}"

    @property
    def sampling(self) -> Sampling:
        """The finest sampling."""
        if self.coarsenings:
            return self.coarsenings[0].fine
        return self.graphs[0].sampling

    @property
    def first_graph(self) -> int:
        """Level of the first graph, 0 if all levels have one."""
        return len(self) - len(self.graphs)

    @cached_property
    def edges(self) -> tuple[tuple[int, float], ...]:
        """Number of edges, and the sum of their weights, of each graph."""
        return tuple(
            (graph.n_edges, float(graph.adjacency.sum()) / 2) for graph in self.graphs
        )

    def built(self) -> Pyramid:
        """Return the pyramid with its graphs, built if it is an :meth:`outline`."""
        return self

    def outline(self) -> Pyramid:
        """Return the same pyramid without its graphs and coarsenings.

        It builds them again whenever they are asked for, and does not keep them: they
        take 0.2 kB a vertex with 8 neighbours. :meth:`built` keeps them.

        Examples
        --------
        >>> from samplings import HEALPix
        >>> outline = build_pyramid(HEALPix(4), depth=2, k=8).outline()
        >>> outline.edges, outline.graphs[1].n_edges  # doctest: +ELLIPSIS
        (((788, 4741.79...), (228, 285.13...)), 228)
        """
        return _Outline(self)

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
        return build_pyramid(
            sampling, **self.options_elsewhere("build", "build_pyramid")
        )

    def options_elsewhere(self, verb: str, maker: str) -> dict[str, Any]:
        """Return the options of the pyramid, if they serve other samplings.

        Parameters
        ----------
        verb, maker
            What to do otherwise, and by which function, for the message.

        Raises
        ------
        ValueError
            As :meth:`with_sampling`.
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
                    f"this pyramid's {name} were chosen for its own sampling; {verb} "
                    f"the new one by {maker}, and choose others"
                )
        return options


class _Outline(Pyramid):
    """A pyramid that builds its graphs and coarsenings when they are asked for."""

    def __init__(self, pyramid: Pyramid) -> None:
        known = {
            "config": pyramid.config,
            "edges": pyramid.edges,
            "_sampling": pyramid.sampling,
            "_sizes": (len(pyramid), pyramid.first_graph),
        }
        self.__dict__.update(known)

    def __len__(self) -> int:
        n: int = self.__dict__["_sizes"][0]
        return n

    def __repr__(self) -> str:
        return f"outline of a pyramid of {len(self)} levels on {self.sampling.name}"

    @property
    def sampling(self) -> Sampling:
        """The finest sampling."""
        found: Sampling = self.__dict__["_sampling"]
        return found

    @property
    def first_graph(self) -> int:
        """Level of the first graph."""
        level: int = self.__dict__["_sizes"][1]
        return level

    @property
    def graphs(self) -> tuple[SphericalGraph, ...]:
        """One graph per level, built anew."""
        return self.built().graphs

    @property
    def coarsenings(self) -> tuple[Coarsening, ...]:
        """From each level to the next, built anew."""
        return self.built().coarsenings

    def built(self) -> Pyramid:
        """Return a pyramid with graphs."""
        return build_pyramid(self.sampling, **build_options(self.config))


def build_pyramid(
    sampling: Sampling,
    depth: int,
    k: int,
    *,
    coarser: Sequence[Sampling] | None = None,
    weighting: str | Weighting | Sequence[str | Weighting] = DEFAULT_WEIGHTING,
    connect: bool = True,
    cut: bool = False,
    first_graph: SupportsIndex = 0,
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
        Minimum number of neighbours at each level, fewer than the level of the first
        graph has vertices. A coarser level of ``k`` vertices or fewer becomes a
        complete graph.
    coarser
        The ``depth - 1`` coarser levels, any samplings of the same part of the sphere
        (see :meth:`samplings.Transfer.conservative`); by default those of
        :meth:`Sampling.coarsen`.
    weighting
        As in :func:`samplings.knn_graph`, for all levels; or a list of one for each
        level that has a graph, such as ``[Heat(t=0.01), Heat(t=0.04)]``.
    connect
        As in :func:`samplings.knn_graph`.
    cut
        Whether the graphs of a part of the sphere are cut out of those of the whole, as
        by :func:`samplings.cut_graph`.
    first_graph
        Level of the first graph. Finer levels get none, which saves most of the time
        and memory for networks that pool before they convolve.
    progress
        Called as ``progress(done, total)`` with a number of vertices whose graph is
        done, in steps of fits and at the end of each level.

    Returns
    -------
    Pyramid
        ``depth - first_graph`` graphs and ``depth - 1`` coarsenings.

    Raises
    ------
    TypeError
        If ``sampling`` or a level of ``coarser`` is not a sampling.
    ValueError
        If the sampling cannot be coarsened that often, the length of ``coarser`` or
        ``weighting`` does not fit, ``first_graph`` is not a level, or a level is not
        coarser than the one before or a single vertex.

    Warns
    -----
    DisconnectedGraphWarning
        With ``connect=False``, for each level whose graph has more than one component.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> build_pyramid(HEALPix(4), depth=3, k=20)
    Pyramid(healpix-4-k20) with 192, 48, 12 vertices
    >>> build_pyramid(HEALPix(4), depth=3, k=20, first_graph=1)
    Pyramid(healpix-4) with 192, 48, 12 vertices, graphs from level 1 on
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
    first = integer_argument("first_graph", first_graph, 0)
    if first >= depth:
        raise ValueError(
            f"first_graph must be one of the levels 0 to {depth - 1}, got {first}; "
            "pass the level of the first convolution, or a larger depth"
        )
    weightings = weightings_of(weighting, depth - first)
    coarsenings, levels = levels_of(sampling, depth, coarser)
    linked = levels[first:]
    ends = list(itertools.accumulate(map(len, linked)))
    graphs: list[SphericalGraph] = []
    for level, kind, end in zip(linked, weightings, ends, strict=True):

        def step(
            done: int, total: int, level: Sampling = level, end: int = end
        ) -> None:
            if progress is not None:
                progress(end - len(level) * (total - done) // total, ends[-1])

        # The finest graph must have k neighbours; coarser ones may fall short.
        least = min(k, len(level) - 1) if graphs else k
        if cut:
            graph = cut_graph(level, least, kind, progress=step)
        else:
            graph = knn_graph(level, least, kind, connect=connect, progress=step)
        step(1, 1)
        graphs.append(graph)
    config = pyramid_description(
        sampling, depth, k, coarser, weighting, weightings, connect
    )
    # Left out otherwise, so that earlier versions read the configuration.
    if cut:
        config["cut"] = True
    if first:
        config["first_graph"] = first
    return Pyramid(tuple(graphs), coarsenings, config)


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
