"""Sides of Voronoi cells over the distances of the points on either side."""

from __future__ import annotations

import math

import numpy as np
import scipy.sparse as sp

from samplings.arrays import FloatArray
from samplings.tessellation.hull import convex_hull, delaunay_edges, values_of_edges


def sides_over_chords(xyz: FloatArray, extent: float = math.pi) -> sp.csr_array:
    """Return lengths of the sides of Voronoi cells over the chords across them.

    They are symmetric, positive, without sides of length zero, shape ``(V, V)``. A cell
    reaches up to the angle ``extent`` in radian from its point.
    """
    n = len(xyz)
    hull = convex_hull(xyz, "Voronoi cells", "add points")
    edges = delaunay_edges(xyz, hull.faces)
    # The face left of (i, j) has the directed edge i -> j, the one to the right j -> i.
    start, end = hull.faces.ravel(), np.roll(hull.faces, -1, axis=1).ravel()
    directed = start * n + end
    order = np.argsort(directed)
    low, high = edges.T
    left, right = (
        hull.centres[order[np.searchsorted(directed, key, sorter=order)] // 3]
        for key in (low * n + high, high * n + low)
    )
    across, middle = xyz[high] - xyz[low], xyz[high] + xyz[low]
    chord = np.linalg.norm(across, axis=1)
    if extent < math.pi:
        side = _sides_within(across, middle, left, right, extent)
    else:
        side = 2 * np.arctan2(
            np.linalg.norm(left - right, axis=1), np.linalg.norm(left + right, axis=1)
        )
    return values_of_edges(side / chord, edges, n)


def _sides_within(
    across: FloatArray,
    middle: FloatArray,
    left: FloatArray,
    right: FloatArray,
    extent: float,
) -> FloatArray:
    r"""Return lengths of the parts of sides within an angle of the adjacent points.

    At an angle s along the side from the midpoint of points d apart the distance r to
    both is :math:`\cos r = \cos s \cos(d/2)`.
    """
    along = np.cross(middle, across)
    along /= np.linalg.norm(along, axis=1)[:, None]
    half = np.linalg.norm(middle, axis=1) / 2  # cos(d/2)
    centre = middle / (2 * half)[:, None]
    first, last = (
        np.arctan2(
            np.einsum("ij,ij->i", point, along), np.einsum("ij,ij->i", point, centre)
        )
        for point in (right, left)
    )
    reach = np.arccos(np.clip(math.cos(extent) / half, -1, 1))
    side = np.minimum(last, reach) - np.maximum(first, -reach)
    # Sides through the point opposite to the midpoint, where s jumps from pi to -pi. As
    # all sides are shorter than pi, round-off in a short one is not mistaken for it.
    beyond = first - last > np.pi
    side[beyond] = np.maximum(reach - first, 0)[beyond]
    side[beyond] += np.maximum(last + reach, 0)[beyond]
    return np.asarray(np.maximum(side, 0))
