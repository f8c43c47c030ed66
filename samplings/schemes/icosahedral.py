"""Subdivided icosahedron: triangles repeatedly cut in four."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import cg

from samplings.arguments import integer_argument
from samplings.arrays import FloatArray, IntArray
from samplings.base import Sampling
from samplings.coarsening import Coarsening
from samplings.schemes.subdivision import icosahedral_symmetries, subdivided_icosahedron
from samplings.tessellation.hull import edges_of_faces
from samplings.tessellation.spherical_triangles import circumcentres
from samplings.tessellation.voronoi import cell_areas


class Icosahedral(Sampling):
    r"""Vertices of an icosahedron subdivided ``level`` times: :math:`10·4^\ell + 2`.

    Each subdivision cuts every triangle in four at the midpoints of its sides,
    projected onto the sphere. The order is hierarchical: the vertices of a level come
    first in the next one. The first 12 are the even permutations of
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
    TypeError, ValueError
        If ``level`` is not an integer, or negative.

    Notes
    -----
    Areas are those of the Voronoi cells: 12 pentagons and hexagons. These cells are the
    dual of the triangles; their corners are the points of
    :class:`samplings.IcosahedralTriangles` of the same level.

    Examples
    --------
    >>> sampling = Icosahedral(2)
    >>> sampling.n_vertices, len(sampling.faces)
    (162, 320)
    >>> bool(np.array_equal(sampling.xyz[:42], Icosahedral(1).xyz))
    True
    """

    config_type = "icosahedral"
    config_keys = ("level",)
    level: int
    faces: IntArray

    def __init__(self, level: int) -> None:
        level = integer_argument("level", level, 0)
        object.__setattr__(self, "level", level)
        xyz, faces = subdivided_icosahedron(level)
        faces.setflags(write=False)
        object.__setattr__(self, "faces", faces)
        centres = circumcentres(*np.moveaxis(xyz[faces], 1, 0))
        super().__init__(xyz, cell_areas(xyz, faces, centres))

    @property
    def exact_degree(self) -> int:
        """5: the lowest harmonic invariant under the icosahedral group has degree 6."""
        return 5

    @property
    def symmetries(self) -> tuple[FloatArray, ...]:
        """Generators of the 120 rotations and reflections of the icosahedron."""
        return icosahedral_symmetries()

    def coarsen(self) -> Coarsening:
        r"""Share each midpoint between the two vertices beside it.

        A vertex of the coarser level keeps its cell. The cell of the midpoint of edge
        ``(u, v)`` is shared as :math:`\frac12 + \delta` and :math:`\frac12 - \delta`,
        with the least-squares flows of area :math:`\delta a` that make the shares add
        up to the coarse cells exactly. They are unique, hence as symmetric as the
        icosahedron; :math:`|\delta| < 0.08`.

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
        edges, _ = edges_of_faces(coarse.faces, n)
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


def _smallest_flow(edges: IntArray, gain: FloatArray) -> FloatArray:
    """Return the least-squares flow along edges (into the first end) of given gains.

    It is the gradient of a potential whose graph Laplacian is the gain.
    """
    n, m = len(gain), len(edges)
    signs = np.repeat([[1.0, -1.0]], m, axis=0).ravel()
    incidence = sp.csr_array(
        (signs, (edges.ravel(), np.repeat(np.arange(m), 2))), shape=(n, m)
    )
    laplacian = sp.csr_array(incidence @ incidence.T)
    potential = np.zeros(n)
    # Conjugate gradients reach 1e-8 fast, and stall below; a second pass on the
    # remaining gains reaches round-off.
    for accuracy in (1e-8, 1e-5):
        missing = gain - laplacian @ potential
        # Constants have no flow: round-off along them would never converge.
        missing -= missing.mean()
        step, _ = cg(laplacian, missing, rtol=accuracy, maxiter=10_000)
        potential += step
    return np.asarray(incidence.T @ potential)
