"""Weights of the edges of the Delaunay triangulation: neighbours without a number k."""

from __future__ import annotations

import math

import numpy as np
import scipy.sparse as sp

from samplings.arguments import choice_argument
from samplings.base import Sampling, freeze, read_only
from samplings.delaunay import whole_sampling
from samplings.edge_weights import EdgeWeights
from samplings.finite_elements import finite_elements
from samplings.hull import convex_hull, delaunay_edges
from samplings.weightings import WEIGHTINGS


def delaunay_weights(
    sampling: Sampling, weighting: str = "finite-volume"
) -> EdgeWeights:
    r"""Give weights to the edges of the spherical Delaunay triangulation.

    With the areas of the cells as masses M, :math:`M^{-1}(D - S)` approximates the
    Laplacian of the sphere, :math:`\mu_l \approx l (l + 1)` for :math:`l^2 \ll V`.

    Parameters
    ----------
    sampling
        Where the vertices are. For a part of a sampling the weights are those of the
        whole between vertices of the part: nothing flows through the sides that its
        cells have in common with missing ones.
    weighting
        ``"finite-volume"``: length of the side that the Voronoi cells of i and j share
        over the chord between i and j, in radian; or ``"cotangent"``:
        :math:`\tfrac12 (\cot\alpha + \cot\beta)`, with the angles opposite to the edge
        in the two flat triangles beside it. They differ by the curvature of a cell.

    Returns
    -------
    EdgeWeights
        Positive weights, no width (NaN), and the areas of the cells over their mean.

    Raises
    ------
    ValueError
        If ``weighting`` is another, or if the points (of the whole sampling) have no
        Delaunay triangulation: fewer than four, all on one circle, or some less than
        1e-7 rad or so apart.

    Notes
    -----
    Diagonals of cells whose corners lie on one circle have no weight, so that the
    weights have every symmetry of the sampling. Where all points lie in a hemisphere
    the cells at the rim reach round the sphere, and sides between them are long, as
    finite volumes want; triangles there do not follow the sphere and are left out of
    the cotangents, with those links whose weight gets negative by that.

    Sources: :data:`samplings.WEIGHTINGS`.

    Examples
    --------
    >>> from samplings import Icosahedral
    >>> weights = delaunay_weights(Icosahedral(2))
    >>> weights.adjacency.nnz // 2, round(float(weights.mass.mean()), 12)
    (480, 1.0)
    """
    choices = [
        kind.name for kind in WEIGHTINGS.values() if kind.pattern != "neighbours"
    ]
    choice_argument("weighting", weighting, tuple(choices))
    whole, index = whole_sampling(sampling)
    if weighting == "cotangent":
        links = finite_elements(whole).adjacency
    else:
        links = _sides_over_chords(whole)
    if len(index) < len(whole):
        links = links[index][:, index]
    mass = sampling.weights / sampling.weights.mean()
    return EdgeWeights(freeze(sp.csr_array(links)), math.nan, read_only(mass))


def _sides_over_chords(sampling: Sampling) -> sp.csr_array:
    """Lengths of the sides of Voronoi cells over the chords across them."""
    n, xyz = len(sampling), sampling.xyz
    hull = convex_hull(xyz, "Voronoi cells", "add points")
    edges = delaunay_edges(xyz, hull.faces)
    # The face left of (i, j) has the directed edge i -> j, the one right of it j -> i.
    start, end = hull.faces.ravel(), np.roll(hull.faces, -1, axis=1).ravel()
    directed = start * n + end
    order = np.argsort(directed)
    low, high = edges.T
    left, right = (
        hull.centres[order[np.searchsorted(directed, key, sorter=order)] // 3]
        for key in (low * n + high, high * n + low)
    )
    side = 2 * np.arctan2(
        np.linalg.norm(left - right, axis=1), np.linalg.norm(left + right, axis=1)
    )
    weights = side / np.linalg.norm(xyz[low] - xyz[high], axis=1)
    both = np.concatenate([edges, edges[:, ::-1]])
    return sp.csr_array((np.tile(weights, 2), both.T), shape=(n, n))
