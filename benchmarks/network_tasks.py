"""What a training that compares graphs is: see ``laplacians_in_networks.py``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from samplings import (
    HEALPix,
    Pyramid,
    build_pyramid,
    equivariance_spectrum,
    laplacian,
)


@dataclass(frozen=True)
class Graph:
    """Edge weights and least number of neighbours, at each level of a network."""

    weighting: str
    k: int

    #: Of the graph's masses, where it has some; else it is the combinatorial one.
    laplacian: ClassVar[str] = "mass-weighted"

    @property
    def name(self) -> str:
        """As in tables."""
        return f"{self.weighting} k={self.k}"

    def pyramid(self, nside: int, depth: int) -> Pyramid:
        """Graphs of this kind on HEALPix."""
        return build_pyramid(HEALPix(nside), depth, self.k, weighting=self.weighting)

    def links(self, nside: int) -> float:
        """Links of a vertex, in the mean: what a convolution costs."""
        adjacency = self.pyramid(nside, 1).graphs[0].adjacency
        return adjacency.nnz / adjacency.shape[0]

    def error(self, nside: int) -> float:
        """Equivariance error of the Laplacian, mean over degrees nside to 2 nside."""
        operator = laplacian(self.pyramid(nside, 1).graphs[0], self.laplacian)
        degrees = np.arange(nside, 2 * nside + 1)
        return float(equivariance_spectrum(operator, degrees).error.mean())


@dataclass(frozen=True)
class Score:
    """One of the numbers that a task reports."""

    key: str
    title: str
    percent: bool = True

    def shown(self, value: float) -> float:
        """The value in the unit of tables and figures."""
        return 100 * value if self.percent else value


@dataclass(frozen=True)
class Task(ABC):
    """A training that can be repeated on any graph, and what it is scored by."""

    name: str
    title: str
    nside: int

    #: All numbers of a run; ``drawn`` names those of the figure, a panel each, and what
    #: to compare them with (a bound, or what interpolation alone would give).
    scores: ClassVar[tuple[Score, ...]]
    drawn: ClassVar[tuple[tuple[str, str | None], ...]]

    @abstractmethod
    def run(self, graph: Graph, seed: int, folder: Path) -> dict[str, float]:
        """Train on a graph from a seed, and score; the seed is of data and weights.

        Returns
        -------
        dict
            The scores by key, as fractions of one.
        """

    @property
    def settings(self) -> dict[str, Any]:
        """What runs depend on besides graph and seed, JSON-serialisable."""
        plain = {k: v for k, v in asdict(self).items() if k not in ("name", "title")}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in plain.items()}
