"""Orbits of vertices and edges under the symmetries of a sampling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.spatial import cKDTree

from samplings.arrays import FloatArray, IntArray, ReadOnly
from samplings.base import Sampling

# Images of points under a symmetry are off by round-off, some 1e-15; other points by
# far more than this.
SAME_PLACE = 1e-11
# A generic direction, along which different points have different coordinates.
DIRECTION = (0.5381829, 0.7254613, 0.4291707)


@dataclass(frozen=True, eq=False)
class Orbits(ReadOnly):
    """Classes that symmetries permute: members, with labels 0, 1, ..., and classes.

    ``label`` is the class of each member, in order of first appearance; ``first`` and
    ``size`` are the first member of each class and the number of its members.
    """

    label: IntArray
    first: IntArray
    size: IntArray

    def __len__(self) -> int:
        return len(self.first)


def vertex_permutations(sampling: Sampling) -> list[IntArray]:
    """Return the vertex to which each symmetry takes each vertex, ``(V,)`` each."""
    permutations = []
    for number, matrix in enumerate(sampling.symmetries):
        permutation = _match(sampling.xyz @ np.asarray(matrix).T, sampling.xyz)
        if permutation is None or not np.allclose(
            sampling.weights[permutation], sampling.weights, rtol=1e-9, atol=0
        ):
            raise ValueError(
                f"symmetry {number} of {sampling!r} does not map its vertices onto "
                "vertices of the same area; correct its `symmetries`"
            )
        permutations.append(permutation)
    return permutations


def edge_permutation(
    permutation: IntArray, low: IntArray, high: IntArray
) -> IntArray | None:
    """Return the edge to which a permutation of vertices takes each edge, or None.

    Edges ``low < high`` must be sorted by ``(low, high)``. None means that the image of
    an edge is not an edge: the pattern lacks the symmetry.
    """
    n = len(permutation)
    key = low.astype(np.int64) * n + high
    a, b = permutation[low], permutation[high]
    image = np.minimum(a, b) * n + np.maximum(a, b)
    order = np.argsort(image, kind="stable")
    if not np.array_equal(image[order], key):
        return None
    # The edge whose image is the p-th key goes to edge p.
    moved = np.empty_like(order)
    moved[order] = np.arange(len(key))
    return moved


def orbits(n: int, permutations: list[IntArray]) -> Orbits:
    """Return the orbits of 0 ... n-1 under the group that permutations generate."""
    label = np.arange(n)
    while True:
        before = label
        for permutation in permutations:
            power = permutation
            step = label
            # After p rounds each has the least label of 2^p steps along its cycle: a
            # ring of a thousand meridians takes ten rounds.
            while True:
                lower = np.minimum(step, step[power])
                if np.array_equal(lower, step):
                    break
                step = lower
                power = power[power]
            label = step
        if np.array_equal(label, before):
            break
    first, renumbered, size = np.unique(label, return_inverse=True, return_counts=True)
    return Orbits(renumbered.astype(np.int64), first, size.astype(np.int64))


def commutes(matrix: sp.csr_array, permutation: IntArray) -> bool:
    """Whether a sparse matrix is invariant under a permutation of its vertices.

    The test is one random signal, permuted before and after: matrices that differ agree
    on a set of measure zero. Round-off of 1e-11 of the largest row is allowed.
    """
    signal = np.random.default_rng(0).uniform(1, 2, matrix.shape[0])
    image = matrix @ signal
    scale = float((abs(matrix) @ signal).max())
    moved = np.empty_like(signal)
    moved[permutation] = signal
    difference = (matrix @ moved)[permutation] - image
    return bool(np.abs(difference).max() <= 1e-11 * scale)


def _match(images: FloatArray, points: FloatArray) -> IntArray | None:
    """Return the point at each image, or None if the two sets differ.

    Images and points are sorted along a generic direction; the few that round-off
    exchanges are searched for.
    """
    direction = np.array(DIRECTION)
    match = np.empty(len(points), dtype=np.int64)
    match[np.argsort(images @ direction)] = np.argsort(points @ direction)
    missed = np.flatnonzero(np.abs(images - points[match]).max(axis=1) > SAME_PLACE)
    if len(missed):
        left = match[missed]
        answer = cKDTree(points[left]).query(images[missed])
        distance, nearest = np.asarray(answer[0]), np.asarray(answer[1])
        if distance.max() > 2 * SAME_PLACE:
            return None
        match[missed] = left[nearest]
        if len(np.unique(match)) < len(match):
            return None
    return match
