"""HEALPix pixels by the corner of a coarse pixel that they are closest to."""

from __future__ import annotations

import healpy
import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from samplings import Coarsening, HEALPix
from samplings.arrays import FloatArray, IntArray
from samplings.base import whole_sampling


def corner_shares(coarsening: Coarsening) -> sp.csr_array:
    """Return windows around the corners of coarse pixels, ``(12 n**2 + 2, V)``.

    Corners that lie away from a part of the sphere have empty rows.

    Raises
    ------
    ValueError
        If the samplings are not HEALPix, or an odd number of fine pixels is on a side
        of a coarse one.
    """
    fine, index = whole_sampling(coarsening.fine)
    coarse, _ = whole_sampling(coarsening.coarse)
    if not isinstance(fine, HEALPix) or not isinstance(coarse, HEALPix):
        raise ValueError(
            "shifted windows must be of HEALPix, whose pixels are on a grid, got "
            f"{coarsening.fine!r}; alternate the windows of two coarsenings instead, "
            "such as Transfer.conservative(fine, coarse).coarsening() to two samplings"
        )
    side = fine.nside // coarse.nside
    if side % 2:
        raise ValueError(
            "shifted windows must have an even number of pixels on a side, got "
            f"{side} from nside {fine.nside} to {coarse.nside}; use a coarse nside "
            f"that divides {fine.nside} by an even number"
        )
    window = _corner_of_quarter(coarse)[_quarters(fine, coarse)[index]]
    entries = (np.ones(len(index)), (window, np.arange(len(index))))
    return sp.csr_array(entries, shape=(len(coarse) + 2, len(index)))


def _quarters(fine: HEALPix, coarse: HEALPix) -> IntArray:
    """Return the quarter of a coarse pixel that holds each fine pixel, ``(V,)``."""
    quarters = HEALPix(2 * coarse.nside, coarse.nest)
    parents = fine.parents_in(quarters)
    if parents is None:
        raise ValueError(f"the pixels of {fine!r} must nest in those of {coarse!r}")
    return parents


def _corner_of_quarter(coarse: HEALPix) -> IntArray:
    """Return the number of the corner at which each quarter of a pixel lies."""
    n = len(coarse)
    corners = healpy.boundaries(coarse.nside, np.arange(n), 1, coarse.nest)
    corners = np.swapaxes(corners, 1, 2)
    number = _numbers(corners.reshape(-1, 3), 0.01 / coarse.nside).reshape(n, 4)
    quarters = HEALPix(2 * coarse.nside, coarse.nest)
    parents = quarters.parents_in(coarse)
    near = np.einsum("vi,vci->vc", quarters.xyz, corners[parents]).argmax(axis=1)
    return np.asarray(number[parents, near])


def _numbers(points: FloatArray, apart: float) -> IntArray:
    """Return equal numbers for points that are not further apart than an angle."""
    pairs = cKDTree(points).query_pairs(apart, output_type="ndarray")
    links = (np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1]))
    graph = sp.csr_array(links, shape=(len(points),) * 2)
    return np.asarray(connected_components(graph, directed=False)[1])
