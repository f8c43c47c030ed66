"""Pyramids whose graphs are built by ranks, each the part of its region."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, SupportsIndex

from samplings.arguments import flag_argument, integer_argument, sampling_argument
from samplings.base import Sampling
from samplings.coarsening import Coarsening
from samplings.graphs.by_region.plans import CoarseningPlan, GraphPlan
from samplings.graphs.levels import levels_of, weightings_of
from samplings.graphs.pyramid import Pyramid, build_pyramid
from samplings.graphs.pyramid_config import build_options, pyramid_description
from samplings.graphs.weightings import (
    WEIGHTINGS,
    Kernel,
    Weighting,
    weighting_argument,
)
from samplings.schemes.healpix import HEALPix

KERNELS = tuple(name for name, kind in WEIGHTINGS.items() if issubclass(kind, Kernel))


class PyramidPlan(Pyramid):
    """A pyramid whose graphs are not built: processes build a region of them each.

    Networks take it like a pyramid. They then have weights, but no operators, until
    :func:`deepsphere_pyg.models.partition_model`, or the training with
    ``strategy="space"``, builds those of the vertices of each process. These are the
    rows that the graphs of :func:`samplings.build_pyramid` have there, and none of the
    processes ever has the others.

    Parameters
    ----------
    sampling
        The finest level. Nested HEALPix computes positions where they are asked for;
        processes hold those of all vertices of other samplings (32 bytes each, with
        areas), and the shares of their cells in coarser ones.
    depth, k, coarser
        As in :func:`samplings.build_pyramid`.
    weighting
        A kernel for all levels, or one for each: ``"heat"``, ``"self-tuned"``,
        ``"inverse-distance"``, ``"area-corrected"``, or these with options. Fitted
        weights depend on the whole sphere.
    connect
        Whether graphs in pieces are refused, which build_pyramid joins.

    Raises
    ------
    TypeError
        If an argument is of another kind.
    ValueError
        If the weighting is not a kernel, or as :func:`samplings.build_pyramid`.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> plan = PyramidPlan(HEALPix(4096), depth=2, k=8)
    >>> plan
    PyramidPlan(healpix-4096-k8) with 201326592, 50331648 vertices
    """

    def __init__(
        self,
        sampling: Sampling,
        depth: SupportsIndex,
        k: SupportsIndex,
        *,
        coarser: Sequence[Sampling] | None = None,
        weighting: str | Weighting | Sequence[str | Weighting] = "heat",
        connect: bool = True,
    ) -> None:
        sampling = sampling_argument("sampling", sampling)
        depth = integer_argument("depth", depth, 1)
        k = integer_argument("k", k, 1)
        connect = flag_argument("connect", connect)
        kinds = [_kernel(kind) for kind in weightings_of(weighting, depth)]
        coarsenings, levels = _levels(sampling, depth, coarser)
        if k >= len(sampling):
            raise ValueError(
                f"k must be smaller than the number of vertices, got k={k} for "
                f"{len(sampling)} vertices; use at most {len(sampling) - 1} or a finer "
                "sampling"
            )
        self.__dict__.update(
            {
                "config": pyramid_description(
                    sampling, depth, k, coarser, weighting, kinds, connect
                ),
                "_coarsenings": coarsenings,
                "_graphs": tuple(
                    GraphPlan(level, min(k, len(level) - 1), kind, connect)
                    for level, kind in zip(levels, kinds, strict=True)
                ),
            }
        )

    def __repr__(self) -> str:
        sizes = ", ".join(str(len(graph.sampling)) for graph in self.graphs)
        return f"PyramidPlan({self.graphs[0].name}) with {sizes} vertices"

    def __len__(self) -> int:
        return len(self.graphs)

    @property
    def sampling(self) -> Sampling:
        """The finest sampling."""
        found: Sampling = self.graphs[0].sampling
        return found

    @property
    def graphs(self) -> tuple[Any, ...]:
        """The plan of the graph of each level."""
        found: tuple[Any, ...] = self.__dict__["_graphs"]
        return found

    @property
    def coarsenings(self) -> tuple[Any, ...]:
        """From each level to the next: plans of nested HEALPix, else coarsenings."""
        found: tuple[Any, ...] = self.__dict__["_coarsenings"]
        return found

    @property
    def edges(self) -> None:  # type: ignore[override]
        """None: nobody has counted the edges."""
        return

    def outline(self) -> PyramidPlan:
        """Return itself, which has no graphs."""
        return self

    def built(self) -> Pyramid:
        """Return the pyramid with the graphs of the whole sphere."""
        return build_pyramid(self.sampling, **build_options(self.config))

    def with_sampling(self, sampling: Sampling) -> PyramidPlan:
        """Return a plan like this one on another finest sampling.

        Raises
        ------
        TypeError, ValueError
            As :meth:`samplings.Pyramid.with_sampling`.
        """
        options = self.options_elsewhere("plan", "PyramidPlan")
        # Plans are of all levels, and not cut.
        del options["cut"], options["first_graph"]
        return PyramidPlan(sampling, **options)


def _kernel(weighting: Weighting) -> Kernel:
    """Refuse weights that are not kernels."""
    remedy = "take one of these, or build the whole graphs with build_pyramid"
    kind = weighting_argument(weighting, KERNELS, remedy)
    return kind  # type: ignore[return-value]


def _levels(
    sampling: Sampling, depth: int, coarser: Sequence[Sampling] | None
) -> tuple[tuple[Coarsening | CoarseningPlan, ...], list[Sampling]]:
    """Return coarsenings, or plans of them where cells are nested, and levels."""
    nested = isinstance(sampling, HEALPix) and sampling.nest and coarser is None
    # A sampling that cannot be coarsened as often is refused by the other branch.
    if isinstance(sampling, HEALPix) and nested and sampling.nside >> (depth - 1):
        coarse = [HEALPix(sampling.nside >> level) for level in range(1, depth)]
        levels = [sampling, *coarse]
        plans = tuple(CoarseningPlan(*pair) for pair in pairwise(levels))
        return plans, [*levels]
    coarsenings, others = levels_of(sampling, depth, coarser)
    return coarsenings, others
