"""Cubed sphere: grids on the faces of a cube, with equal angles between their lines."""

from __future__ import annotations

import numpy as np

from samplings.arguments import integer_argument
from samplings.arrays import FloatArray, IntArray, read_only
from samplings.base import Sampling
from samplings.coarsening import Coarsening
from samplings.tessellation.cells import Cells, polygon_cells
from samplings.tessellation.spherical_triangles import triangle_areas

_X, _Y, _Z = np.eye(3, dtype=np.int64)
# Direction of each face, and of its columns and rows.
_SIDES = [(_X, _Y, _Z), (_Y, -_X, _Z), (-_X, -_Y, _Z), (-_Y, _X, _Z)]
FACES = np.array([*_SIDES, (_Z, _Y, -_X), (-_Z, _Y, _X)])


class CubedSphere(Sampling):
    r"""Centres of the cells of the equiangular gnomonic cubed sphere: :math:`6 n^2`.

    .. math::
        x \propto e_f + \tan\alpha_j \, e_c + \tan\beta_i \, e_r, \quad
        \alpha_j = \left(j + \tfrac12 - \tfrac n2\right) \frac{\pi}{2n}, \quad
        \beta_i = \left(i + \tfrac12 - \tfrac n2\right) \frac{\pi}{2n}

    Vertex ``(f * n + i) * n + j`` is row i and column j of face f: a map ``(6, n, n)``
    flattens into a signal. Faces 0 to 3 look along :math:`+x, +y, -x, -y`; their
    columns count eastwards and their rows northwards. Face 4 looks along :math:`+z` and
    continues face 0 in the north; face 5 looks along :math:`-z` and continues it in the
    south; the columns of both count along :math:`+y`.

    Parameters
    ----------
    n
        Number of cells along an edge of the cube.

    Raises
    ------
    TypeError, ValueError
        If ``n`` is not an integer, or below 1.

    Notes
    -----
    Cells lie between great circles of constant :math:`\alpha` and :math:`\beta`; their
    areas are exact, and the largest is less than 1.42 times the smallest.

    Source: Ronchi, Iacono and Paolucci 1996, Journal of Computational Physics 124, 93.

    Examples
    --------
    >>> sampling = CubedSphere(4)
    >>> sampling.n_vertices
    96
    >>> sampling.coarsen().coarse
    CubedSphere(n=2) with 24 vertices
    """

    config_type = "cubed-sphere"
    config_keys = ("n",)
    n: int

    def __init__(self, n: int) -> None:
        n = integer_argument("n", n, 1)
        object.__setattr__(self, "n", n)
        centres = _tangents(np.arange(1, 2 * n, 2), n)
        edges = _tangents(np.arange(0, 2 * n + 1, 2), n)
        xyz = _points(np.repeat(np.arange(6), n * n), *_grid(centres, 6))
        column, row = _grid(edges, 1)
        corners = _points(np.zeros(len(row), dtype=int), column, row)
        corners = corners.reshape(n + 1, n + 1, 3)
        sw, se = corners[:-1, :-1], corners[:-1, 1:]
        nw, ne = corners[1:, :-1], corners[1:, 1:]
        area = triangle_areas(sw, se, ne) + triangle_areas(sw, ne, nw)
        # Equal to the last bit for cells that symmetries of the face exchange.
        area = (area + area.T) / 2
        area = (area + area[::-1]) / 2
        area = (area + area[:, ::-1]) / 2
        super().__init__(xyz, np.tile(area.ravel(), 6))

    @property
    def exact_degree(self) -> int:
        """3: the lowest harmonic invariant under the cube's group has degree 4."""
        return 3

    @property
    def symmetries(self) -> tuple[FloatArray, ...]:
        """Generators of the 48 rotations and reflections of the cube.

        A quarter turn about z, a third of a turn about the diagonal, and the inversion.
        """
        quarter = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])
        third = np.eye(3)[[1, 2, 0]]
        return read_only(quarter), read_only(third), read_only(-np.eye(3))

    def cells(self) -> Cells:
        """Return the quadrilaterals between the lines of the grid."""
        n = self.n
        # Corners are points of the lattice -n, -n + 2, ..., n on the cube's surface.
        steps = np.arange(n + 1)
        column, row = _grid((2 * steps - n).astype(np.float64), 6)
        face = np.repeat(np.arange(6), (n + 1) ** 2)
        looks, east, north = (FACES[face, axis] for axis in range(3))
        lattice = n * looks + column[:, None] * east + row[:, None] * north
        x, y, z = (lattice.astype(np.int64) + n).T
        key = (x * (2 * n + 1) + y) * (2 * n + 1) + z
        _, first, number = np.unique(key, return_index=True, return_inverse=True)
        # On the edges of the cube tan(45 degrees) is 1 to round-off.
        corners = _points(face, *_grid(_tangents(2 * steps, n), 6))[first]
        number = number.reshape(6, n + 1, n + 1)
        sw, se = number[:, :-1, :-1], number[:, :-1, 1:]
        nw, ne = number[:, 1:, :-1], number[:, 1:, 1:]
        polygons = np.stack((sw, se, ne, nw), axis=-1).reshape(-1, 4)
        return polygon_cells(corners, polygons)

    def parents_in(self, coarse: Sampling) -> IntArray | None:
        """Return parents in a cubed sphere whose n divides this one's, or None."""
        if not isinstance(coarse, CubedSphere) or self.n % coarse.n:
            return None
        face, row, column = np.unravel_index(np.arange(len(self)), (6, self.n, self.n))
        ratio = self.n // coarse.n
        return (face * coarse.n + row // ratio) * coarse.n + column // ratio

    def places_in(self, coarse: Sampling) -> tuple[IntArray, int] | None:
        """Return places row by row in the blocks of a coarser cubed sphere."""
        if not isinstance(coarse, CubedSphere) or self.n % coarse.n:
            return None
        ratio = self.n // coarse.n
        _, row, column = np.unravel_index(np.arange(len(self)), (6, self.n, self.n))
        return row % ratio * ratio + column % ratio, ratio**2

    def coarsen(self) -> Coarsening:
        """Merge blocks of two rows by two columns.

        Raises
        ------
        ValueError
            If ``n`` is odd.
        """
        if self.n % 2:
            raise ValueError(
                f"n must be even to merge cells in 2 x 2 blocks, got {self.n}; "
                "start from a multiple of 2 for each coarsening"
            )
        return Coarsening.nested(self, CubedSphere(self.n // 2))


def _tangents(half_steps: IntArray, n: int) -> FloatArray:
    """Return tangents of angles from -45 degrees in half steps, exactly odd."""
    tangent = np.tan((half_steps - n) * (np.pi / (4 * n)))
    return np.asarray((tangent - tangent[::-1]) / 2)


def _grid(values: FloatArray, n_faces: int) -> tuple[FloatArray, FloatArray]:
    """Return the column's and the row's value at each point of some faces, flat."""
    m = len(values)
    return np.tile(values, n_faces * m), np.tile(np.repeat(values, m), n_faces)


def _points(face: IntArray, column: FloatArray, row: FloatArray) -> FloatArray:
    """Return the unit vectors of points given by tangents on faces."""
    looks, east, north = (FACES[face, axis] for axis in range(3))
    length = np.sqrt(1 + (column * column + row * row))
    xyz = looks + column[:, None] * east + row[:, None] * north
    return np.asarray(xyz / length[:, None])
