"""Weights of the links between neighbouring vertices."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from samplings.arguments import integer_argument
from samplings.arrays import FloatArray, ReadOnly, freeze, read_only
from samplings.base import Sampling
from samplings.fitting.fitted import fit_weights
from samplings.fitting.pattern import checked_pattern
from samplings.graphs.kernel_width import OFFSET, SLOPE, kernel_width
from samplings.graphs.weightings import (
    OF_NEIGHBOURS,
    Kernel,
    Weighting,
    WidthKernel,
    weighting_argument,
)

# Least value of a kernel: no link is lost, and in single precision, where 1 + 1e-8 is
# 1, it still counts. The lightest links of the published graphs weigh 0.002.
FLOOR = 1e-6


@dataclass(frozen=True, eq=False)
class EdgeWeights(ReadOnly):
    """Weights of the links of a graph, and masses of its vertices.

    Parameters
    ----------
    adjacency
        Weights, sparse, symmetric and without diagonal, shape ``(V, V)``.
    t
        Width of the heat kernel in squared radian; NaN for weights without a width.
    mass
        Masses of the vertices, mean one, shape ``(V,)``; None where all are equal.
    """

    adjacency: sp.csr_array
    t: float
    mass: FloatArray | None


def weigh(
    sampling: Sampling,
    pattern: sp.csr_array,
    weighting: str | Weighting,
    *,
    k: int,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> EdgeWeights:
    """Weigh the links of a graph.

    ``pattern`` holds the chords from each vertex to its neighbours, shape ``(V, V)``,
    symmetric or not, and may be overwritten with ``overwrite``, which saves 8 bytes a
    link. ``weighting`` is one of :data:`samplings.WEIGHTINGS` for neighbours, or its
    name; ``k`` is the number of neighbours asked for, which sets the width of kernels;
    ``progress`` is called in fits, as in :func:`fit_weights`.

    A graph stays as connected as its pattern. Kernels are at least 1e-6, so that a
    narrow ``t`` loses no link; links that a fit leaves without weight get 1e-6 of the
    largest weight if they join pieces.
    """
    kind = weighting_argument(weighting, OF_NEIGHBOURS)
    k = integer_argument("k", k, 1)
    pattern = checked_pattern(pattern, len(sampling))
    if not isinstance(kind, Kernel):
        fit = fit_weights(sampling, pattern, kind.name, progress=progress)
        adjacency = freeze(_relinked(fit.adjacency, pattern))
        return EdgeWeights(adjacency, math.nan, fit.mass)
    links = pattern if overwrite and pattern.data.flags.writeable else _copy(pattern)
    if kind.distance == "geodesic":
        geodesic(links.data)
    mass, t = None, math.nan
    if isinstance(kind, WidthKernel):
        if kind.t is None:
            mean = float(np.dot(links.data, links.data) / links.nnz)
            t = kernel_width(sampling, k, mean)
        else:
            t = kind.t
        heat_kernel(links.data, t)
    elif kind.name == "self-tuned":
        spacing = spacings(links)
        self_tuned_kernel(links, spacing, spacing[links.indices], k)
    else:
        np.reciprocal(links.data, out=links.data)
    if kind.name == "area-corrected":
        mass = read_only(sampling.weights / sampling.weights.mean())
        scale_rows(links, mass)
        links.data *= mass[links.indices]
    return EdgeWeights(
        freeze(symmetric(links, sp.csr_array(links.T), kind.symmetrize)), t, mass
    )


def _copy(links: sp.csr_array) -> sp.csr_array:
    """Copy the values, and share the indices."""
    values = np.array(links.data, dtype=np.float64)
    return sp.csr_array((values, links.indices, links.indptr), shape=links.shape)


def geodesic(chord: FloatArray) -> None:
    """Turn chords into the angles they subtend, in place."""
    # Round-off may carry antipodal ones beyond 2.
    np.minimum(chord, 2.0, out=chord)
    chord /= 2
    np.arcsin(chord, out=chord)
    chord *= 2


def heat_kernel(distance: FloatArray, t: float) -> None:
    """Turn distances into weights, in place: at 10^8 edges a copy takes a gigabyte."""
    np.square(distance, out=distance)
    distance /= -4 * t
    np.exp(distance, out=distance)
    np.maximum(distance, FLOOR, out=distance)


def spacings(links: sp.csr_array) -> FloatArray:
    """Return the root mean square length of the links of each row."""
    counts = np.diff(links.indptr)
    squares = sp.csr_array((links.data**2, links.indices, links.indptr), links.shape)
    # A vertex may have no links of its own, but be linked by others.
    total = np.asarray(squares.sum(axis=1)).ravel()
    return np.sqrt(np.divide(total, counts, where=counts > 0, out=np.ones(len(total))))


def self_tuned_kernel(
    links: sp.csr_array, of_rows: FloatArray, of_entries: FloatArray, k: int
) -> None:
    """Turn distances, in units of the spacings at both ends, into weights, in place."""
    np.square(links.data, out=links.data)
    scale_rows(links, 1 / of_rows)
    links.data /= of_entries
    links.data /= -4 * (OFFSET + SLOPE / k)
    np.exp(links.data, out=links.data)
    np.maximum(links.data, FLOOR, out=links.data)


def scale_rows(links: sp.csr_array, factor: FloatArray) -> None:
    """Multiply each row by a factor, in place."""
    links.data *= np.repeat(factor, np.diff(links.indptr))


def _relinked(adjacency: sp.csr_array, pattern: sp.csr_array) -> sp.csr_array:
    """Give links that a fit left at zero a small weight if they join pieces."""
    positive = adjacency
    if adjacency.nnz and adjacency.data.min() == 0:
        positive = adjacency.copy()
        positive.eliminate_zeros()
    n_pieces, piece = connected_components(positive, connection="strong")
    if n_pieces == 1:
        return positive
    row = np.repeat(np.arange(len(piece)), np.diff(pattern.indptr))
    cut = np.flatnonzero(piece[row] != piece[pattern.indices])
    if len(cut) == 0:
        return positive
    ends = row[cut], pattern.indices[cut]
    weight = np.full(len(cut), FLOOR * positive.data.max())
    lifted = sp.csr_array((weight, ends), shape=pattern.shape)
    return sp.csr_array(positive + lifted.maximum(lifted.T))


def symmetric(
    links: sp.csr_array, turned: sp.csr_array, symmetrize: str
) -> sp.csr_array:
    """Return weights that both ends agree on, from those each way."""
    if symmetrize == "average":
        both = sp.csr_array(links + turned)
        both.data *= 0.5
    else:
        both = sp.csr_array(links.maximum(turned))
    both.sort_indices()
    return both
