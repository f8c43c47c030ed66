"""Coastlines of the Earth on maps.

``coastlines.npz`` holds the land of Natural Earth at a scale of 1 : 110 million, which
is in the public domain (https://www.naturalearthdata.com): ``points``, longitude and
latitude in hundredths of a degree, and ``ends`` of the lines among them. The edges of
flat maps, along the date line and at the south pole, are left out.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from deepsphere_pyg.plot.maps.projections import Pair, Projection
from deepsphere_pyg.plot.maps.views import view_of

_FILE = Path(__file__).with_name("coastlines.npz")


@functools.cache
def coastlines() -> Pair:
    """Return longitudes and latitudes of coasts in degrees, NaN between the lines."""
    with np.load(_FILE) as file:
        points, ends = file["points"] / 100, file["ends"]
    breaks = set(ends[:-1].tolist())
    # Lines that cross the date line.
    breaks |= set((np.flatnonzero(np.abs(np.diff(points[:, 0])) > 180) + 1).tolist())
    lines = np.insert(points, sorted(breaks), np.nan, axis=0)
    # They are kept, so that nobody may change them.
    lines.setflags(write=False)
    return lines[:, 0], lines[:, 1]


def draw_coastlines(
    axes: Axes,
    *,
    projection: Projection | str | None = None,
    color: str = "0.15",
    linewidth: float = 0.5,
) -> None:
    """Draw coastlines on a map, such as that of ``draw_map``.

    Parameters
    ----------
    axes
        Where to draw.
    projection
        That of the map, as in ``draw_map``.
    color, linewidth
        Colour and width of the lines.

    Raises
    ------
    TypeError, ValueError
        If ``axes`` or ``projection`` are not right.
    """
    view_of(axes, projection).lines(
        *coastlines(), color=color, linewidth=linewidth, zorder=2
    )
