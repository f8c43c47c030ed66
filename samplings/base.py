"""What every sampling of the sphere is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from samplings.arrays import FloatArray as FloatArray
from samplings.arrays import IntArray as IntArray
from samplings.arrays import ReadOnly as ReadOnly
from samplings.arrays import freeze as freeze
from samplings.arrays import read_only as read_only
from samplings.coarsening import Coarsening as Coarsening
from samplings.quantities import steradians, unit_vectors
from samplings.units import EARTH

if TYPE_CHECKING:
    from samplings.masked import Masked
    from samplings.tessellation.bands import Bands
    from samplings.tessellation.cells import Cells

# Unit vectors that went through float32 are off by 6e-8; a user who passes radii in
# kilometres or degrees for coordinates is off by far more.
UNIT_TOLERANCE = 1e-6
# Areas that were measured on a sphere of another radius (the Earth's equatorial one
# instead of its mean one: 0.2 %) or that are rounded may add up to slightly more.
AREA_TOLERANCE = 1e-2
# Areas that add up to more than so many spheres are rather in another unit than twice
# there.
FEW_SPHERES = 10.0


@dataclass(frozen=True, eq=False, repr=False)
class Sampling(ReadOnly):
    r"""Points on the unit sphere, each with the area it stands for.

    Parameters
    ----------
    xyz
        Unit vectors, shape ``(V, 3)``. Renormalised to round-off.
    weights
        Area of each vertex's cell in steradian, shape ``(V,)``; the sum is the
        covered area, :math:`4\pi` for the whole sphere. Quantities of astropy, pint and
        unyt are converted to steradian.

    Raises
    ------
    ValueError
        If a point is not finite or not of unit length, if an area is not positive, or
        if areas add up to more than the sphere's by over 1 %.

    Notes
    -----
    Subclasses keep the parameters they were built from (``nside``, ``level``, ...) and
    give them in :attr:`config`, from which :func:`samplings.from_config` rebuilds them.
    Arrays are read-only: a sampling never changes after construction.
    """

    xyz: FloatArray = field()
    weights: FloatArray = field()

    def __post_init__(self) -> None:
        xyz = unit_vectors("xyz", self.xyz)
        if xyz.ndim != 2 or xyz.shape[1] != 3 or len(xyz) == 0:
            raise ValueError(
                f"xyz must have shape (V, 3) with V >= 1, got {xyz.shape}; "
                "pass one unit vector per row"
            )
        if not np.isfinite(xyz).all():
            bad = int(np.flatnonzero(~np.isfinite(xyz).all(axis=1))[0])
            raise ValueError(
                f"xyz must be finite, got {xyz[bad]} at vertex {bad}; "
                "drop the points whose coordinates are missing"
            )
        norm = np.linalg.norm(xyz, axis=1)
        off = np.abs(norm - 1)
        if off.max() > UNIT_TOLERANCE:
            bad = int(off.argmax())
            raise ValueError(
                f"xyz must be unit vectors, got length {norm[bad]:.6g} at vertex {bad};"
                " divide by the length, or use Irregular.from_lonlat for degrees"
            )
        weights = steradians("weights", self.weights)
        if weights.shape != (len(xyz),):
            raise ValueError(
                f"weights must have shape ({len(xyz)},), one area per vertex, "
                f"got {weights.shape}"
            )
        if not (np.isfinite(weights).all() and (weights > 0).all()):
            bad = int(np.flatnonzero(~(np.isfinite(weights) & (weights > 0)))[0])
            raise ValueError(
                f"weights are areas in steradian and must be positive, "
                f"got {weights[bad]} at vertex {bad}; drop such points, or leave "
                "weights out where they can be computed"
            )
        _refuse_beyond_sphere(weights)
        # Vectors of unit length to round-off stay as they are: dividing again would
        # change their last bits, and a configuration must rebuild the same ones.
        norm[off <= 4 * np.finfo(np.float64).eps] = 1.0
        object.__setattr__(self, "xyz", read_only(xyz / norm[:, None]))
        object.__setattr__(self, "weights", read_only(weights))

    # -- identity ---------------------------------------------------------------
    @property
    def config(self) -> dict[str, Any]:
        """JSON-serialisable description; ``samplings.from_config`` inverts it."""
        raise TypeError(f"{type(self).__name__} has no configuration to rebuild from")

    @property
    def name(self) -> str:
        """Short name for tables and file names, such as ``healpix-32``."""
        return type(self).__name__.lower()

    def __repr__(self) -> str:
        settings = ", ".join(
            f"{key}={value}"
            for key, value in self.config.items()
            if key != "type" and not isinstance(value, Mapping)
        )
        return f"{type(self).__name__}({settings}) with {len(self)} vertices"

    # -- geometry ---------------------------------------------------------------
    def __len__(self) -> int:
        return len(self.xyz)

    @property
    def n_vertices(self) -> int:
        """Number of vertices V."""
        return len(self.xyz)

    @property
    def area(self) -> float:
        """Covered area in steradian, the sum of the weights."""
        return float(self.weights.sum())

    @cached_property
    def theta(self) -> FloatArray:
        """Colatitude in radian, in [0, pi], shape ``(V,)``."""
        # arctan2 keeps full precision at the poles, where arccos(z) loses half of it.
        x, y, z = self.xyz.T
        return read_only(np.arctan2(np.hypot(x, y), z))

    @cached_property
    def phi(self) -> FloatArray:
        """Longitude in radian, in [0, 2 pi), shape ``(V,)``."""
        phi = np.arctan2(self.xyz[:, 1], self.xyz[:, 0]) % (2 * np.pi)
        # -1e-17 % 2 pi rounds to 2 pi itself.
        return read_only(np.where(phi < 2 * np.pi, phi, 0.0))

    @property
    def lon(self) -> FloatArray:
        """Longitude in degree, in [0, 360), shape ``(V,)``."""
        return np.rad2deg(self.phi)

    @property
    def lat(self) -> FloatArray:
        """Latitude in degree, in [-90, 90], shape ``(V,)``."""
        return 90.0 - np.rad2deg(self.theta)

    # -- exactness and symmetry -------------------------------------------------
    @property
    def quadrature(self) -> FloatArray:
        r"""Weights of the sampling's quadrature rule in steradian, shape ``(V,)``.

        :math:`\int f \, d\Omega \approx \sum_i q_i f(x_i)`, exact up to
        :attr:`exact_degree`. They are the areas of the cells unless a scheme has better
        ones, and may be zero or negative where areas may not.
        """
        return self.weights

    @property
    def exact_degree(self) -> int:
        """Largest degree up to which :attr:`quadrature` integrates all harmonics.

        Exact means to round-off. Degree 0, the area itself, always is.
        """
        return 0

    @property
    def symmetries(self) -> tuple[FloatArray, ...]:
        """Orthogonal matrices ``(3, 3)`` that map the vertices onto themselves.

        Generators of the group, not all of its elements: rotations and reflections
        under which vertices and areas stay what they are, to round-off.
        """
        return ()

    # -- parts and resolutions --------------------------------------------------
    def cells(self) -> Cells:
        """Return the cells of the vertices as polygons of arcs of great circles.

        Voronoi cells, unless a scheme has others; their areas are :attr:`weights` only
        where a scheme says so.

        Raises
        ------
        ValueError
            If the points have no Voronoi cells: fewer than four, or all on one circle.
        """
        from samplings.tessellation.cells import voronoi_cells

        return voronoi_cells(self.xyz)

    def outlines(self) -> Cells:
        """Return the cells with curved sides as many arcs; they need not be convex.

        :meth:`cells`, unless a scheme knows better ones.
        """
        return self.cells()

    def bands(self) -> Bands | None:
        """Return the parallels and meridians between the cells; None without such."""
        return None

    def parents_in(self, coarse: Sampling) -> IntArray | None:
        """Return the vertex of ``coarse`` whose cell holds each cell, ``(V,)``.

        None unless each cell lies in one of ``coarse`` as a whole, by construction.
        """
        return None

    def coarsen(self) -> Coarsening:
        """Return the next coarser sampling and how this one's cells fall into it."""
        raise ValueError(f"{self!r} has no coarser sampling")

    def coarsen_to(self, coarse: Sampling, method: str = "conservative") -> Coarsening:
        """Return how this sampling's cells fall into those of any other one.

        Parameters
        ----------
        coarse
            The sampling to coarsen to.
        method
            ``"conservative"``: each cell goes to the cells of ``coarse`` it overlaps,
            in shares of its area. ``"nearest"``: each goes to the nearest vertex of
            ``coarse``, whose areas become the sums of what they hold.

        Raises
        ------
        ValueError
            As :meth:`samplings.Transfer.conservative` and
            :meth:`samplings.Transfer.nearest`; if ``coarse`` covers only a part of
            this sampling, or ``method`` is another.

        Examples
        --------
        >>> from samplings import Fibonacci, HEALPix
        >>> HEALPix(4).coarsen_to(Fibonacci(50)).coarse
        Fibonacci(n=50) with 50 vertices
        """
        from samplings.transfer import transfer

        return transfer(self, coarse, method).coarsening()

    def __getitem__(self, part: npt.ArrayLike) -> Masked:
        """Return the part of the sampling where a boolean mask ``(V,)`` is True.

        Integer indices work too; vertices have their order, as of NumPy's arrays.

        Raises
        ------
        TypeError, ValueError
            As :class:`samplings.Masked`.
        """
        from samplings.masked import Masked

        return Masked(self, part)


