"""Weights of the edges of the Delaunay triangulation: neighbours without a number k."""

from __future__ import annotations

import math

import scipy.sparse as sp

from samplings.arrays import freeze, read_only
from samplings.base import Sampling, whole_sampling
from samplings.graphs.edge_weights import EdgeWeights
from samplings.graphs.finite_elements import finite_elements
from samplings.graphs.weightings import (
    OF_TRIANGULATIONS,
    FiniteVolume,
    Weighting,
    weighting_argument,
)
from samplings.tessellation.finite_volumes import sides_over_chords


def delaunay_weights(
    sampling: Sampling, weighting: str | Weighting = "finite-volume"
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
        no Delaunay triangulation: fewer than four, all on one circle, or some less than
        1e-7 rad or so apart.

    Notes
    -----
    Diagonals of cells whose corners lie on one circle have no weight, so that the
    weights have every symmetry of the sampling. Where all points lie in a hemisphere
    the cells at the rim reach round the sphere, and sides between them are long, as
    finite volumes want; triangles there do not follow the sphere and are left out of
    the cotangents, with those links whose weight gets negative by that.

    Examples
    --------
    >>> from samplings import Icosahedral
    >>> weights = delaunay_weights(Icosahedral(2))
    >>> weights.adjacency.nnz // 2, round(float(weights.mass.mean()), 12)
    (480, 1.0)
    """
    kind = weighting_argument(weighting, OF_TRIANGULATIONS)
    whole, index = whole_sampling(sampling)
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
