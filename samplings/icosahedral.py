"""Subdivided icosahedron: triangles cut in four again and again."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import cg

from samplings.arguments import integer_argument
from samplings.base import Coarsening, FloatArray, IntArray, Sampling
from samplings.voronoi import cell_areas


class Icosahedral(Sampling):
    r"""Vertices of an icosahedron subdivided ``level`` times: :math:`10·4^\ell + 2`.

    Each subdivision cuts every triangle in four at the midpoints of its sides, pushed
    out to the sphere. The order is hierarchical: the vertices of a level come first in
    the next one. The 12 first ones are the even permutations of
    :math:`(\pm 1, \pm\phi, 0)`, with :math:`\phi` the golden ratio.

    Parameters
    ----------
    level
        Number of subdivisions, 0 for the icosahedron itself.

    Attributes
    ----------
    faces
        Corners of the triangles, counterclockwise from outside,
        shape ``(20 * 4**level, 3)``.

    Raises
    ------
    TypeError
        If ``level`` is not an integer.
    ValueError
        If ``level < 0``.

    Notes
    -----
    Areas are those of the Voronoi cells: 12 pentagons and hexagons.

    Examples
    --------
    >>> sampling = Icosahedral(2)
    >>> sampling.n_vertices, len(sampling.faces)
    (162, 320)
    >>> bool(np.array_equal(sampling.xyz[:42], Icosahedral(1).xyz))
    True
    """

    level: int
    faces: IntArray

    def __init__(self, level: int) -> None:
        level = integer_argument("level", level, 0)
        object.__setattr__(self, "level", level)
        xyz, faces = _icosahedron()
        for _ in range(level):
            xyz, faces = _subdivide(xyz, faces)
        faces.setflags(write=False)
        object.__setattr__(self, "faces", faces)
        corners = xyz[faces]
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        normals /= np.linalg.norm(normals, axis=1)[:, None]
        super().__init__(xyz, cell_areas(xyz, faces, normals))

    @property
    def config(self) -> dict[str, Any]:
        """``{"type": "icosahedral", "level": ...}``."""
        return {"type": "icosahedral", "level": self.level}

    @property
    def name(self) -> str:
        """``icosahedral-<level>``."""
        return f"icosahedral-{self.level}"

    def coarsen(self) -> Coarsening:
        r"""Give each midpoint to the two vertices it lies between.

        A vertex of the coarser level keeps its cell. The cell of the midpoint of edge
        ``(u, v)`` is shared as :math:`\frac12 + \delta` and :math:`\frac12 - \delta`,
        with the smallest flows of area :math:`\delta a` (in the sense of least squares)
        that make the shares add up to the coarse cells exactly. They are unique, hence
        as symmetric as the icosahedron; :math:`|\delta| < 0.08`.

        Raises
        ------
        ValueError
            If ``level`` is 0.
        """
        if self.level == 0:
            raise ValueError(
                "level must be at least 1 to remove midpoints, got 0; "
                "start from one more level for each coarsening"
            )
        coarse = Icosahedral(self.level - 1)
        n = len(coarse)
        edges = _edges(coarse.faces, n)
        own, shared = self.weights[:n], self.weights[n:]
        halves = np.bincount(edges.ravel(), np.repeat(shared / 2, 2), minlength=n)
        flow = _smallest_flow(edges, coarse.weights - own - halves)
        shift = flow / shared
        midpoint = np.arange(n, len(self))
        rows = np.concatenate([np.arange(n), edges[:, 0], edges[:, 1]])
        columns = np.concatenate([np.arange(n), midpoint, midpoint])
        shares = np.concatenate([np.ones(n), 0.5 + shift, 0.5 - shift])
        assign = sp.csr_array((shares, (rows, columns)), shape=(n, len(self)))
        return Coarsening(self, coarse, assign)


def _icosahedron() -> tuple[FloatArray, IntArray]:
    """Vertices and faces, each found as three vertices at mutually least distance."""
    golden = (1 + 5**0.5) / 2
    flat = [(a, b * golden, 0.0) for a in (1, -1) for b in (1, -1)]
    points = [np.roll(point, shift) for shift in range(3) for point in flat]
    xyz = np.array(points) / np.hypot(1, golden)
    near = xyz @ xyz.T > 0.4  # neighbours are at 1/sqrt(5) = 0.447, others at most -it
    faces = []
    for a, b, c in itertools.combinations(range(12), 3):
        if near[a, b] and near[b, c] and near[c, a]:
            outward = np.linalg.det(xyz[[a, b, c]]) > 0
            faces.append((a, b, c) if outward else (a, c, b))
    return xyz, np.array(faces, dtype=np.int64)


def _edges(faces: IntArray, n: int) -> IntArray:
    """Edges ``(E, 2)`` with the lower vertex first, in lexicographic order."""
    ends = np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]], axis=2).reshape(-1, 2)
    return np.stack(np.divmod(np.unique(ends[:, 0] * n + ends[:, 1]), n), axis=1)


def _subdivide(xyz: FloatArray, faces: IntArray) -> tuple[FloatArray, IntArray]:
    """Cut each face in four; midpoints come after the vertices, in edge order."""
    n = len(xyz)
    edges = _edges(faces, n)
    middle = xyz[edges[:, 0]] + xyz[edges[:, 1]]
    middle /= np.linalg.norm(middle, axis=1)[:, None]
    keys = edges[:, 0] * n + edges[:, 1]
    sides = np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]], axis=2)
    a, b, c = faces.T
    ab, bc, ca = (n + np.searchsorted(keys, sides[..., 0] * n + sides[..., 1])).T
    corners = ((a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca))
    cut = np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)
    return np.concatenate([xyz, middle]), cut.reshape(-1, 3)


def _smallest_flow(edges: IntArray, gain: FloatArray) -> FloatArray:
    """Least-squares flow along edges (into the first end) with the wanted gains.

    It is the gradient of a potential whose graph Laplacian is the gain.
    """
    n, m = len(gain), len(edges)
    signs = np.repeat([[1.0, -1.0]], m, axis=0).ravel()
    incidence = sp.csr_array(
        (signs, (edges.ravel(), np.repeat(np.arange(m), 2))), shape=(n, m)
    )
    laplacian = sp.csr_array(incidence @ incidence.T)
    potential = np.zeros(n)
    # Conjugate gradients meet an accuracy of 1e-8 fast, and lose their way below; from
    # the gains still missing the second pass gets to round-off.
    for accuracy in (1e-8, 1e-5):
        missing = gain - laplacian @ potential
        # Constants have no flow: their round-off share would never be met.
        missing -= missing.mean()
        step, _ = cg(laplacian, missing, rtol=accuracy, maxiter=10_000)
        potential += step
    return np.asarray(incidence.T @ potential)
