"""Edges of triangles, and how neighbours share them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samplings.arrays import IntArray


@dataclass(frozen=True)
class Edges:
    """The directed edges of all triangles.

    Attributes
    ----------
    start, end
        Vertices that each edge goes from and to, shape ``(3 F,)``.
    face
        The triangle of each edge, shape ``(3 F,)``.
    shared
        Pairs of edges that are all the edges between their two vertices, ``(n, 2)``.
    single
        Edges without any other between their vertices: the boundary, ``(m,)``.
    """

    start: IntArray
    end: IntArray
    face: IntArray
    shared: IntArray
    single: IntArray

    @property
    def alike(self) -> npt.NDArray[np.bool_]:
        """Whether shared edges run the same way in both triangles, ``(n,)``.

        If so, one of the triangles faces the other side of the surface.
        """
        first, second = self.shared.T
        alike: npt.NDArray[np.bool_] = self.start[first] == self.start[second]
        return alike


def edges_of(faces: IntArray) -> Edges:
    """Return the edges of triangles whose three corners differ."""
    start = faces.ravel()
    end = np.roll(faces, -1, axis=1).ravel()
    face = np.repeat(np.arange(len(faces)), 3)
    # One number for each pair of vertices.
    pair = np.minimum(start, end) * (int(faces.max()) + 1) + np.maximum(start, end)
    order = np.argsort(pair, kind="stable")
    ranked = pair[order]
    first = np.flatnonzero(np.diff(ranked, prepend=-1))
    count = np.diff(first, append=len(ranked))
    double, single = first[count == 2], first[count == 1]
    shared = np.stack([order[double], order[double + 1]], axis=1)
    return Edges(start, end, face, shared, order[single])
