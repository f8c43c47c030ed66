"""HEALPix: equal-area pixels on rings of latitude. Centres come from healpy."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from samplings.arguments import integer_argument
from samplings.arrays import FloatArray, IntArray, read_only
from samplings.base import Sampling
from samplings.coarsening import Coarsening
from samplings.tessellation.cells import Cells
from samplings.vertex_arrays import vertex_positions


class HEALPix(Sampling):
    r"""HEALPix pixel centres: :math:`12 n_\text{side}^2` cells of equal area.

    Parameters
    ----------
    nside
        Resolution: each of the 12 base pixels is cut into ``nside x nside``. Any
        ``nside >= 1`` in RING ordering, a power of two in NEST ordering.
    nest
        True for the NEST ordering (hierarchical: the children of pixel ``p`` are
        ``4p ... 4p+3``), False for RING (rings from north to south).

    Raises
    ------
    TypeError
        If ``nside`` is not an integer or ``nest`` not a boolean.
    ValueError
        If ``nside < 1``, or is not a power of two in NEST ordering.

    Notes
    -----
    Positions and areas of all pixels are computed when they are first asked for, and
    those of a part, ``HEALPix(4096)[pixels]``, without those of the others.

    Source: Górski et al. 2005, ApJ 622, 759 (arXiv:astro-ph/0409513).

    Examples
    --------
    >>> sampling = HEALPix(2, nest=True)
    >>> sampling.n_vertices
    48
    >>> sampling.coarsen().coarse
    HEALPix(nside=1, nest=True) with 12 vertices
    """

    config_type = "healpix"
    config_keys = ("nside", "nest")
    nside: int
    nest: bool

    def __init__(self, nside: int, nest: bool = True) -> None:
        nside = nside_argument(nside, nest)
        object.__setattr__(self, "nside", nside)
        object.__setattr__(self, "nest", bool(nest))

    def __len__(self) -> int:
        return 12 * self.nside**2

    @cached_property
    def xyz(self) -> FloatArray:
        """Unit vectors, shape ``(V, 3)``."""
        return read_only(vertex_positions(_centres(self.nside, self.nest)))

    @cached_property
    def weights(self) -> FloatArray:
        """Equal areas in steradian, shape ``(V,)``."""
        return read_only(np.full(len(self), 4 * np.pi / len(self)))

    def positions(self, some: IntArray) -> FloatArray:
        """Return the unit vectors of some pixels, as of :attr:`xyz`."""
        if "xyz" in self.__dict__ or not len(some):
            return self.xyz[some] if len(some) else np.empty((0, 3))
        return vertex_positions(_centres_of(self.nside, self.nest, some))

    def areas(self, some: IntArray) -> FloatArray:
        """Return the areas of some pixels in steradian."""
        return np.full(len(some), 4 * np.pi / len(self))

    @property
    def name(self) -> str:
        """``healpix-<nside>``, in either ordering."""
        return f"healpix-{self.nside}"

    @property
    def exact_degree(self) -> int:
        """1: equal weights integrate degree 2 only approximately, at any ``nside``."""
        return 1

    @property
    def symmetries(self) -> tuple[FloatArray, ...]:
        """Quarter turn about the axis, and the mirrors of longitude and of latitude."""
        return (
            read_only([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),
            read_only(np.diag([1.0, -1.0, 1.0])),
            read_only(np.diag([1.0, 1.0, -1.0])),
        )

    def outlines(self) -> Cells:
        """Return the pixels, with sides of up to 64 arcs each.

        Up to nside 32 the error of their areas is less than a hundredth of a pixel.
        """
        import healpy

        n, step = len(self), int(np.clip(256 // self.nside, 1, 64))
        points = healpy.boundaries(self.nside, np.arange(n), step, self.nest)
        corners = np.swapaxes(points, 1, 2).reshape(-1, 3)
        corners = corners / np.linalg.norm(corners, axis=1, keepdims=True)
        start = corners.reshape(n, 4 * step, 3)
        along = np.roll(start, -1, axis=1) - start
        normals = np.cross(start, along).reshape(-1, 3)
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        indptr = np.arange(n + 1) * (4 * step)
        number = np.arange(len(corners))
        return Cells(corners, indptr, number, normals, np.full(len(number), -1))

    def coarsen(self) -> Coarsening:
        """Merge the four children of each pixel of ``nside / 2``, same ordering.

        Raises
        ------
        ValueError
            If ``nside`` is odd.
        """
        if self.nside % 2:
            raise ValueError(
                f"nside must be even to merge pixels by four, got {self.nside}; "
                "start from a multiple of 2 for each coarsening"
            )
        return Coarsening.nested(self, HEALPix(self.nside // 2, self.nest))

    def parents_in(self, coarse: Sampling) -> IntArray | None:
        """Return parents in HEALPix of an nside that divides this one's, or None."""
        import healpy

        if not isinstance(coarse, HEALPix) or self.nside % coarse.nside:
            return None
        if self.nest and coarse.nest:
            return np.arange(len(self)) // (self.nside // coarse.nside) ** 2
        # Dividing nside keeps the edges of pixels, so the coarse pixel that contains a
        # fine centre contains its whole pixel.
        x, y, z = self.xyz.T
        parents = healpy.vec2pix(coarse.nside, x, y, z, nest=coarse.nest)
        return np.asarray(parents, dtype=np.int64)

    def places_in(self, coarse: Sampling) -> tuple[IntArray, int] | None:
        """Return places in the nested order of the parent's pixels, in any ordering."""
        import healpy

        if not isinstance(coarse, HEALPix) or self.nside % coarse.nside:
            return None
        ratio = self.nside // coarse.nside
        if self.nest:
            return np.arange(len(self)) % ratio**2, ratio**2
        x, y, _ = healpy.pix2xyf(self.nside, np.arange(len(self)))
        # The nested order interleaves the bits of x and y. Where the ratio is not a
        # power of two, some numbers are skipped.
        steps = np.arange(ratio)
        bits = range(int(ratio).bit_length())
        spread = sum(((steps >> bit & 1) << (2 * bit) for bit in bits), 0 * steps)
        order = np.argsort((spread[:, None] * 2 + spread).ravel())
        place = np.empty(ratio**2, dtype=np.int64)
        place[order] = np.arange(ratio**2)
        return place[y % ratio * ratio + x % ratio], ratio**2


