"""Coastlines of the Earth on Mollweide maps.

``coastlines.npz`` holds the land of Natural Earth at a scale of 1 : 110 million, which
is in the public domain (https://www.naturalearthdata.com): ``points``, longitude and
latitude in hundredths of a degree, and ``ends`` of the lines among them. The edges of
flat maps, along the date line and at the south pole, are left out.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

_FILE = Path(__file__).with_name("coastlines.npz")
# Entries of the table of the auxiliary angle, whose error is then below a pixel.
_TABLE = 20_001

Array = npt.NDArray[np.float64]


def mollweide_points(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Array, Array]:
    r"""Return where places lie on a Mollweide map, x from -2 to 2 and y from -1 to 1.

    With :math:`2a + \sin 2a = \pi \sin(lat)`, :math:`x = 2\, lon \cos(a) / \pi` and
    :math:`y = \sin a`, for longitudes from -180 to 180 degrees.

    Parameters
    ----------
    lon, lat
        Longitude and latitude in degrees, of the same shape.

    Source: Snyder, Map Projections: A Working Manual (1987), pp. 249-252.

    Examples
    --------
    >>> x, y = mollweide_points([0.0, -90.0, 180.0], [90.0, 0.0, 0.0])
    >>> np.allclose(x, [0, -1, 2]), np.allclose(y, [1, 0, 0])
    (True, True)
    """
    table = np.linspace(-np.pi / 2, np.pi / 2, _TABLE)
    sine = (2 * table + np.sin(2 * table)) / np.pi
    a = np.interp(np.sin(np.deg2rad(lat)), sine, table)
    east = (np.asarray(lon, dtype=np.float64) + 180) % 360 - 180
    # The eastern rim is not the western one.
    east = np.where((east == -180) & (np.asarray(lon) > 0), 180.0, east)
    return east / 90 * np.cos(a), np.sin(a)


@functools.cache
def coastlines() -> tuple[Array, Array]:
    """Return longitudes and latitudes of coasts in degrees, NaN between the lines."""
    with np.load(_FILE) as file:
        points, ends = file["points"] / 100, file["ends"]
    breaks = set(ends[:-1].tolist())
    # Lines that cross the date line.
    breaks |= set((np.flatnonzero(np.abs(np.diff(points[:, 0])) > 180) + 1).tolist())
    lines = np.insert(points, sorted(breaks), np.nan, axis=0)
    return lines[:, 0], lines[:, 1]


def draw_coastlines(axes: Axes, *, color: str = "0.15", linewidth: float = 0.5) -> None:
    """Draw coastlines on a Mollweide map, such as that of ``draw_map``.

    Parameters
    ----------
    axes
        Where to draw.
    color, linewidth
        Colour and width of the lines.
    """
    lon, lat = coastlines()
    x, y = mollweide_points(lon, lat)
    axes.plot(x, y, color=color, linewidth=linewidth, scalex=False, scaley=False)
