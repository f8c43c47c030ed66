"""Holes of three or four edges in a surface, filled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.meshes.edges import edges_of
from samplings.arrays import IntArray


def filled_faces(faces: IntArray) -> IntArray:
    """Add triangles that close holes of three or four edges.

    A triangle or quadrilateral by itself has such a boundary too, but is not a hole:
    each edge of a hole belongs to another triangle.
    """
    edges = edges_of(faces)
    boundary = edges.single
    if len(boundary) < 3:
        return faces
    start, end = edges.start[boundary], edges.end[boundary]
    n = int(faces.max()) + 1
    # Where the boundary goes on from a vertex, if there is one way; n stands for none.
    one = np.bincount(start, minlength=n)[start] == 1
    following, owner = np.full(n + 1, n), np.full(n + 1, -1)
    following[start[one]] = end[one]
    owner[start[one]] = edges.face[boundary[one]]
    a = np.flatnonzero(following[:n] < n)
    b = following[a]
    c = following[b]
    d = following[c]
    # Each loop is taken at its lowest vertex.
    three = (d == a) & (a < np.minimum(b, c)) & (c < n)
    four = (following[d] == a) & (a < np.minimum(np.minimum(b, c), d)) & (d < n)
    threes = np.stack([a, b, c], axis=1)[three]
    fours = np.stack([a, b, c, d], axis=1)[four]
    threes, fours = (loops[_all_differ(owner[loops])] for loops in (threes, fours))
    # The other way round than the boundary, as neighbours run.
    added = [threes[:, ::-1], fours[:, [2, 1, 0]], fours[:, [3, 2, 0]]]
    return np.concatenate([faces, *added])


def _all_differ(rows: IntArray) -> npt.NDArray[np.bool_]:
    """Whether all numbers of a row differ."""
    differ = np.diff(np.sort(rows, axis=1), axis=1) > 0
    return np.asarray(differ.all(axis=1))
