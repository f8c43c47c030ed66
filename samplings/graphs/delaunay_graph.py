"""Graphs of the spherical Delaunay triangulation."""

from __future__ import annotations

import math

import numpy as np
from scipy.sparse.csgraph import connected_components

from samplings.arguments import sampling_argument
from samplings.base import Sampling
from samplings.graphs.delaunay_weights import delaunay_weights
from samplings.graphs.graph import SphericalGraph
from samplings.graphs.weightings import OF_TRIANGULATIONS, Weighting, weighting_argument


def delaunay_graph(
    sampling: Sampling, weighting: str | Weighting = "finite-volume"
) -> SphericalGraph:
    r"""Link the vertices whose Voronoi cells share a side, some six links a vertex.

    :math:`M^{-1}(D - A)` is the Laplacian of linear finite elements or of finite
    volumes, of eigenvalues :math:`l(l+1)` in the limit of many vertices.

    Parameters
    ----------
    sampling
        The vertices.
    weighting
        :class:`samplings.FiniteVolume`, :class:`samplings.Cotangent`, or the name of
        one.

    Returns
    -------
    SphericalGraph
        Connected, except for a part of a sampling in pieces, or points farther apart
        than the extent of finite volumes (see its note); ``k`` is the smallest number
        of links of a vertex.

    Raises
    ------
    TypeError
        If ``sampling`` is not a sampling.
    ValueError
        If ``weighting`` is not one of these, if there is a single vertex, or if the
        points (of the whole sampling) have no triangulation: fewer than four, all on
        one circle, or some within some 1e-7 rad.

    Examples
    --------
    >>> from samplings import Icosahedral
    >>> delaunay_graph(Icosahedral(2))
    SphericalGraph(icosahedral-2-k5, finite-volume) with 162 vertices and 480 edges
    """
    sampling = sampling_argument("sampling", sampling)
    if len(sampling) == 1:
        raise ValueError(
            "a graph needs at least two vertices, got a single one; keep more"
        )
    kind = weighting_argument(weighting, OF_TRIANGULATIONS)
    weights = delaunay_weights(sampling, kind)
    adjacency = weights.adjacency
    pieces, _ = connected_components(adjacency, directed=True, connection="strong")
    return SphericalGraph(
        sampling,
        adjacency,
        int(np.diff(adjacency.indptr).min()),
        math.nan,
        weighting=kind.name,
        mass=weights.mass,
        note=f"the sampling is in {pieces} pieces" if pieces > 1 else "",
    )
