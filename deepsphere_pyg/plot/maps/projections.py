"""Projections of the sphere onto the plane of a picture, and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from samplings.arguments import number_argument, shown
from samplings.arrays import FloatArray

Pair = tuple[FloatArray, FloatArray]

# Entries of the table of the auxiliary angle, whose error is then below a pixel.
_TABLE = 20_001
# Points of an outline.
_RIM = 361


class Projection(ABC):
    """A projection of places, in degrees, onto a plane.

    ``name`` is what texts call it.
    """

    name: ClassVar[str]

    @property
    @abstractmethod
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top of the map in the plane."""

    @abstractmethod
    def forward(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
        """Return x and y of places of the same shape, NaN where they are hidden."""

    @abstractmethod
    def inverse(self, x: npt.ArrayLike, y: npt.ArrayLike) -> Pair:
        """Return longitudes and latitudes of points, NaN beside the globe."""

    def pixels(self, width: int) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
        """Return the places of the pixels of a picture.

        Parameters
        ----------
        width
            Pixels across.

        Returns
        -------
        xyz : ndarray
            Unit vectors of the pixels on the globe, shape ``(N, 3)``.
        on_globe : ndarray
            Boolean picture, first row north, with N True.
        """
        left, right, bottom, top = self.extent
        height = max(1, int(width * (top - bottom) / (right - left)))
        x = np.linspace(left, right, width)
        y = np.linspace(top, bottom, height)
        lon, lat = self.inverse(*np.meshgrid(x, y))
        on_globe = np.isfinite(lon) & np.isfinite(lat)
        return unit_vectors(lon[on_globe], lat[on_globe]), on_globe

    def outline(self) -> Pair:
        """Return points of the rim of the globe, an ellipse by default."""
        angle = np.linspace(0, 2 * np.pi, _RIM)
        left, right, bottom, top = self.extent
        x, y = (right - left) * np.cos(angle), (top - bottom) * np.sin(angle)
        return (left + right + x) / 2, (bottom + top + y) / 2


@dataclass(frozen=True)
class _WholeGlobe(Projection):
    """A projection of all longitudes, with one of them in the middle."""

    central_longitude: float = 0.0

    def __post_init__(self) -> None:
        middle = _finite("central_longitude", self.central_longitude)
        object.__setattr__(self, "central_longitude", middle)


@dataclass(frozen=True)
class Mollweide(_WholeGlobe):
    r"""The Mollweide projection, which keeps areas.

    With :math:`2a + \sin 2a = \pi \sin(lat)`, :math:`x = 2\, lon \cos(a) / \pi` and
    :math:`y = \sin a`: x is from -2 to 2, y from -1 to 1.

    Parameters
    ----------
    central_longitude
        Longitude of the middle in degrees.

    Raises
    ------
    TypeError, ValueError
        If the longitude is not a finite number.

    Source: Snyder, Map Projections: A Working Manual (1987), pp. 249-252.

    Examples
    --------
    >>> x, y = Mollweide(central_longitude=180).forward([180.0, 90.0], [0.0, 0.0])
    >>> np.allclose(x, [0, -1]), np.allclose(y, 0)
    (True, True)
    """

    name: ClassVar[str] = "mollweide"

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top of the map in the plane."""
        return -2.0, 2.0, -1.0, 1.0

    def forward(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
        """Return x and y of places of the same shape."""
        table = np.linspace(-np.pi / 2, np.pi / 2, _TABLE)
        sine = (2 * table + np.sin(2 * table)) / np.pi
        a = np.interp(np.sin(np.deg2rad(lat)), sine, table)
        east = longitudes_from(lon, self.central_longitude)
        return east / 90 * np.cos(a), np.sin(a)

    def inverse(self, x: npt.ArrayLike, y: npt.ArrayLike) -> Pair:
        """Return longitudes and latitudes of points, NaN beside the globe."""
        x, y = np.asarray(x, float), np.asarray(y, float)
        inside = x**2 / 4 + y**2 < 1
        a = np.arcsin(np.where(inside, y, 0.0))
        lat = np.arcsin(np.clip((2 * a + np.sin(2 * a)) / np.pi, -1, 1))
        lon = 90 * x / np.cos(a) + self.central_longitude
        return _where(inside, lon), _where(inside, np.rad2deg(lat))


@dataclass(frozen=True)
class Equirectangular(_WholeGlobe):
    """Longitude and latitude as x and y, in degrees.

    Parameters
    ----------
    central_longitude
        Longitude of the middle in degrees.

    Raises
    ------
    TypeError, ValueError
        If the longitude is not a finite number.
    """

    name: ClassVar[str] = "equirectangular"

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top of the map in the plane."""
        return -180.0, 180.0, -90.0, 90.0

    def forward(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
        """Return x and y of places of the same shape."""
        east = longitudes_from(lon, self.central_longitude)
        return east, np.asarray(lat, dtype=np.float64)

    def inverse(self, x: npt.ArrayLike, y: npt.ArrayLike) -> Pair:
        """Return longitudes and latitudes of points, NaN beside the globe."""
        x, y = np.asarray(x, float), np.asarray(y, float)
        inside = (np.abs(x) <= 180) & (np.abs(y) <= 90)
        return _where(inside, x + self.central_longitude), _where(inside, y)

    def outline(self) -> Pair:
        """Return the corners of the map."""
        return (
            np.array([-180.0, 180.0, 180.0, -180.0, -180.0]),
            np.array([-90.0, -90.0, 90.0, 90.0, -90.0]),
        )


@dataclass(frozen=True)
class Orthographic(Projection):
    """The globe as it is seen from far away: one hemisphere in a disc of radius one.

    Parameters
    ----------
    central_longitude, central_latitude
        The place in the middle, in degrees.

    Raises
    ------
    TypeError, ValueError
        If a coordinate is not a finite number, or the latitude is beyond a pole.

    Source: Snyder, Map Projections: A Working Manual (1987), pp. 145-153.

    Examples
    --------
    >>> x, y = Orthographic(10.0, 50.0).forward([10.0, -170.0], [50.0, -50.0])
    >>> bool(abs(x[0]) < 1e-12), bool(np.isnan(x[1]))
    (True, True)
    """

    central_longitude: float = 0.0
    central_latitude: float = 0.0
    name: ClassVar[str] = "orthographic"

    def __post_init__(self) -> None:
        for name in ("central_longitude", "central_latitude"):
            object.__setattr__(self, name, _finite(name, getattr(self, name)))
        if abs(self.central_latitude) > 90:
            raise ValueError(
                "central_latitude must be from -90 to 90 degrees, got "
                f"{self.central_latitude}; pass a latitude"
            )

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top of the map in the plane."""
        return -1.0, 1.0, -1.0, 1.0

    def forward(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
        """Return x and y of places of the same shape, NaN where they are hidden."""
        x, y, depth = np.moveaxis(unit_vectors(lon, lat) @ self._axes().T, -1, 0)
        return _where(depth >= 0, x), _where(depth >= 0, y)

    def inverse(self, x: npt.ArrayLike, y: npt.ArrayLike) -> Pair:
        """Return longitudes and latitudes of points, NaN beside the globe."""
        x, y = np.asarray(x, float), np.asarray(y, float)
        inside = x**2 + y**2 < 1
        depth = np.sqrt(np.where(inside, 1 - x**2 - y**2, 0.0))
        lon, lat = lon_lat_of(np.stack([x, y, depth], axis=-1) @ self._axes())
        return _where(inside, lon), _where(inside, lat)

    def _axes(self) -> FloatArray:
        """Return the directions east, north and outwards of the middle as rows."""
        lon, lat = np.deg2rad([self.central_longitude, self.central_latitude])
        return np.array(
            [
                [-np.sin(lon), np.cos(lon), 0.0],
                [-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)],
                [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)],
            ]
        )


#: Projections by name.
PROJECTIONS: dict[str, type[Mollweide | Equirectangular | Orthographic]] = {
    kind.name: kind for kind in (Mollweide, Equirectangular, Orthographic)
}


def projection_argument(value: object) -> Projection:
    """Return a projection, given itself or by its name."""
    if isinstance(value, Projection):
        return value
    if isinstance(value, str) and value in PROJECTIONS:
        return PROJECTIONS[value]()
    listed = ", ".join(repr(name) for name in PROJECTIONS)
    raise ValueError(
        f"projection must be one of {listed}, got {shown(value)}; pass a name, or a "
        "projection with its middle, such as Mollweide(central_longitude=180)"
    )


def longitudes_from(lon: npt.ArrayLike, middle: float) -> FloatArray:
    """Return longitudes relative to a middle, from -180 to 180 degrees."""
    relative = np.asarray(lon, dtype=np.float64) - middle
    east = (relative + 180) % 360 - 180
    # The eastern rim is not the western one.
    return np.where((east == -180) & (relative > 0), 180.0, east)


def unit_vectors(lon: npt.ArrayLike, lat: npt.ArrayLike) -> FloatArray:
    """Return the unit vectors of places in degrees, shape ``(..., 3)``."""
    east, north = np.deg2rad(lon), np.deg2rad(lat)
    parts = [np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)]
    return np.stack(np.broadcast_arrays(*parts), axis=-1)


def lon_lat_of(xyz: FloatArray) -> Pair:
    """Return longitudes and latitudes in degrees of vectors ``(..., 3)``."""
    level = np.hypot(xyz[..., 0], xyz[..., 1])
    lon = np.arctan2(xyz[..., 1], xyz[..., 0])
    return np.rad2deg(lon), np.rad2deg(np.arctan2(xyz[..., 2], level))


def _finite(name: str, value: float) -> float:
    """Return a finite number of degrees."""
    number = number_argument(name, value, "pass degrees")
    if not np.isfinite(number):
        raise ValueError(f"{name} must be finite, got {number}; pass degrees")
    return number


def _where(inside: npt.NDArray[np.bool_], values: FloatArray) -> FloatArray:
    """Return values inside, and NaN elsewhere."""
    return np.where(inside, values, np.nan)
