"""Maps on axes: plain ones, and those of Matplotlib and cartopy with a projection."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.patches import Polygon
from matplotlib.patheffects import withStroke
from matplotlib.projections.geo import GeoAxes
from matplotlib.transforms import Transform

from deepsphere_pyg.plot.maps.projections import (
    Mollweide,
    Pair,
    Projection,
    longitudes_from,
    projection_argument,
)
from samplings.arguments import instance_argument
from samplings.arrays import FloatArray

# Space around the globe on plain axes, as a share of its size.
_MARGIN = 0.01
# Places on a meridian or parallel, and between meridians and parallels, in degrees.
_FINE, _MERIDIANS, _PARALLELS = 2.0, 60, 30


@dataclass(frozen=True)
class View:
    """A map on axes.

    Parameters
    ----------
    axes
        Where it is.
    projection
        Its projection.
    transform
        From the plane of the projection to the axes.
    """

    axes: Axes
    projection: Projection
    transform: Transform

    def frame(self) -> None:
        """Draw the globe's ground, grey for unknown values, its rim, and no axes."""
        if _has_projection(self.axes):
            self.axes.patch.set_facecolor("0.75")
            return
        left, right, bottom, top = self.projection.extent
        wide, high = _MARGIN * (right - left), _MARGIN * (top - bottom)
        self.axes.set(
            xlim=(left - wide, right + wide),
            ylim=(bottom - high, top + high),
            aspect="equal",
        )
        self.axes.axis("off")
        rim = np.stack(self.projection.outline(), axis=1)
        self.axes.add_patch(Polygon(rim, facecolor="0.75", linewidth=0, zorder=-1))
        self.axes.add_patch(self._rim(edgecolor="0.2", linewidth=0.8, zorder=3))

    def image(self, image: Any, **style: Any) -> AxesImage:
        """Show a picture of pixels inside of the rim."""
        left, right, bottom, top = self.projection.extent
        height, width = image.shape
        # The outer pixels are centred on the edges.
        across = (right - left) / max(width - 1, 1) / 2
        down = (top - bottom) / max(height - 1, 1) / 2
        # imshow would change the limits, which geographic axes refuse.
        shown = AxesImage(
            self.axes,
            interpolation="nearest",
            origin="upper",
            extent=(left - across, right + across, bottom - down, top + down),
            **style,
        )
        shown.set_data(image)
        shown.set_transform(self.transform)
        self.axes.add_image(shown)
        self.clip(shown)
        return shown

    def lines(self, lon: npt.ArrayLike, lat: npt.ArrayLike, **style: Any) -> None:
        """Draw lines through places, broken at NaN and at the edge of the map."""
        x, y = self.projection.forward(lon, lat)
        left, right, bottom, top = self.projection.extent
        with np.errstate(invalid="ignore"):
            torn = np.abs(np.diff(x)) > 0.5 * (right - left)
            torn |= np.abs(np.diff(y)) > 0.5 * (top - bottom)
        breaks = np.flatnonzero(torn) + 1
        x, y = (np.insert(one, breaks, np.nan) for one in (x, y))
        drawn = self.axes.plot(
            x, y, scalex=False, scaley=False, transform=self.transform, **style
        )
        self.clip(drawn[0])

    def graticule(self) -> None:
        """Draw and label meridians each 60 degrees and parallels each 30."""
        if isinstance(self.axes, GeoAxes):
            self.axes.tick_params(labelleft=False, labelbottom=False)
        style: dict[str, Any] = {"color": "0.45", "linewidth": 0.4, "zorder": 2}
        along = np.arange(-90, 90 + _FINE / 2, _FINE)
        # From rim to rim, where the projection has a middle.
        middle = getattr(self.projection, "central_longitude", 0.0)
        around = np.arange(-180, 180 + _FINE / 2, _FINE) + middle
        for lon in range(-180, 180, _MERIDIANS):
            self.lines(np.full_like(along, lon), along, **style)
            # The rim has the labels of the parallels.
            if abs(longitudes_from(lon, middle)) < 180:
                x, y = self.projection.forward([lon], [0.0])
                side = "" if lon in (0, -180) else "W" if lon < 0 else "E"
                self._label(f"{abs(lon)}°{side}", x, y, ha="left", va="bottom")
        for lat in range(-90 + _PARALLELS, 90, _PARALLELS):
            self.lines(around, np.full_like(around, lat), **style)
            x, y = self.projection.forward(around, np.full_like(around, lat))
            side = "" if lat == 0 else "S" if lat < 0 else "N"
            self._label(f"{abs(lat)}°{side} ", x, y, ha="right", va="center")

    def _label(self, text: str, x: FloatArray, y: FloatArray, **style: Any) -> None:
        """Write a text at the leftmost of some points, unless all are hidden."""
        left, right, bottom, top = self.projection.extent
        with np.errstate(invalid="ignore"):
            shown = (x >= left) & (x <= right) & (y >= bottom) & (y <= top)
        if not shown.any():
            return
        at = int(np.argmin(np.where(shown, x, np.inf)))
        self.axes.text(
            float(x[at]),
            float(y[at]),
            text,
            transform=self.transform,
            fontsize=6,
            color="0.1",
            zorder=4,
            # Readable on dark colours too.
            path_effects=[withStroke(linewidth=1.2, foreground="white", alpha=0.6)],
            **style,
        )

    def clip(self, artist: Any) -> None:
        """Hide the part of an artist that is beside the globe."""
        if _has_projection(self.axes):
            artist.set_clip_path(self.axes.patch)
            return
        rim = self._rim()
        rim.set_transform(self.transform)
        artist.set_clip_path(rim)

    def _rim(self, **style: Any) -> Polygon:
        points = np.stack(self.projection.outline(), axis=1)
        return Polygon(points, facecolor="none", **style)


