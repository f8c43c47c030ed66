"""Base class of all samplings of the sphere, and parts of samplings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from samplings.arguments import counted, sampling_argument
from samplings.arrays import FloatArray, IntArray, ReadOnly, read_only
from samplings.coarsening import Coarsening
from samplings.described import Described
from samplings.encoding import encode_array
from samplings.tessellation.bands import Bands
from samplings.tessellation.cells import Cells, voronoi_cells
from samplings.vertex_arrays import kept_vertices, vertex_areas, vertex_positions


@dataclass(frozen=True, eq=False, repr=False)
class Sampling(Described, ReadOnly):
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
    Subclasses list the parameters they were built from (``nside``, ``level``, ...) in
    ``config_keys``, and have a name of their own as ``config_type``, so that
    :func:`samplings.from_config` rebuilds a sampling from its :attr:`config`, wherever
    the module that defines the class was imported. Arrays are read-only: a sampling
    never changes after construction.
    """

    xyz: FloatArray = field()
    weights: FloatArray = field()

    def __post_init__(self) -> None:
        xyz = vertex_positions(self.xyz)
        weights = vertex_areas(self.weights, len(xyz))
        object.__setattr__(self, "xyz", read_only(xyz))
        object.__setattr__(self, "weights", read_only(weights))

    # -- identity ---------------------------------------------------------------
    @property
    def name(self) -> str:
        """Short name for tables and file names, such as ``healpix-32``."""
        values = (getattr(self, key) for key in self.config_keys)
        numbers = "x".join(str(value) for value in values if np.ndim(value) == 0)
        return "-".join(filter(None, (type(self).__name__.lower(), numbers)))

    def __repr__(self) -> str:
        try:
            config = self.config
        except TypeError:
            # A class of one's own need not have a configuration to be printed.
            config = {}
        settings = ", ".join(
            f"{key}={value}"
            for key, value in config.items()
            if key != "type" and not isinstance(value, Mapping)
        )
        return (
            f"{type(self).__name__}{f'({settings})' if settings else ''} with "
            f"{counted(len(self), 'vertex', 'vertices')}"
        )

    # -- geometry ---------------------------------------------------------------
    def __len__(self) -> int:
        return len(self.xyz)

    @property
    def n_vertices(self) -> int:
        """Number of vertices V."""
        return len(self)

    def positions(self, some: IntArray) -> FloatArray:
        """Return the unit vectors of some vertices, ``(len(some), 3)``.

        They are those of :attr:`xyz`, which a scheme may not need to hold for them.
        """
        return self.xyz[some]

    def areas(self, some: IntArray) -> FloatArray:
        """Return the areas of some vertices in steradian, as of :attr:`weights`."""
        return self.weights[some]

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
        r"""Weights of the quadrature rule in steradian, shape ``(V,)``.

        :math:`\int f \, d\Omega \approx \sum_i q_i f(x_i)`, exact up to
        :attr:`exact_degree`. They are the areas of the cells unless a scheme has a
        better rule, whose weights may be zero or negative.
        """
        return self.weights

    @property
    def exact_degree(self) -> int:
        """Largest degree up to which :attr:`quadrature` is exact, to round-off."""
        return 0

    @property
    def symmetries(self) -> tuple[FloatArray, ...]:
        """Orthogonal matrices ``(3, 3)`` that map the vertices onto themselves.

        They generate the group of rotations and reflections that leave vertices and
        areas unchanged, to round-off.
        """
        return ()

    # -- parts and resolutions --------------------------------------------------
    def cells(self) -> Cells:
        """Return the cells of the vertices as polygons of arcs of great circles.

        They are Voronoi cells unless a scheme defines others. Their areas may differ
        from :attr:`weights`.

        Raises
        ------
        ValueError
            If there are fewer than four points, or all lie on one circle.
        """
        return voronoi_cells(self.xyz)

    def outlines(self) -> Cells:
        """Return the cells with curved sides as many short arcs; not always convex."""
        return self.cells()

    def bands(self) -> Bands | None:
        """Return the cells as bands of latitude, or None if they are not bands."""
        return None

    def parents_in(self, coarse: Sampling) -> IntArray | None:
        """Return the vertex of ``coarse`` whose cell contains each cell, ``(V,)``.

        None unless the cells nest by construction.
        """
        return None

    def places_in(self, coarse: Sampling) -> tuple[IntArray, int] | None:
        """Return the place of each cell in its parent, ``(V,)``, and their number.

        Places are numbered from 0, alike in all parents and at all resolutions. None
        unless the cells nest by construction, in parents with equal numbers of them;
        on masked samplings some places are empty.
        """
        return None

    def coarsen(self) -> Coarsening:
        """Return the next coarser sampling, and how its cells are made of these."""
        raise ValueError(f"{self!r} has no coarser sampling")

    def __getitem__(self, part: npt.ArrayLike) -> Masked:
        """Return the vertices that a boolean mask ``(V,)`` or integer indices select.

        Raises
        ------
        TypeError, ValueError
            As :class:`samplings.Masked`.
        """
        return Masked(self, part)


