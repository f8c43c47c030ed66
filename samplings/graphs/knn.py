"""Graphs of nearest neighbours."""

from __future__ import annotations

from collections.abc import Callable

import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from samplings.arguments import flag_argument, integer_argument, sampling_argument
from samplings.base import Masked, Sampling
from samplings.fitting.far_neighbours import reach_out
from samplings.fitting.natural_neighbours import surround
from samplings.graphs.edge_weights import weigh
from samplings.graphs.graph import SphericalGraph
from samplings.graphs.pieces import connect as connect_pieces
from samplings.graphs.weightings import (
    OF_NEIGHBOURS,
    Fitted,
    Weighting,
    weighting_argument,
)
from samplings.points.neighbours import nearest_neighbours

#: Edge weights of the lowest equivariance error for their number of links.
DEFAULT_WEIGHTING = "fitted"


def knn_graph(
    sampling: Sampling,
    k: int,
    weighting: str | Weighting = DEFAULT_WEIGHTING,
    *,
    connect: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> SphericalGraph:
    r"""Link each vertex to its ``k`` nearest ones.

    Parameters
    ----------
    sampling
        The vertices.
    k
        Minimum number of neighbours. Vertices tied with the k-th are linked too, so
        that the graph has every symmetry of the sampling.
    weighting
        One of :data:`samplings.WEIGHTINGS` with its options, such as ``Heat(t=0.01)``,
        or its name for the default ones. ``"fitted"`` has the lowest equivariance
        error; the DeepSphere papers use ``"heat"``, :math:`e^{-d_{ij}^2 / 4t}`.
    connect
        Whether to add edges of the spherical Delaunay triangulation where the nearest
        neighbours are not enough: to join pieces of uneven samplings, and, for fitted
        weights, to surround scattered points, whose nearest neighbours may all lie on
        one side. Where scattered points are dense in places, fitted weights also get
        long links (:mod:`samplings.fitting.far_neighbours`) and drop near ones that
        they do not need; ``n_joined`` and ``n_edges`` count them. Pieces of a masked
        sampling that are apart on the whole one stay apart, with a note.
    progress
        Called in fits, as in :func:`samplings.fit_weights`.

    Returns
    -------
    SphericalGraph
        Symmetric graph.

    Raises
    ------
    TypeError
        If ``sampling`` is not a sampling or ``k`` not an integer.
    ValueError
        If ``k < 1``, ``k >= V``, two vertices coincide, or the weighting is unknown or
        one of triangulations.

    Warns
    -----
    DisconnectedGraphWarning
        With ``connect=False``, if the graph has more than one component.

    Notes
    -----
    Source: Defferrard et al. 2020, arXiv:2012.15000, section 3, for the graph and the
    heat kernel; other weightings name their own.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> graph = knn_graph(HEALPix(4), k=8)
    >>> graph.name, graph.adjacency.shape, graph.n_components
    ('healpix-4-k8', (192, 192), 1)
    """
    sampling = sampling_argument("sampling", sampling)
    k = integer_argument("k", k, 1)
    connect = flag_argument("connect", connect)
    # Before the neighbour search, which takes a while on millions of vertices.
    weighting = weighting_argument(weighting, OF_NEIGHBOURS)
    pattern = nearest_neighbours(sampling.xyz, k)
    n_joined = 0
    if connect:
        pattern, n_joined = connect_pieces(sampling, pattern)
        if isinstance(weighting, Fitted):
            pattern, n_around = surround(sampling, pattern)
            pattern, n_far = reach_out(sampling, pattern)
            n_joined += n_around + n_far
    weights = weigh(
        sampling, pattern, weighting, k=k, overwrite=True, progress=progress
    )
    options = weighting.config
    return SphericalGraph(
        sampling,
        weights.adjacency,
        k,
        weights.t,
        options.get("distance", "chordal"),
        options.get("symmetrize", "average"),
        weighting.name,
        weights.mass,
        n_joined,
        _note(sampling, weights.adjacency) if connect else "",
    )


def _note(sampling: Sampling, adjacency: sp.csr_array) -> str:
    """Remark on a masked sampling in pieces; others have been joined."""
    if not isinstance(sampling, Masked):
        return ""
    pieces, _ = connected_components(adjacency, directed=True, connection="strong")
    return f"the sampling is in {pieces} pieces" if pieces > 1 else ""
