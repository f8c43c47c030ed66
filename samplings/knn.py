"""Graphs of nearest neighbours with heat-kernel weights."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from samplings.arguments import choice_argument, integer_argument, positive_argument
from samplings.base import FloatArray, Sampling, freeze
from samplings.graph import SphericalGraph
from samplings.kernel_width import kernel_width
from samplings.neighbours import nearest_neighbours

DISTANCES = ("chordal", "geodesic")
SYMMETRIZATIONS = ("average", "union")
DEFAULT_WEIGHTING = "heat"


def knn_graph(
    sampling: Sampling,
    k: int,
    t: float | None = None,
    distance: str = "chordal",
    symmetrize: str = "average",
    *,
    weighting: str = DEFAULT_WEIGHTING,
    connect: bool = True,
) -> SphericalGraph:
    r"""Link each vertex to its ``k`` nearest ones with heat-kernel weights.

    .. math:: w_{ij} = e^{-d_{ij}^2 / 4t}, \quad j \text{ among the nearest of } i

    Parameters
    ----------
    sampling
        Where the vertices are.
    k
        Minimum number of neighbours. Vertices tied with the k-th are linked too, so
        that the graph has every symmetry of the sampling.
    t
        Width of the kernel in squared radian; by default
        :func:`samplings.kernel_width`.
    distance
        ``"chordal"``, :math:`\|x_i - x_j\|`, as published; or ``"geodesic"``, the
        angle between the two.
    symmetrize
        What becomes of a link that only one end has: ``"average"`` of the two
        directions, as published (such a link gets half its weight), or ``"union"``
        (it gets all of it).

    Returns
    -------
    SphericalGraph
        Symmetric graph. A link so long that its weight underflows to zero is dropped.

    Raises
    ------
    TypeError
        If ``k`` is not an integer or ``t`` not a number.
    ValueError
        If ``k < 1``, ``k >= V``, ``t`` is not positive and finite, two vertices
        coincide, or an option has another value than those above.

    Warns
    -----
    DisconnectedGraphWarning
        If the graph has more than one connected component.

    Notes
    -----
    Source: Defferrard et al. 2020, arXiv:2012.15000, section 3.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> graph = knn_graph(HEALPix(4), k=8)
    >>> graph.name, graph.adjacency.shape, graph.n_components
    ('healpix-4-k8', (192, 192), 1)
    """
    choice_argument("distance", distance, DISTANCES)
    choice_argument("symmetrize", symmetrize, SYMMETRIZATIONS)
    k = integer_argument("k", k, 1)
    if t is not None:
        t = positive_argument("t", t, "leave it out for the default width")
    weights = nearest_neighbours(sampling.xyz, k)
    if distance == "geodesic":
        weights.data = _geodesic(weights.data)
    if t is None:
        mean = float(np.dot(weights.data, weights.data) / weights.nnz)
        t = kernel_width(sampling, k, mean)
    _heat_kernel(weights.data, t)
    if symmetrize == "average":
        weights = sp.csr_array(weights + weights.T)
        weights.data *= 0.5
    else:
        weights = sp.csr_array(weights.maximum(weights.T))
    weights.sort_indices()
    freeze(weights)
    return SphericalGraph(sampling, weights, k, t, distance, symmetrize)


def _geodesic(chord: FloatArray) -> FloatArray:
    """Angle subtended by a chord; round-off may carry an antipodal one beyond 2."""
    half = np.minimum(chord, 2.0)
    half /= 2
    np.arcsin(half, out=half)
    half *= 2
    return half


def _heat_kernel(distance: FloatArray, t: float) -> None:
    """Turn distances into weights in place: at 10^8 edges a copy is a gigabyte."""
    np.square(distance, out=distance)
    distance /= -4 * t
    np.exp(distance, out=distance)
