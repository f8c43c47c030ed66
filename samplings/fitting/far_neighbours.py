"""Long links around vertices in dense places."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.spatial import cKDTree

from samplings.arrays import FloatArray, IntArray
from samplings.base import Sampling
from samplings.fitting.pattern import add_links
from samplings.fitting.uneven import core, is_uneven

# Length of the links, in spacings of even points with cells as large as the one that
# contains a random place; and the number of directions.
LENGTH = 1.5
DIRECTIONS = 8
# Largest distance of a vertex from the place aimed at, as a share of the length.
ASIDE = 1.0


def reach_out(sampling: Sampling, pattern: sp.csr_array) -> tuple[sp.csr_array, int]:
    r"""Add long links around dense places; return chords and number of edges added.

    With positive weights the symbol of a row follows from the lengths of its links:
    :math:`4 (1 - J_0(l r)) / r^2` for links of length r all around. Rows of short links
    cannot have the symbol of those at sea, whatever their weights. So each vertex of
    the core (the fewest that cover 95 % of the area) whose links are shorter than

    .. math:: r = 1.5 \sqrt{\textstyle\sum_i a_i^2 / \sum_i a_i}

    is linked to the vertices nearest to eight places at that distance all around, if
    they are within r of them. The core is small (3,730 of 50,230 weather stations), and
    so is the number of links. Samplings without dense places keep their ``pattern``,
    the chords ``(V, V)`` to the neighbours of each vertex. Source: this library.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> from samplings.points.neighbours import nearest_neighbours
    >>> sphere = HEALPix(4)
    >>> reach_out(sphere, nearest_neighbours(sphere.xyz, 8))[1]
    0
    """
    areas, xyz = sampling.weights, sampling.xyz
    if not is_uneven(sampling):
        return pattern, 0
    angle = min(LENGTH * float(np.sqrt(areas @ areas / areas.sum())), np.pi / 2)
    start, end = _nearest_around(xyz, np.flatnonzero(core(areas)), angle)
    length = np.linalg.norm(xyz[start] - xyz[end], axis=1)
    # A pair may be found from both ends, or twice from one: maxima, not sums.
    low, high = np.minimum(start, end), np.maximum(start, end)
    _, once = np.unique(low * len(xyz) + high, return_index=True)
    return add_links(pattern, low[once], high[once], length[once])


def _nearest_around(
    xyz: FloatArray, centres: IntArray, angle: float
) -> tuple[IntArray, IntArray]:
    """Return pairs of centres and vertices nearest to places at an angle from them."""
    normal = xyz[centres]
    axis = np.eye(3)[np.abs(normal).argmin(axis=1)]
    east = np.cross(axis, normal)
    east /= np.linalg.norm(east, axis=1)[:, None]
    north = np.cross(normal, east)
    bearing = np.arange(DIRECTIONS)[:, None, None] * (2 * np.pi / DIRECTIONS)
    aims = np.cos(angle) * normal + np.sin(angle) * (
        np.cos(bearing) * east + np.sin(bearing) * north
    )
    distance, nearest = cKDTree(xyz).query(aims)
    nearest = np.asarray(nearest, dtype=np.int64)
    start = np.broadcast_to(centres, nearest.shape)
    found = (distance <= 2 * np.sin(ASIDE * angle / 2)) & (nearest != start)
    return start[found], nearest[found]
