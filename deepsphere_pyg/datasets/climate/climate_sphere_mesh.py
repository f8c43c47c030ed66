"""The icosahedral mesh of ``climate_sphere_l5``: its order, and interpolation on it."""

from __future__ import annotations

import functools

import numpy as np
import scipy.sparse as sp
from scipy.spatial import cKDTree

from samplings import Icosahedral, Sampling
from samplings.arrays import FloatArray, IntArray

# Midpoints are ordered by their coordinates in this unit. The nearest of them to a
# tie of the rounding is 5e-13 away (level 5), a thousand times the round-off.
KEY_UNIT = 1e-8


@functools.cache
def file_order(level: int) -> IntArray:
    r"""Vertex of ``Icosahedral(level)`` that each place of the file's order stands for.

    The files list the 12 corners :math:`(\pm1, \pm\phi, 0)` and their cyclic
    permutations, then the midpoints of each subdivision, sorted by the bytes of their
    coordinates: those of the middle of the chord, rounded to 1e-8, as little-endian
    32-bit integers. The points are those of :class:`samplings.Icosahedral` in the same
    orientation; only the order differs.

    Parameters
    ----------
    level
        Number of subdivisions, 5 for the published data.

    Returns
    -------
    ndarray
        Permutation ``p`` of ``10 * 4**level + 2`` vertices: a file's value ``i`` is at
        ``Icosahedral(level).xyz[p[i]]``.

    Source: Jiang et al., Spherical CNNs on unstructured grids, ICLR 2019
    (arXiv:1901.02039): the mesh of their published code.

    Examples
    --------
    >>> order = file_order(1)
    >>> Icosahedral(1).xyz[order[:2]].round(2)
    array([[-0.53,  0.85,  0.  ],
           [ 0.53,  0.85,  0.  ]])
    """
    golden = (1 + 5**0.5) / 2
    flat = [(unit, long * golden, 0.0) for long in (1, -1) for unit in (-1, 1)]
    corners = [np.roll(point, shift) for shift in range(3) for point in flat]
    levels = [np.array(corners) / np.hypot(1, golden)]
    for coarse in range(level):
        mesh = Icosahedral(coarse)
        sides = np.sort(mesh.faces[:, [[0, 1], [1, 2], [2, 0]]], axis=2).reshape(-1, 2)
        first, second = np.unique(sides, axis=0).T
        chords = (mesh.xyz[first] + mesh.xyz[second]) / 2
        # A hair below, so that exact halves all go the same way; as in the files.
        keys = np.round(chords / KEY_UNIT - 1e-6).astype("<i4")
        octets = keys.view(np.uint8).reshape(len(keys), -1)
        chords = chords[np.lexsort(octets.T[::-1])]
        levels.append(chords / np.linalg.norm(chords, axis=1)[:, None])
    _, vertex = cKDTree(Icosahedral(level).xyz).query(np.concatenate(levels))
    order = np.asarray(vertex, dtype=np.int64)
    order.setflags(write=False)
    return order


def barycentric_matrix(mesh: Icosahedral, sampling: Sampling) -> sp.csr_array:
    r"""Linear interpolation on the triangles of a mesh.

    A vertex in the direction :math:`p = \sum_c \lambda_c x_c` of the triangle with
    corners :math:`x_c` gets :math:`\sum_c \lambda_c f_c / \sum_c \lambda_c`.

    Parameters
    ----------
    mesh
        Where signals are given.
    sampling
        Where they are wanted.

    Returns
    -------
    csr_array
        Weights, shape ``(len(sampling), len(mesh))``, not negative; rows sum to one.

    Examples
    --------
    >>> matrix = barycentric_matrix(Icosahedral(1), Icosahedral(0))
    >>> bool(np.allclose((matrix @ Icosahedral(1).xyz), Icosahedral(0).xyz))
    True
    """
    corners = mesh.xyz[mesh.faces]
    # The triangle that holds a point is among those at its nearest vertices.
    around = _faces_around(mesh)
    _, near = cKDTree(mesh.xyz).query(sampling.xyz, k=3)
    candidates = around[near].reshape(len(sampling), -1)
    best = np.full(len(sampling), -np.inf)
    face = np.zeros(len(sampling), dtype=np.int64)
    shares = np.zeros((len(sampling), 3))
    for candidate in candidates.T:
        coordinates = _barycentric(corners[candidate], sampling.xyz)
        lowest = coordinates.min(axis=1)
        better = lowest > best
        best[better], face[better] = lowest[better], candidate[better]
        shares[better] = coordinates[better]
    shares = np.clip(shares, 0, None)
    shares /= shares.sum(axis=1)[:, None]
    rows = np.repeat(np.arange(len(sampling)), 3)
    matrix = sp.csr_array(
        (shares.ravel(), (rows, mesh.faces[face].ravel())),
        shape=(len(sampling), len(mesh)),
    )
    matrix.eliminate_zeros()
    return matrix


def _faces_around(mesh: Icosahedral) -> IntArray:
    """Faces at each vertex, shape ``(V, 6)``; a corner of five repeats its first."""
    vertex = mesh.faces.ravel()
    order = np.argsort(vertex, kind="stable")
    count = np.bincount(vertex, minlength=len(mesh))
    start = np.cumsum(count) - count
    slot = np.arange(6)[None, :] % count[:, None]
    return order[start[:, None] + slot] // 3


def _barycentric(corners: FloatArray, xyz: FloatArray) -> FloatArray:
    """Coefficients of points in the basis of three corners, shape ``(N, 3)``."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    sides = np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)], axis=1)
    volume = np.einsum("nk,nk->n", a, sides[:, 0])
    return np.asarray(np.einsum("nck,nk->nc", sides, xyz) / volume[:, None])