def nside_argument(nside: int, nest: bool) -> int:
    """Return ``nside`` if the ordering exists for it."""
    nside = integer_argument("nside", nside, 1)
    if not isinstance(nest, bool | np.bool_):
        raise TypeError(
            f"nest must be True (NEST) or False (RING), got {nest!r}; "
            "the ordering of a map is written in its header"
        )
    if nest and nside & (nside - 1):
        below = 1 << (nside.bit_length() - 1)
        raise ValueError(
            f"nside must be a power of two when nest=True, got {nside}; "
            f"use {below}, {2 * below}, or nest=False"
        )
    return nside


def _centres(nside: int, nest: bool) -> FloatArray:
    """Return pixel centres, a quarter of them from healpy, the rest by exact turns.

    healpy's own are symmetric only to 1.4e-15, which distances between neighbours
    magnify by ``nside`` when a graph is compared with its quarter turn.
    """
    import healpy

    if nest:
        # Turning the sphere moves faces 0, 4 and 8 through the four of their row.
        face = nside * nside
        first = (np.arange(3)[:, None] * 4 * face + np.arange(face)).ravel()
        step = np.full(3 * face, face)
    else:
        ring = np.arange(1, 4 * nside)
        quarter = np.minimum(np.minimum(ring, 4 * nside - ring), nside)
        before = np.cumsum(quarter) - quarter
        first = np.arange(quarter.sum()) + np.repeat(3 * before, quarter)
        step = np.repeat(quarter, quarter)
    x, y, z = healpy.pix2vec(nside, first, nest=nest)
    xyz = np.empty((12 * nside * nside, 3))
    for turn in range(4):
        pixel = first + turn * step
        xyz[pixel, 0], xyz[pixel, 1], xyz[pixel, 2] = x, y, z
        x, y = -y, x
    return xyz


def _centres_of(nside: int, nest: bool, pixels: IntArray) -> FloatArray:
    """Return the centres of some pixels, to the last bit those of :func:`_centres`."""
    import healpy

    if nest:
        face, place = np.divmod(pixels, nside * nside)
        row, turns = np.divmod(face, 4)
        first = row * 4 * nside * nside + place
    else:
        ring = np.arange(1, 4 * nside)
        quarter = np.minimum(np.minimum(ring, 4 * nside - ring), nside)
        start = 4 * (np.cumsum(quarter) - quarter)
        of_pixel = healpy.pix2ring(nside, pixels, nest=False) - 1
        turns, place = np.divmod(pixels - start[of_pixel], quarter[of_pixel])
        first = start[of_pixel] + place
    x, y, z = healpy.pix2vec(nside, first, nest=nest)
    for turn in (1, 2, 3):
        x, y = np.where(turns >= turn, (-y, x), (x, y))
    return np.stack([x, y, z], axis=1)
