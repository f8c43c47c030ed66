"""What all Laplacians have: an inner product, and a rescaling for polynomials."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from samplings.arrays import FloatArray, ReadOnly, read_only
from samplings.graphs.graph import SphericalGraph
from samplings.graphs.spectrum import lambda_max

# A polynomial of low order in L / lambda_max hardly acts where the diagonal, which
# bounds L near a vertex, is this many times smaller than lambda_max.
UNEVEN = 300.0
# Share of the area (most vertices may lie in the dense place) on which filters may
# hardly act.
MOST = 0.5


class UnevenSpectrumWarning(UserWarning):
    """Dense places dominate the spectrum, and filters hardly act elsewhere."""


@dataclass(frozen=True, eq=False, repr=False)
class SelfAdjointMatrix(ReadOnly):
    r"""What the Laplacians of scalars and of fields of spin have in common.

    Parameters
    ----------
    graph
        The graph that it belongs to.
    kind
        ``"combinatorial"``, ``"normalized"`` or ``"mass-weighted"``.
    matrix
        Sparse positive semi-definite matrix, shape ``(c V, c V)`` for c numbers at a
        vertex, next to each other; self-adjoint in the inner product of :attr:`mass`.
    """

    graph: SphericalGraph
    kind: str
    matrix: sp.csr_array

    #: Numbers at a vertex: 1 for scalars, 2 for fields of spin.
    components: ClassVar[int] = 1

    @property
    def is_symmetric(self) -> bool:
        """Whether the matrix itself is symmetric."""
        return self.kind != "mass-weighted" or self.graph.mass is None

    @cached_property
    def mass(self) -> FloatArray:
        """Weights of the inner product in which it is self-adjoint, ``(c V,)``.

        The graph's masses for the mass-weighted kind, ones for the others.
        """
        mass = self.graph.mass if self.kind == "mass-weighted" else None
        per_vertex = np.ones(self.graph.n_vertices) if mass is None else mass
        return read_only(np.repeat(per_vertex, self.components))

    def symmetric(self) -> sp.csr_array:
        r"""Return :math:`M^{1/2} L M^{-1/2}`, symmetric, with the same eigenvalues."""
        if self.is_symmetric:
            return self.matrix
        root = np.sqrt(self.mass)
        matrix = self.matrix.copy()
        matrix.data *= np.repeat(root, np.diff(matrix.indptr))
        matrix.data /= root[matrix.indices]
        return matrix

    @cached_property
    def lambda_max(self) -> float:
        """Largest eigenvalue, or slightly more: see :func:`samplings.lambda_max`."""
        return lambda_max(self.symmetric())

    def rescaled(self) -> sp.csr_array:
        r"""Return :math:`2 L / \lambda_\max - I`, whose spectrum is in [-1, 1].

        Raises
        ------
        ValueError
            If the Laplacian is zero, as on a graph without edges.

        Warns
        -----
        UnevenSpectrumWarning
            If on more than half of the area the diagonal is below 1 in 300 of the
            largest eigenvalue, as of fitted weights on stations dense in places.
        """
        if not self.lambda_max > 0:
            raise ValueError(
                f"the Laplacian of {self.graph.name} is zero and cannot be rescaled; "
                "build the graph with more neighbours or a larger t"
            )
        areas = self.graph.sampling.weights
        # The numbers at a vertex have equal diagonal entries.
        diagonal = self.matrix.diagonal()[:: self.components]
        idle = float(areas[diagonal * UNEVEN < self.lambda_max].sum() / areas.sum())
        if idle > MOST:
            order = np.argsort(diagonal)
            half = np.searchsorted(np.cumsum(areas[order]), areas.sum() / 2)
            middle = max(float(diagonal[order[half]]), 1e-300)
            warnings.warn(
                f"the largest eigenvalue of {self.graph.name} is "
                f"{self.lambda_max / middle:.3g} times the median of the diagonal over "
                f"the area: filters of low order hardly act on {100 * idle:.3g} % of "
                "the area that the vertices cover; use kind='normalized', "
                "weighting='heat', or points of more even density",
                UnevenSpectrumWarning,
                stacklevel=2,
            )
        identity = sp.eye_array(self.matrix.shape[0], format="csr")
        return sp.csr_array(self.matrix * (2 / self.lambda_max) - identity)
