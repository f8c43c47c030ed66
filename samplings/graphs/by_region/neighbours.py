"""Nearest neighbours of some vertices of a sampling, searched for around them alone."""

from __future__ import annotations

import math
from collections.abc import Iterator

import healpy
import numpy as np
import scipy.sparse as sp
from scipy.spatial import cKDTree

from samplings.arrays import IntArray
from samplings.base import Sampling
from samplings.points.neighbours import TIE_TOLERANCE, nearest_of
from samplings.schemes.healpix import HEALPix

# Vertices that are looked at together: their positions take 6 MB.
CHUNK = 1 << 18
# Pixels of nested HEALPix are looked at 16 x 16 at a time, and so are these.
RATIO = 16


def neighbours_of(sampling: Sampling, vertices: IntArray, k: int) -> sp.csr_array:
    """Return the rows of :func:`nearest_neighbours` of some ascending vertices.

    They are searched for among the vertices of the sampling within a radius around any
    of these, which grows until it holds all that were found. Positions of other
    vertices are computed a chunk at a time by nested HEALPix; other samplings hold
    them.

    Returns
    -------
    scipy.sparse.csr_array
        Chords, shape ``(len(vertices), V)``.

    Raises
    ------
    ValueError
        If two of the vertices around them coincide.
    """
    n = len(sampling)
    if not len(vertices):
        return sp.csr_array((0, n))
    tree = cKDTree(sampling.positions(vertices), balanced_tree=False)
    area = 4 * math.pi if isinstance(sampling, HEALPix) else sampling.area
    # A disc of k cells has a radius of .56 sqrt(k) spacings.
    radius = 2 * math.sqrt(k * area / n)
    while True:
        near = _near(sampling, tree, radius)
        if len(near) > k:
            place = np.searchsorted(near, vertices)
            links = nearest_of(sampling.positions(near), place, k)
            # Twice the tolerance, as ties with the longest may lie beyond it.
            if links.data.max() * (1 + 2 * TIE_TOLERANCE) < radius or len(near) == n:
                break
        radius *= 2
    kind = np.int32 if n < 2**31 else np.int64
    parts = links.data, near[links.indices].astype(kind), links.indptr
    return sp.csr_array(parts, shape=(len(vertices), n))


def _near(sampling: Sampling, tree: cKDTree, chord: float) -> IntArray:
    """Return the vertices within a chord of the points of a tree, ascending."""
    found = [
        some[
            np.isfinite(
                tree.query(sampling.positions(some), distance_upper_bound=chord)[0]
            )
        ]
        for some in _looked_at(sampling, tree, chord)
    ]
    return np.concatenate(found)


def _looked_at(sampling: Sampling, tree: cKDTree, chord: float) -> Iterator[IntArray]:
    """Yield ascending vertices that include all within a chord of a tree."""
    if isinstance(sampling, HEALPix) and sampling.nest and sampling.nside > RATIO:
        cells = HEALPix(sampling.nside // RATIO, nest=True)
        # No centre of a pixel is farther from that of its cell than the corners are.
        radius = 1.01 * healpy.max_pixrad(cells.nside)
        chosen = _near(cells, tree, chord + 2 * math.sin(radius / 2))
        children = np.arange(RATIO * RATIO)
        step = CHUNK // len(children)
        for first in range(0, len(chosen), step):
            cell = chosen[first : first + step]
            yield (cell[:, None] * len(children) + children).ravel()
    else:
        for first in range(0, len(sampling), CHUNK):
            yield np.arange(first, min(first + CHUNK, len(sampling)))
