"""Points anywhere: weather stations, buoys, catalogues."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from samplings.base import Coarsening, FloatArray, Sampling
from samplings.encoding import encode_array
from samplings.matching import SAME_POINT, merge_cells
from samplings.points_file import read_points
from samplings.voronoi import voronoi_areas


class Irregular(Sampling):
    """Points without any order, each with the area of its Voronoi cell.

    Build one with :meth:`from_lonlat`, :meth:`from_xyz` or :meth:`from_file`.

    Parameters
    ----------
    xyz
        Unit vectors, shape ``(V, 3)``.
    weights
        Areas in steradian, shape ``(V,)``.

    Raises
    ------
    ValueError
        If a point is not finite or not of unit length, if two points coincide, or if
        an area is not positive.

    Examples
    --------
    >>> stations = Irregular.from_lonlat([0, 90, 180, 270, 0, 0], [0, 0, 0, 0, 90, -90])
    >>> stations
    Irregular with 6 vertices
    >>> bool(abs(stations.area / (4 * np.pi) - 1) < 1e-12)
    True
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        _refuse_duplicates(self.xyz)

    @classmethod
    def from_xyz(cls, xyz: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> Self:
        """Build from unit vectors.

        Parameters
        ----------
        xyz
            Unit vectors, shape ``(V, 3)``.
        weights
            Areas in steradian, shape ``(V,)``; by default those of the Voronoi cells.

        Raises
        ------
        ValueError
            As the constructor; without weights also for fewer than four points, points
            on one circle, or points less than some 1e-7 rad apart.
        """
        points = np.asarray(xyz, dtype=np.float64)
        if weights is None:
            checked = cls(points, np.ones(len(points) if points.ndim else 0))
            return cls(checked.xyz, voronoi_areas(checked.xyz))
        return cls(points, np.asarray(weights, dtype=np.float64))

    @classmethod
    def from_lonlat(
        cls,
        lon: npt.ArrayLike,
        lat: npt.ArrayLike,
        weights: npt.ArrayLike | None = None,
    ) -> Self:
        """Build from longitudes and latitudes.

        Parameters
        ----------
        lon
            Longitudes in degree, shape ``(V,)``, from -360 to 360.
        lat
            Latitudes in degree, shape ``(V,)``, from -90 to 90.
        weights
            As in :meth:`from_xyz`.

        Raises
        ------
        ValueError
            If the shapes differ or a coordinate is missing or out of range; and as
            :meth:`from_xyz`.
        """
        lon = np.asarray(lon, dtype=np.float64)
        lat = np.asarray(lat, dtype=np.float64)
        if lon.ndim != 1 or lon.shape != lat.shape:
            raise ValueError(
                "lon and lat must have the same shape (V,), got "
                f"{lon.shape} and {lat.shape}; flatten grids with ravel()"
            )
        _refuse_outside("lon", lon, 360)
        _refuse_outside("lat", lat, 90)
        east, north = np.deg2rad(lon), np.deg2rad(lat)
        xyz = (
            np.cos(north) * np.cos(east),
            np.cos(north) * np.sin(east),
            np.sin(north),
        )
        return cls.from_xyz(np.stack(xyz, axis=1), weights)

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Build from a file of points; areas are those of the Voronoi cells.

        Parameters
        ----------
        path
            Text with a header line, after ``#`` or not, that names ``lon`` and ``lat``
            (``longitude`` and ``latitude``) in degree or ``x``, ``y``, ``z``, among
            other columns, split by commas, semicolons or blanks; or ``.npy`` of shape
            ``(V, 2)`` (lon, lat) or ``(V, 3)`` (unit vectors); or ``.npz`` with ``lon``
            and ``lat``, or ``xyz``.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is empty, damaged, or holds no such columns; and as
            :meth:`from_lonlat` and :meth:`from_xyz`. The message names the file.
        """
        points = read_points(Path(path))
        try:
            if points.shape[1] == 2:
                return cls.from_lonlat(points[:, 0], points[:, 1])
            return cls.from_xyz(points)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    @property
    def config(self) -> dict[str, Any]:
        """Points and areas as compressed base64."""
        return {
            "type": "irregular",
            "xyz": encode_array(self.xyz),
            "weights": encode_array(self.weights),
        }

    @property
    def name(self) -> str:
        """``irregular-<V>``."""
        return f"irregular-{len(self)}"

    def __repr__(self) -> str:
        return f"Irregular with {len(self)} vertices"

    def coarsen(self) -> Coarsening:
        """Merge nearest cells in pairs, and the pairs in pairs.

        The closest two points are merged first, then the closest two of those left,
        and so on; a point whose neighbours are all taken stays alone. The coarse point
        is the area-weighted centroid of its one to four children, pushed out to the
        sphere, and its area their sum; without a centroid of its own (children opposite
        to each other, or rings about one centre) it is the child of the largest area.
        Where points are dense, coarse points are.

        Raises
        ------
        ValueError
            If there is a single point.
        """
        if len(self) < 2:
            raise ValueError(
                "a single point cannot be coarsened; start from more points"
            )
        xyz, weights, assign = merge_cells(self.xyz, self.weights)
        return Coarsening(self, Irregular(xyz, weights), assign)


def _refuse_outside(name: str, degrees: FloatArray, limit: int) -> None:
    """Refuse missing values, and codes for missing values such as -999."""
    wrong = ~(np.abs(degrees) <= limit)
    if wrong.any():
        bad = int(wrong.argmax())
        raise ValueError(
            f"{name} must be degrees from {-limit} to {limit}, got {degrees[bad]} at "
            f"vertex {bad}; drop such points, and check that lon comes before lat"
        )


def _refuse_duplicates(xyz: FloatArray) -> None:
    if len(xyz) < 2:
        return
    chords, neighbours = cKDTree(xyz).query(xyz, k=2, workers=-1)
    same = np.flatnonzero(np.asarray(chords)[:, 1] <= SAME_POINT)
    if len(same) == 0:
        return
    first = int(same[0])
    others = np.asarray(neighbours)[first]
    second = int(others[0] if others[0] != first else others[1])
    raise ValueError(
        f"points must be distinct, but {first} and {second} coincide "
        f"({len(same)} points coincide with another); drop the repeated ones"
    )
