"""Points anywhere: weather stations, buoys, catalogues."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from samplings.arguments import choice_argument, counted, extent_argument, path_argument
from samplings.arrays import IntArray
from samplings.base import Sampling
from samplings.coarsening import Coarsening
from samplings.encoding import encode_array
from samplings.missing_values import without_missing
from samplings.points.duplicates import (
    CHOICES,
    group_duplicates,
    mean_of_groups,
    refuse_duplicates,
)
from samplings.points.lonlat import lonlat_to_xyz
from samplings.points.matching import merge_cells
from samplings.points.points_file import read_points
from samplings.quantities import unit_vectors
from samplings.tessellation.voronoi import point_areas
from samplings.vertex_arrays import equal_areas


class Irregular(Sampling):
    """Points in any order, each with the area that it stands for.

    Parameters
    ----------
    xyz
        Unit vectors, shape ``(n_input, 3)``.
    weights
        Areas in steradian, shape ``(n_input,)``. By default those of the Voronoi cells,
        which cover the sphere; or, if all points lie in one hemisphere, a third of each
        Delaunay triangle at the point, which together cover the convex hull.
    duplicates
        Treatment of points at the same place: ``"refuse"`` them with an error, or
        ``"merge"`` those less than 1e-6 rad apart (six metres on Earth) into the first
        of them, with the sum of their weights. See :attr:`source_index` and
        :meth:`merge_signal`.
    extent
        Angle in radian up to which the Voronoi cell of a point reaches, for stations of
        a region. ``extent=pi`` sets no limit, and the cells cover the sphere.

    Raises
    ------
    TypeError
        If ``extent`` is not a number.
    ValueError
        If a point is not finite or not of unit length, points coincide and are not to
        be merged, an area is not positive, ``duplicates`` is not one of these words,
        ``extent`` is not in (0, pi], or is given besides weights. Without weights also
        for fewer than four points, points on one circle, or two within about 2e-7 rad.

    Examples
    --------
    >>> octahedron = np.concatenate([np.eye(3), -np.eye(3)])
    >>> stations = Irregular(octahedron)
    >>> stations
    Irregular with 6 vertices
    >>> bool(abs(stations.area / (4 * np.pi) - 1) < 1e-12)
    True
    """

    config_type = "irregular"

    def __init__(
        self,
        xyz: npt.ArrayLike,
        weights: npt.ArrayLike | None = None,
        *,
        duplicates: str = "refuse",
        extent: float | None = None,
    ) -> None:
        choice_argument("duplicates", duplicates, CHOICES)
        if extent is not None:
            extent = extent_argument(extent)
            if weights is not None:
                raise ValueError(
                    "extent limits the areas computed, and must be left out where "
                    "weights are given; pass one of the two"
                )
        points = unit_vectors("xyz", xyz)
        # Stand-ins until the areas of the cells are known.
        areas: Any = weights
        if weights is None:
            areas = equal_areas(len(points) if points.ndim else 0)
        super().__init__(points, areas)
        if duplicates == "refuse":
            refuse_duplicates(self.xyz)
        else:
            first, group = group_duplicates(self.xyz)
            group.setflags(write=False)
            merged = np.bincount(group, self.weights).astype(np.float64)
            super().__init__(self.xyz[first], merged)
            object.__setattr__(self, "_source_index", group)
        if weights is None:
            super().__init__(self.xyz, point_areas(self.xyz, extent))

    @classmethod
    def from_lonlat(
        cls,
        lon: npt.ArrayLike,
        lat: npt.ArrayLike,
        weights: npt.ArrayLike | None = None,
        *,
        duplicates: str = "refuse",
        extent: float | None = None,
    ) -> Self:
        """Build from longitudes and latitudes.

        Parameters
        ----------
        lon
            Longitudes in degree, shape ``(n_input,)``, from -360 to 360. Quantities and
            columns with another unit of angle are converted.
        lat
            Latitudes in degree, shape ``(n_input,)``, from -90 to 90.
        weights, duplicates, extent
            As for :class:`Irregular`; ``extent`` is in radian here too.

        Raises
        ------
        ValueError
            If shapes differ, or a coordinate is missing or out of range; and as
            :class:`Irregular`.

        Warns
        -----
        RadiansWarning
            If the coordinates look like radians.
        """
        xyz = lonlat_to_xyz(lon, lat, stacklevel=3)
        return cls(xyz, weights, duplicates=duplicates, extent=extent)

    @classmethod
    def from_file(
        cls,
        path: str | Path,
        *,
        duplicates: str = "refuse",
        extent: float | None = None,
    ) -> Self:
        """Build from a file of points, with the areas of :class:`Irregular`.

        Parameters
        ----------
        path
            Text with a header line, after ``#`` or not, that names ``lon`` and ``lat``
            (``longitude`` and ``latitude``) in degree or ``x``, ``y``, ``z``, among
            other columns, split by commas, semicolons or blanks; or ``.npy`` of shape
            ``(V, 2)`` (lon, lat) or ``(V, 3)`` (unit vectors); or ``.npz`` with ``lon``
            and ``lat``, or ``xyz``.
        duplicates, extent
            As for :class:`Irregular`.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is empty, damaged, or lacks such columns; and as
            :meth:`from_lonlat`. The message names the file.
        """
        points = read_points(path_argument("path", path))
        try:
            if points.shape[1] == 2:
                points = lonlat_to_xyz(points[:, 0], points[:, 1], stacklevel=3)
            return cls(points, duplicates=duplicates, extent=extent)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    @property
    def source_index(self) -> IntArray:
        """Vertex of each of the points given, ``(n_input,)``; merged ones share one."""
        index: IntArray | None = self.__dict__.get("_source_index")
        return np.arange(len(self)) if index is None else index

    def merge_signal(self, values: npt.ArrayLike, axis: int = 0) -> npt.NDArray[Any]:
        """Average a signal on the points given over those merged into each vertex.

        Parameters
        ----------
        values
            Real numbers with ``n_input`` entries along ``axis``. Missing values are
            left out (:func:`samplings.missing_values.without_missing`); the mean is NaN
            where all are missing.
        axis
            Axis of the points: 0 for ``(n_input, ...)``, -2 for
            ``(..., n_input, channel)``.

        Returns
        -------
        numpy.ndarray
            The means, with V entries along ``axis``; float64, or float32 if the values
            are.

        Raises
        ------
        ValueError
            If there are not ``n_input`` entries along ``axis``.

        Examples
        --------
        >>> lon, lat = [0, 120, 240, 0, 120], [-20, -20, -20, 90, -20]
        >>> stations = Irregular.from_lonlat(lon, lat, duplicates="merge")
        >>> stations.merge_signal([1.0, 2.0, 3.0, 4.0, 6.0])
        array([1., 4., 3., 4.])
        """
        known = without_missing(values)
        return mean_of_groups(known, self.source_index, len(self), axis)

    @property
    def config(self) -> dict[str, Any]:
        """Points and areas as compressed base64."""
        return {
            "type": self.config_type,
            "xyz": encode_array(self.xyz),
            "weights": encode_array(self.weights),
        }

    @property
    def name(self) -> str:
        """``irregular-<V>``."""
        return f"irregular-{len(self)}"

    def __repr__(self) -> str:
        return f"Irregular with {counted(len(self), 'vertex', 'vertices')}"

    def coarsen(self) -> Coarsening:
        """Merge nearest cells in pairs, and the pairs in pairs.

        Pairs form from the closest to the farthest; a point whose neighbours are all
        taken stays single. The coarse point is the area-weighted centroid of its one to
        four children, projected onto the sphere; if that does not exist or coincides
        with another, it is the child of the largest area. Its area is their sum.

        Raises
        ------
        ValueError
            If there is a single point.
        """
        if len(self) < 2:
            raise ValueError(
                "coarsening needs at least two points, got one; start from more"
            )
        xyz, weights, assign = merge_cells(self.xyz, self.weights)
        return Coarsening(self, Irregular(xyz, weights), assign)