class Masked(Sampling):
    """A subset of the vertices of another sampling.

    Parameters
    ----------
    parent
        The sampling to take vertices from; it may be masked itself.
    part
        Boolean mask, shape ``(V_parent,)``, True for the vertices to keep; or distinct
        indices, whose order is kept: ``sampling[pixels].xyz`` is
        ``sampling.xyz[pixels]``.
    weights
        Areas of the kept cells in steradian, shape ``(V,)``, for cells that are only
        partly kept; by default those of the parent.

    Attributes
    ----------
    parent
        The whole sampling.
    index
        Indices of the kept vertices in the parent, shape ``(V,)``; those of a mask
        ascend.

    Raises
    ------
    TypeError
        If ``part`` is neither boolean nor integer, or a single value.
    ValueError
        If ``part`` keeps nothing, does not fit the parent's length, holds an index
        twice or out of range, or is a masked array with hidden entries.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> sphere = HEALPix(2)
    >>> north = sphere[sphere.lat > 0]
    >>> north.n_vertices, north.coarsen().coarse.n_vertices
    (20, 8)
    >>> sphere[[17, 4]].index
    array([17,  4])
    """

    config_type = "masked"
    parent: Sampling
    index: IntArray

    def __init__(
        self,
        parent: Sampling,
        part: npt.ArrayLike,
        weights: npt.ArrayLike | None = None,
    ) -> None:
        index = kept_vertices(part, len(sampling_argument("parent", parent)))
        index.setflags(write=False)
        areas: Any = parent.areas(index) if weights is None else weights
        object.__setattr__(self, "parent", parent)
        object.__setattr__(self, "index", index)
        super().__init__(parent.positions(index), areas)

    @property
    def mask(self) -> npt.NDArray[np.bool_]:
        """True where a vertex of the parent is kept, shape ``(V_parent,)``."""
        mask = np.zeros(len(self.parent), dtype=bool)
        mask[self.index] = True
        return mask

    @property
    def config(self) -> dict[str, Any]:
        """Configuration of the parent, the mask, and areas where they differ.

        Indices replace the mask where they do not ascend.
        """
        config: dict[str, Any] = {
            "type": self.config_type,
            "parent": self.parent.config,
        }
        if (np.diff(self.index) > 0).all():
            config["mask"] = encode_array(np.packbits(self.mask))
        else:
            config["index"] = encode_array(self.index)
        if not np.array_equal(self.weights, self.parent.weights[self.index]):
            config["weights"] = encode_array(self.weights)
        return config

    @property
    def name(self) -> str:
        """``<parent>-masked``."""
        return f"{self.parent.name}-masked"

    def __repr__(self) -> str:
        return (
            f"Masked({self.parent!r}) with {counted(len(self), 'vertex', 'vertices')}"
        )

    def cells(self) -> Cells:
        """Return cells of the parent, whole even where only a part of one is kept."""
        return self.parent.cells()[self.index]

    def places_in(self, coarse: Sampling) -> tuple[IntArray, int] | None:
        """Return the places of the kept cells, as in the whole sampling."""
        whole, index = whole_sampling(self)
        found = whole.places_in(whole_sampling(coarse)[0])
        return None if found is None else (found[0][index], found[1])

    def coarsen(self) -> Coarsening:
        """Coarsen the parent, and keep the coarse cells that contain any kept cell.

        The area of a coarse cell is that of the kept cells in it.

        Raises
        ------
        ValueError
            If the parent has no coarser sampling, or the result would not have fewer
            vertices.
        """
        whole = self.parent.coarsen()
        shares = whole.assign[:, self.index]
        area = shares @ self.weights
        kept = np.flatnonzero(area > 0)
        if len(kept) >= len(self):
            raise ValueError(
                f"coarsening must give fewer vertices, got "
                f"{counted(len(kept), 'cell')} of {whole.coarse.name} for the "
                f"{counted(len(self), 'vertex', 'vertices')} kept of "
                f"{self.parent.name}; keep neighbouring cells, pad them to whole "
                "parents by samplings.pad_to_parents(part, levels), use a much coarser "
                "sampling by Transfer.conservative(part, coarse).coarsening(), or "
                "merge nearest points by Irregular(part.xyz, part.weights)"
            )
        coarse = Masked(whole.coarse, kept, area[kept])
        return Coarsening(self, coarse, shares[kept])


def whole_sampling(sampling: Sampling) -> tuple[Sampling, IntArray]:
    """Return the unmasked sampling, and the indices of ``sampling`` in it."""
    index = np.arange(len(sampling))
    while isinstance(sampling, Masked):
        index = sampling.index[index]
        sampling = sampling.parent
    return sampling, index


def same_sampling(a: Sampling, b: Sampling) -> bool:
    """Whether two samplings have equal vertices, in the same order, and equal areas.

    Points may differ by 1e-9 (six millimetres on Earth), areas by a relative 1e-9.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> same_sampling(HEALPix(2, nest=True), HEALPix(2, nest=False))
    False
    """
    sampling_argument("a", a)
    sampling_argument("b", b)
    return (
        len(a) == len(b)
        and bool(np.abs(a.xyz - b.xyz).max() <= 1e-9)
        and bool(np.allclose(a.weights, b.weights, rtol=1e-9, atol=0))
    )
