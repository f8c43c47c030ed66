"""Weights of the edges of the Delaunay triangulation: neighbours without a number k."""

from __future__ import annotations

import math

import scipy.sparse as sp

from samplings.arguments import angle_argument, choice_argument
from samplings.arrays import freeze, read_only
from samplings.base import Sampling, whole_sampling
from samplings.graphs.edge_weights import EdgeWeights
from samplings.graphs.finite_elements import finite_elements
from samplings.graphs.weightings import WEIGHTINGS
from samplings.tessellation.finite_volumes import sides_over_chords


def delaunay_weights(
    sampling: Sampling, weighting: str = "finite-volume", extent: float | None = None
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
    extent
        Angle in radian up to which a cell reaches from its point, for finite volumes on
        stations of a region: what was given to :meth:`samplings.Irregular.from_xyz` for
        their areas. Cells share only the part of a side within it.

    Returns
    -------
    EdgeWeights
        Positive weights, no width (NaN), and the areas of the cells over their mean.

    Raises
    ------
    TypeError
        If ``extent`` is not a number.
    ValueError
        If ``weighting`` is another; if ``extent`` is not in (0, pi], or is given for
        cotangents; if the points (of the whole sampling) have no
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
    if extent is not None:
        extent = _checked_extent(extent, weighting)
    whole, index = whole_sampling(sampling)
    if weighting == "cotangent":
        links = finite_elements(whole).adjacency
    else:
        links = sides_over_chords(whole.xyz, math.pi if extent is None else extent)
    if whole is not sampling:
        links = sp.csr_array(links[index][:, index])
        # A part may have its vertices in any order.
        links.sort_indices()
    mass = sampling.weights / sampling.weights.mean()
    return EdgeWeights(freeze(sp.csr_array(links)), math.nan, read_only(mass))


def _checked_extent(extent: float, weighting: str) -> float:
    extent = angle_argument("extent", extent, "pass an angle in radian")
    if extent > math.pi:
        raise ValueError(
            f"extent must be an angle in radian, at most pi, got {extent}; "
            "convert degrees with numpy.deg2rad, divide kilometres by 6371"
        )
    if weighting == "cotangent":
        raise ValueError(
            "extent limits Voronoi cells, which cotangent weights have none of; "
            "leave it out, or use 'finite-volume'"
        )
    return extent
