"""Graphs and edge weights of the spherical Delaunay triangulation."""

from __future__ import annotations

import math

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from samplings.arguments import sampling_argument
from samplings.arrays import freeze, read_only
from samplings.base import Sampling, whole_sampling
from samplings.graphs.edge_weights import EdgeWeights
from samplings.graphs.finite_elements import finite_elements
from samplings.graphs.graph import SphericalGraph
from samplings.graphs.weightings import (
    OF_TRIANGULATIONS,
    FiniteVolume,
    Weighting,
    weighting_argument,
)
from samplings.tessellation.finite_volumes import sides_over_chords


def delaunay_graph(
    sampling: Sampling, weighting: str | Weighting = "finite-volume"
) -> SphericalGraph:
    r"""Link the vertices whose Voronoi cells share a side, some six links per vertex.

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
        one circle, or two within about 1e-7 rad.

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


def delaunay_weights(
    sampling: Sampling, weighting: str | Weighting = "finite-volume"
) -> EdgeWeights:
    r"""Weigh the edges of the spherical Delaunay triangulation.

    With the areas of the cells as masses M, :math:`M^{-1}(D - S)` approximates the
    Laplacian of the sphere, :math:`\mu_l \approx l (l + 1)` for :math:`l^2 \ll V`.

    Parameters
    ----------
    sampling
        The vertices. A part of a sampling has the weights of the whole between its
        vertices: nothing flows across its border.
    weighting
        :class:`samplings.FiniteVolume`, :class:`samplings.Cotangent`, or the name of
        one. They differ by the curvature of a cell.

    Returns
    -------
    EdgeWeights
        Positive weights, no width (NaN), and the areas of the cells over their mean.

    Raises
    ------
    ValueError
        If ``weighting`` is not one of these; if the points (of the whole sampling) have
        no Delaunay triangulation: fewer than four, all on one circle, or two within
        about 1e-7 rad.

    Notes
    -----
    Diagonals of cells whose corners lie on one circle have no weight, so that the
    weights have every symmetry of the sampling. Where all points lie in a hemisphere,
    finite volumes include the long sides of cells at the rim that reach around the
    sphere. Cotangents leave out triangles there, which do not follow the sphere, and
    links whose weight would become negative.

    Examples
    --------
    >>> from samplings import Icosahedral
    >>> weights = delaunay_weights(Icosahedral(2))
    >>> weights.adjacency.nnz // 2, round(float(weights.mass.mean()), 12)
    (480, 1.0)
    """
    kind = weighting_argument(weighting, OF_TRIANGULATIONS)
    whole, index = whole_sampling(sampling_argument("sampling", sampling))
    if isinstance(kind, FiniteVolume):
        extent = math.pi if kind.extent is None else kind.extent
        links = sides_over_chords(whole.xyz, extent)
    else:
        links = finite_elements(whole).adjacency
    if whole is not sampling:
        links = sp.csr_array(links[index][:, index])
        # A part may have its vertices in any order.
        links.sort_indices()
    mass = sampling.weights / sampling.weights.mean()
    return EdgeWeights(freeze(sp.csr_array(links)), math.nan, read_only(mass))
