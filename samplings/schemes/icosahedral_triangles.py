"""Triangles of the subdivided icosahedron, each a cell."""

from __future__ import annotations

import numpy as np

from samplings.arguments import integer_argument
from samplings.arrays import FloatArray, IntArray
from samplings.base import Sampling
from samplings.coarsening import Coarsening
from samplings.schemes.subdivision import icosahedral_symmetries, subdivided_icosahedron
from samplings.tessellation.cells import Cells, polygon_cells
from samplings.tessellation.spherical_triangles import circumcentres, triangle_areas


class IcosahedralTriangles(Sampling):
    r"""Centres of the triangles of a subdivided icosahedron: :math:`20·4^\ell`.

    The dual of :class:`samplings.Icosahedral`, which has a vertex at each corner of the
    triangles, with 12 pentagons and hexagons as cells. Here each triangle is the cell
    of a vertex inside it; the vertices are the corners of those pentagons and hexagons.
    The children of triangle p of the level below are ``4p ... 4p+3``, the last one in
    the middle.

    Parameters
    ----------
    level
        Number of subdivisions, 0 for the icosahedron itself.

    Attributes
    ----------
    corners
        Corners of the triangles: the vertices of ``Icosahedral(level)``, in its order,
        shape ``(10 * 4**level + 2, 3)``.
    faces
        Corners of each vertex's triangle, counterclockwise from outside, shape
        ``(20 * 4**level, 3)``.

    Raises
    ------
    TypeError, ValueError
        If ``level`` is not an integer, or negative.

    Notes
    -----
    Vertices are the centres of the triangles' circumscribed circles, the corners of the
    Voronoi diagram of ``corners``, and lie inside, as no angle reaches 90 degrees.
    Areas are exact. Sides are cut at points on them, so that four children cover their
    parent exactly.

    Source: the triangular grid of ICON, Wan et al. 2013, Geoscientific Model
    Development 6, 735.

    Examples
    --------
    >>> sampling = IcosahedralTriangles(2)
    >>> sampling.n_vertices
    320
    >>> sampling.coarsen().coarse
    IcosahedralTriangles(level=1) with 80 vertices
    """

    config_type = "icosahedral-triangles"
    config_keys = ("level",)
    level: int
    corners: FloatArray
    faces: IntArray

    def __init__(self, level: int) -> None:
        level = integer_argument("level", level, 0)
        corners, faces = subdivided_icosahedron(level)
        corners.setflags(write=False)
        faces.setflags(write=False)
        object.__setattr__(self, "level", level)
        object.__setattr__(self, "corners", corners)
        object.__setattr__(self, "faces", faces)
        a, b, c = np.moveaxis(corners[faces], 1, 0)
        super().__init__(circumcentres(a, b, c), triangle_areas(a, b, c))

    @property
    def exact_degree(self) -> int:
        """5: the lowest harmonic invariant under the icosahedral group has degree 6."""
        return 5

    @property
    def symmetries(self) -> tuple[FloatArray, ...]:
        """Generators of the 120 rotations and reflections of the icosahedron."""
        return icosahedral_symmetries()

    def cells(self) -> Cells:
        """Return the triangles."""
        return polygon_cells(self.corners, self.faces)

    def parents_in(self, coarse: Sampling) -> IntArray | None:
        """Return parents among triangles of this level or a lower one, or None."""
        if not isinstance(coarse, IcosahedralTriangles) or coarse.level > self.level:
            return None
        ratio = 4 ** (self.level - coarse.level)
        return np.arange(len(self)) // int(ratio)

    def places_in(self, coarse: Sampling) -> tuple[IntArray, int] | None:
        """Return places in the order in which triangles are subdivided."""
        if not isinstance(coarse, IcosahedralTriangles) or coarse.level > self.level:
            return None
        count = int(4 ** (self.level - coarse.level))
        return np.arange(len(self)) % count, count

    def coarsen(self) -> Coarsening:
        """Merge the four children of each triangle.

        Raises
        ------
        ValueError
            If ``level`` is 0.
        """
        if self.level == 0:
            raise ValueError(
                "level must be at least 1 to merge triangles by four, got 0; "
                "start from one more level for each coarsening"
            )
        return Coarsening.nested(self, IcosahedralTriangles(self.level - 1))
