"""Linear weights on Delaunay triangles, and bilinear ones on HEALPix pixels."""

from __future__ import annotations

import healpy
import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.spatial import cKDTree

from samplings.arrays import IntArray
from samplings.base import Sampling
from samplings.schemes.healpix import HEALPix
from samplings.tessellation.cells import polygon_cells
from samplings.tessellation.hull import convex_hull
from samplings.transfer.limits import limiting_discs
from samplings.transfer.polygon_overlap import containing_cells

# Relative error of the areas of a whole sphere in files.
WHOLE = 1e-6


def pixel_weights(source: HEALPix, target: Sampling) -> sp.csr_array:
    """Return weights ``(V, V_source)`` of healpy's interpolation between 4 pixels."""
    pixels, weights = healpy.get_interp_weights(
        source.nside, target.theta, target.phi, nest=source.nest
    )
    rows = np.broadcast_to(np.arange(len(target)), pixels.shape)
    shape = (len(target), len(source))
    return weight_matrix(rows.ravel(), pixels.ravel(), weights.ravel(), shape)


def triangle_weights(source: Sampling, target: Sampling) -> sp.csr_array:
    """Return linear weights ``(V, V_source)`` on the flat triangle around each vertex.

    Vertices outside the cells of a source that covers a part of the sphere have no
    weights. Fewer than four points, or points on one circle, raise ``ValueError``.
    """
    hull = convex_hull(
        source.xyz,
        "linear interpolations between points",
        "regrid with method='conservative'",
    )
    vertex = np.flatnonzero(nearest_vertices(source, target) >= 0)
    corners = source.xyz[hull.faces]
    centres = corners.sum(axis=1)
    length = np.linalg.norm(centres, axis=1, keepdims=True)
    centres = np.where(length > 0, centres / np.where(length > 0, length, 1), 0.0)
    points = target.xyz[vertex]
    faces = polygon_cells(source.xyz, hull.faces)
    face = containing_cells(faces, points, centres)
    sides = np.swapaxes(corners[face], 1, 2)
    shares = np.linalg.solve(sides, points[..., None])[..., 0]
    # Round-off may put a vertex on a side slightly beyond it.
    shares = np.maximum(shares, 0.0)
    shares /= shares.sum(axis=1, keepdims=True)
    rows = np.repeat(vertex, 3)
    shape = (len(target), len(source))
    return weight_matrix(rows, hull.faces[face].ravel(), shares.ravel(), shape)


def nearest_vertices(source: Sampling, target: Sampling) -> IntArray:
    """Return the source vertex nearest to each target vertex, -1 outside its cells."""
    if isinstance(source, HEALPix):
        x, y, z = target.xyz.T
        pixel = healpy.vec2pix(source.nside, x, y, z, nest=source.nest)
        return np.asarray(pixel, dtype=np.int64)
    chord, nearest = cKDTree(source.xyz).query(target.xyz)
    nearest = np.asarray(nearest, dtype=np.int64)
    if abs(source.area / (4 * np.pi) - 1) < WHOLE:
        return nearest
    reach = limiting_discs(source.cells(), source.xyz, source.weights).radius
    inside = 2 * np.arcsin(np.minimum(chord / 2, 1)) <= reach[nearest] * (1 + 1e-9)
    return np.where(inside, nearest, -1)


def weight_matrix(
    rows: npt.NDArray[np.integer],
    columns: npt.NDArray[np.integer],
    weights: npt.NDArray[np.float64],
    shape: tuple[int, int],
) -> sp.csr_array:
    """Sum weights into a matrix, without zeros and column -1."""
    held = (columns >= 0) & (weights != 0)
    entries = (weights[held], (rows[held], columns[held]))
    return sp.csr_array(entries, shape=shape)
