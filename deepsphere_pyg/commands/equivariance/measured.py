"""Errors of the Laplacians of graphs, as they are measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from samplings import SphericalGraph

if TYPE_CHECKING:
    from deepsphere_pyg.plot.laplacians import LaplacianPoint

# Lower degrees are few, and the error of the transform dominates them in the paper.
FIRST_DEGREE = 10


@dataclass(frozen=True)
class DegreeError:
    """Error at one degree; exact ones have no standard error and no samples."""

    degree: int
    mean: float
    standard_error: float = 0.0
    n_samples: int = 0
    unresolved: float | None = None


@dataclass(frozen=True)
class MeasuredGraph:
    """Errors of the Laplacian of one graph, and published ones if there are any."""

    graph: SphericalGraph
    weighting: str
    kind: str
    errors: Sequence[DegreeError]
    symbol: Sequence[float]
    published: Mapping[int, float]
    spin: int = 0

    @property
    def name(self) -> str:
        """Sampling, weighting, and spin of fields that are not scalars."""
        return f"{self.graph.sampling.name} {self.label}"

    @property
    def label(self) -> str:
        """Weighting, and spin of fields that are not scalars."""
        return f"{self.weighting}, spin {self.spin}" if self.spin else self.weighting

    @property
    def links(self) -> float:
        """Mean number of links of a vertex."""
        return 2 * self.graph.n_edges / self.graph.n_vertices

    @property
    def mean_error(self) -> float:
        """Geometric mean over the degrees from 10 on, or over all if they are lower."""
        chosen = [e.mean for e in self.errors if e.degree >= FIRST_DEGREE]
        chosen = chosen or [e.mean for e in self.errors]
        return math.exp(sum(math.log(e) for e in chosen) / len(chosen))

    def published_point(self) -> LaplacianPoint:
        """The published errors of the same graph, as a point of the figures."""
        values = list(self.published.values())
        error = math.exp(sum(math.log(e) for e in values) / len(values))
        return replace(self.point(), weighting="heat, published", error=error)

    def point(self) -> LaplacianPoint:
        """The graph as a point of the figures."""
        # Late, as Matplotlib takes its time to load.
        from deepsphere_pyg.plot.laplacians import LaplacianPoint

        return LaplacianPoint(
            self.graph.sampling.name,
            self.label,
            self.graph.k,
            self.graph.n_vertices,
            self.links,
            self.mean_error,
            [e.degree for e in self.errors] if self.symbol else [],
            self.symbol,
            self.graph.t,
            self.spin,
        )