def equal_areas(n: int) -> FloatArray:
    """Return equal shares of the sphere, for points whose areas nobody asks for."""
    return np.full(n, 4 * np.pi / max(n, 1))


def _refuse_beyond_sphere(weights: FloatArray) -> None:
    """Refuse areas that add up to more than the sphere, and say what they might be."""
    spheres = float(weights.sum()) / (4 * np.pi)
    if spheres <= 1 + AREA_TOLERANCE:
        return
    guess = "make sure that cells do not overlap and that each is there once"
    if np.isclose(weights.mean(), 1):
        guess = (
            "they look like masses of mean one: divide by their sum and multiply by "
            "the area covered, in steradian"
        )
    elif spheres > FEW_SPHERES:
        # The smallest unit in which they would not be more than the globe.
        units = {
            "square degrees, divide by (180/pi)**2": (180 / np.pi) ** 2,
            f"km2 on Earth, divide by {EARTH / 1e3:.3f}**2": (EARTH / 1e3) ** 2,
            f"m2 on Earth, divide by {EARTH:.0f}**2": EARTH**2,
        }
        fits = [u for u, n in units.items() if spheres <= n * (1 + AREA_TOLERANCE)]
        guess = f"if they are in {fits[0]}" if fits else "convert them to steradian"
    raise ValueError(
        f"weights are areas in steradian and must add up to 4 pi at most, got "
        f"{spheres:.4g} times as much, {weights.max():.4g} at the largest cell; {guess}"
    )


def same_sampling(a: Sampling, b: Sampling) -> bool:
    """Whether two samplings have the same vertices, in the same order, and areas.

    Points may differ by 1e-9 (six millimetres on Earth) and areas by 1e-9 of
    themselves: what files, other machines and other formulas leave.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> same_sampling(HEALPix(2, nest=True), HEALPix(2, nest=False))
    False
    """
    return (
        len(a) == len(b)
        and bool(np.abs(a.xyz - b.xyz).max() <= 1e-9)
        and bool(np.allclose(a.weights, b.weights, rtol=1e-9, atol=0))
    )
