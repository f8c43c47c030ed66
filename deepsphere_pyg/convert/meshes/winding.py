"""Triangles that all face the outside of their surface."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from deepsphere_pyg.convert.meshes.edges import edges_of
from deepsphere_pyg.convert.meshes.mesh import normal_vectors
from samplings.arrays import FloatArray, IntArray

# Volume, as a share of the 3/2nd power of the area, below which a piece is flat and has
# no inside; that of a ball is 0.094.
_FLAT = 1e-6


def outward_faces(points: FloatArray, faces: IntArray) -> IntArray:
    """Turn triangles round until neighbours agree and pieces enclose positive volumes.

    Triangles are neighbours if the edge between them has no third one. Of each piece,
    the fewest triangles are turned, and then all if its volume about its own centre is
    negative. Pieces with one side, as Möbius strips, stay as they are.
    """
    edges = edges_of(faces)
    first, second = edges.face[edges.shared].T
    n = len(faces)
    turned = faces
    if edges.alike.any():
        flip = _disagreeing(n, first, second, edges.alike)
        turned = np.where(flip[:, None], faces[:, ::-1], faces)
    _, piece = _pieces(n, first, second)
    inwards = _volumes(points, turned, piece) < -_FLAT * _areas(points, turned, piece)
    return np.where(inwards[piece][:, None], turned[:, ::-1], turned)


def _disagreeing(
    n: int, first: IntArray, second: IntArray, alike: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Return which triangles to turn so that neighbours agree."""
    # Each triangle stands twice, as it is and turned (+ n); those that agree are
    # linked. A surface of two sides becomes two pieces, of which the smaller part of
    # turned triangles is taken.
    other = np.where(alike, n, 0)
    count, piece = _pieces(
        2 * n,
        np.concatenate([first, first + n]),
        np.concatenate([second + other, second + n - other]),
    )
    turned = np.bincount(piece[n:], minlength=count)
    as_is, round_ = piece[:n], piece[n:]
    more = turned[as_is] > turned[round_]
    tie = (turned[as_is] == turned[round_]) & (as_is > round_)
    flip: npt.NDArray[np.bool_] = more | tie
    return flip


def _pieces(n: int, first: IntArray, second: IntArray) -> tuple[int, IntArray]:
    """Return the number of connected pieces, and the piece of each node."""
    links = sp.coo_array((np.ones(len(first), np.int8), (first, second)), (n, n))
    count, piece = connected_components(links, directed=False)
    return count, piece.astype(np.int64)


def _volumes(points: FloatArray, faces: IntArray, piece: IntArray) -> FloatArray:
    """Return the volume of each piece, seen from the mean of its triangles."""
    corners = points[faces]
    middle = corners.mean(axis=1)
    count = np.bincount(piece)
    centre = np.stack([np.bincount(piece, column) for column in middle.T], axis=1)
    apart = corners[:, 0] - (centre / count[:, None])[piece]
    normal = normal_vectors(points, faces)
    sixths = np.einsum("ij,ij->i", apart, normal)
    return np.bincount(piece, sixths).astype(np.float64) / 6


def _areas(points: FloatArray, faces: IntArray, piece: IntArray) -> FloatArray:
    """Return the 3/2nd power of the area of each piece."""
    areas = np.linalg.norm(normal_vectors(points, faces), axis=1) / 2
    return np.bincount(piece, areas).astype(np.float64) ** 1.5