def view_of(axes: Axes, projection: Projection | str | None = None) -> View:
    """Return the map on axes, or one to be drawn there.

    Parameters
    ----------
    axes
        Plain axes, or axes of Matplotlib or cartopy that have a projection.
    projection
        Projection on plain axes, Mollweide's by default; a name or a projection.

    Raises
    ------
    TypeError
        If ``axes`` is not an ``Axes`` of Matplotlib, or is three-dimensional or polar.
    ValueError
        If there is no such projection, or the axes have one already.
    """
    instance_argument("axes", axes, Axes, "make some by matplotlib.pyplot.subplots()")
    if _has_projection(axes):
        if projection is not None:
            raise ValueError(
                "projection must be left out for axes that have one already, got "
                f"{projection!r}; or pass plain axes"
            )
        if _is_cartopy(axes):
            return View(axes, _OfCartopy(axes), axes.transData)
        flat: Any = axes
        return View(axes, _OfMatplotlib(axes), flat.transAffine + flat.transAxes)
    if axes.name != "rectilinear":
        raise TypeError(
            f"axes must be plain or have a map projection, got {axes.name} axes; make "
            "some by matplotlib.pyplot.subplots()"
        )
    chosen = Mollweide() if projection is None else projection_argument(projection)
    return View(axes, chosen, axes.transData)


def _is_cartopy(axes: Axes) -> bool:
    """Return whether axes are those of cartopy, without loading it."""
    module = sys.modules.get("cartopy.mpl.geoaxes")
    return module is not None and isinstance(axes, module.GeoAxes)


def _has_projection(axes: Axes) -> bool:
    """Return whether axes have a map projection of Matplotlib or cartopy."""
    return isinstance(axes, GeoAxes) or _is_cartopy(axes)


class _OfMatplotlib(Projection):
    """The projection of Matplotlib's axes, which take longitudes in radian."""

    name: ClassVar[str] = "matplotlib"

    def __init__(self, axes: Axes) -> None:
        flat: Any = axes
        self._transform, self._affine = flat.transProjection, flat.transAffine
        there_and_back = self.inverse(*self.forward(120.0, 30.0))
        if not np.allclose(there_and_back, (120.0, 30.0), atol=1e-3):
            raise ValueError(
                "axes must have a projection whose inverse holds everywhere, got "
                f"{axes.name} of Matplotlib, whose does not; use mollweide or hammer"
            )

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top of the map in the plane."""
        corners = self._affine.inverted().transform([[0.0, 0.0], [1.0, 1.0]])
        (left, bottom), (right, top) = corners.tolist()
        return left, right, bottom, top

    def forward(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
        """Return x and y of places of the same shape."""
        east = longitudes_from(lon, 0.0)
        points = np.stack([east, np.broadcast_to(lat, east.shape)], axis=-1)
        flat = self._transform.transform(np.deg2rad(points).reshape(-1, 2))
        x, y = flat.reshape(points.shape).T
        return x.T, y.T

    def inverse(self, x: npt.ArrayLike, y: npt.ArrayLike) -> Pair:
        """Return longitudes and latitudes of points, NaN beside the globe."""
        x, y = np.asarray(x, float), np.asarray(y, float)
        right, top = self.extent[1], self.extent[3]
        inside = (x / right) ** 2 + (y / top) ** 2 < 1
        points = np.stack([np.where(inside, x, 0), np.where(inside, y, 0)], axis=-1)
        back = self._transform.inverted().transform(points.reshape(-1, 2))
        lon, lat = np.rad2deg(back).reshape(points.shape).T
        return np.where(inside, lon.T, np.nan), np.where(inside, lat.T, np.nan)


class _OfCartopy(Projection):
    """The projection of cartopy's axes, on the part of the plane that they show."""

    name: ClassVar[str] = "cartopy"

    def __init__(self, axes: Any) -> None:
        from cartopy.crs import PlateCarree

        self._axes, self._plain = axes, PlateCarree()

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top of the map in the plane."""
        return (*self._axes.get_xlim(), *self._axes.get_ylim())

    @property
    def central_longitude(self) -> float:
        """Longitude of the middle in degrees."""
        return float(self._axes.projection.proj4_params.get("lon_0", 0.0))

    def forward(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
        """Return x and y of places of the same shape, NaN where they are hidden."""
        east, north = np.broadcast_arrays(
            np.asarray(lon, float), np.asarray(lat, float)
        )
        known = np.isfinite(east) & np.isfinite(north)
        # Copies, since cartopy replaces NaN in its arguments.
        points = self._axes.projection.transform_points(
            self._plain, np.where(known, east, 0.0), np.where(known, north, 0.0)
        )
        finite = known & np.isfinite(points).all(axis=-1)
        x, y = (np.where(finite, points[..., i], np.nan) for i in range(2))
        return x, y

    def inverse(self, x: npt.ArrayLike, y: npt.ArrayLike) -> Pair:
        """Return longitudes and latitudes of points, NaN beside the globe."""
        places = self._plain.transform_points(
            self._axes.projection, np.array(x, float), np.array(y, float)
        )
        lon, lat = places[..., 0], places[..., 1]
        # Points beside the globe that have longitudes do not come back.
        again_x, again_y = self.forward(lon, lat)
        x, y = np.asarray(x, float), np.asarray(y, float)
        left, right, bottom, top = self.extent
        near = 1e-3 * max(right - left, top - bottom)
        with np.errstate(invalid="ignore"):
            inside = (np.abs(again_x - x) < near) & (np.abs(again_y - y) < near)
        return np.where(inside, lon, np.nan), np.where(inside, lat, np.nan)
