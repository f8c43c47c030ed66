"""Vertices within a disc about each vertex, in polar coordinates of its frame."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from samplings import Sampling
from samplings.arrays import FloatArray, IntArray
from samplings.base import whole_sampling

# Vertices on the border of a disc by symmetry differ from its radius by round-off.
TIE = 1e-9
# Closer than this, in radian, directions are undefined: at a pole, at the centre.
POINT = 1e-9


@dataclass(frozen=True)
class Discs:
    """The vertices in the discs about consecutive vertices, edge by edge.

    ``target`` counts from the first of these vertices. ``directed`` is False where
    there is no azimuth: at the centre, opposite of it, and in discs about a pole.
    """

    first: int
    n_targets: int
    target: IntArray
    source: IntArray
    angle: FloatArray
    azimuth: FloatArray
    directed: npt.NDArray[np.bool_]


def chord_of(angle: float) -> float:
    """Return the distance in space of two points that are an angle apart."""
    return 2 * math.sin(min(angle, math.pi) / 2)


def largest_spacing(sampling: Sampling) -> float:
    """Return the largest angle between a vertex and its nearest, masks left out."""
    xyz = whole_sampling(sampling)[0].xyz
    if len(xyz) < 2:
        raise ValueError(
            f"sampling must have at least two vertices, got {sampling!r}; use a finer "
            "sampling"
        )
    chords = np.asarray(cKDTree(xyz).query(xyz, k=2)[0])[:, 1]
    return 2 * math.asin(min(1.0, float(chords.max()) / 2))


def discs(
    sources: FloatArray, targets: FloatArray, cutoff: float, block: int
) -> Iterator[Discs]:
    """Yield the discs about the targets, some at a time.

    Parameters
    ----------
    sources, targets
        Unit vectors, shapes ``(V_in, 3)`` and ``(V_out, 3)``.
    cutoff
        Radius of the discs in radian, at most pi.
    block
        Approximate number of edges yielded at once.
    """
    tree = cKDTree(sources)
    # Wider than needed: angles decide, which are exact for small discs and large.
    radius = chord_of(cutoff) * (1 + 1e-6) + 1e-12
    counts = tree.query_ball_point(targets, radius, return_length=True)
    part = np.cumsum(counts, dtype=np.int64) // block
    starts = np.flatnonzero(np.diff(part, prepend=-1))
    for start, stop in zip(starts, [*starts[1:], len(targets)], strict=True):
        some = targets[start:stop]
        pairs = cKDTree(some).sparse_distance_matrix(
            tree, radius, output_type="ndarray"
        )
        # In an order that does not depend on the shape of the trees.
        order = np.lexsort((pairs["j"], pairs["i"]))
        target = pairs["i"][order].astype(np.int64)
        source = pairs["j"][order].astype(np.int64)
        angle, azimuth, directed = _polar(some, target, sources[source])
        keep = angle <= cutoff * (1 + TIE)
        yield Discs(
            int(start),
            len(some),
            target[keep],
            source[keep],
            np.minimum(angle[keep], cutoff),
            azimuth[keep],
            directed[keep],
        )


def _polar(
    centres: FloatArray, target: IntArray, points: FloatArray
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.bool_]]:
    """Return angles from the centres, azimuths from the south, and where there are."""
    x, y, z = centres.T
    level = np.hypot(x, y)
    at_pole = level < POINT
    # At a pole any frame serves, since its azimuths are not used.
    safe = np.where(at_pole, 1.0, level)
    cos, sin = np.where(at_pole, 1.0, x / safe), np.where(at_pole, 0.0, y / safe)
    south = np.stack([z * cos, z * sin, -level], axis=1)
    east = np.stack([-sin, cos, np.zeros_like(sin)], axis=1)
    along = np.einsum("ec,ec->e", points, south[target])
    across = np.einsum("ec,ec->e", points, east[target])
    up = np.einsum("ec,ec->e", points, centres[target])
    off = np.hypot(along, across)
    # Vertices at centres, or opposite of them, have one angle, not many of round-off.
    off = np.where(off > POINT, off, 0.0)
    directed = (off > 0) & ~at_pole[target]
    azimuth = np.where(directed, np.arctan2(across, along), 0.0)
    return np.arctan2(off, up), azimuth, directed
