"""Maps of real signals, with colour bars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colorbar import make_axes
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Bbox

from deepsphere_pyg.plot.maps.coastlines import draw_coastlines
from deepsphere_pyg.plot.maps.images import map_image, vertex_values
from deepsphere_pyg.plot.maps.projections import Projection
from deepsphere_pyg.plot.maps.quantities import colour_limits, extend_of, scale_of
from deepsphere_pyg.plot.maps.views import view_of
from deepsphere_pyg.plot.style import styled
from samplings import Sampling
from samplings.arguments import choice_argument, flag_argument, integer_argument

# Inches between a map and its colour bar.
_GAP = 0.08


@styled
def draw_map(
    axes: Axes,
    sampling: Sampling,
    values: npt.ArrayLike,
    *,
    title: str = "",
    label: str = "",
    quantity: str = "anything",
    cmap: str | None = None,
    limits: tuple[float, float] | None = None,
    projection: Projection | str | None = None,
    width: int = 800,
    coastlines: bool = False,
    graticule: bool = False,
    extend: str | None = None,
) -> None:
    """Draw a real signal on a map with a colour bar.

    The colour bar has an arrow at an end beyond which there are values. Unknown values,
    which are NaN, are grey.

    Parameters
    ----------
    axes
        Where to draw: plain axes, or axes with a projection of Matplotlib (such as
        ``projection="mollweide"``) or of cartopy.
    sampling, values
        Vertices of the signal, and the signal, shape ``(V,)``.
    title, label
        Above the map (see :func:`map_title`), and below the colour bar (quantity and
        unit).
    quantity
        A key of :data:`QUANTITIES`, which chooses the colours, and whether zero is in
        their middle.
    cmap, limits
        Another colour map of Matplotlib, and the values at its ends: by default the 1st
        and 99th percentile, so that outliers do not matter, or for colours with zero in
        the middle the 99th percentile of the absolute values.
    projection
        On plain axes: a projection, such as ``Mollweide(central_longitude=180)`` or
        ``Orthographic(10, 50)``, or its name; by default Mollweide's with longitude
        zero in the middle.
    width
        Pixels across, at least 2.
    coastlines
        Whether to draw those of the Earth.
    graticule
        Whether to draw and label meridians and parallels.
    extend
        At which ends the colour bar has arrows: ``"neither"``, ``"min"``, ``"max"`` or
        ``"both"``; by default where values are beyond the limits.

    Raises
    ------
    TypeError
        If an argument has another type.
    ValueError
        If the signal does not have one value per vertex or has no finite one, limits
        are not in order, there is no such quantity or projection, or the axes have a
        projection of their own.

    Examples
    --------
    >>> from deepsphere_pyg.plot import new_figure
    >>> from samplings import HEALPix
    >>> sampling = HEALPix(8)
    >>> figure, axes = new_figure(1, 1, (5, 3))
    >>> draw_map(axes[0, 0], sampling, sampling.lat, label="latitude (degree)")
    """
    view = view_of(axes, projection)
    flag_argument("coastlines", coastlines)
    flag_argument("graticule", graticule)
    signal = vertex_values("values", values, sampling)
    scale = scale_of(quantity)
    ends = colour_limits(signal, limits, scale.centred)
    if extend is None:
        extend = extend_of(signal, ends)
    choice_argument("extend", extend, ("neither", "min", "max", "both"))
    pixels = integer_argument("width", width, 2)
    view.frame()
    image = map_image(sampling, signal, view.projection, pixels)
    colours = scale.cmap if cmap is None else cmap
    shown = view.image(image, cmap=colours, norm=Normalize(*ends))
    if coastlines:
        draw_coastlines(axes, projection=projection)
    if graticule:
        view.graticule()
    axes.set_title(title)
    add_colour_bar(axes, shown, extend, label)


def add_colour_bar(axes: Axes, shown: Any, extend: str, label: str) -> Any:
    """Draw a colour bar below a map, and return it."""
    cax, _ = make_axes(axes, orientation="horizontal", shrink=0.7, pad=0.02, aspect=40)
    cax.set_axes_locator(_Below(axes))
    bar = axes.figure.colorbar(shown, cax=cax, orientation="horizontal", extend=extend)
    bar.set_label(label)
    bar.ax.grid(visible=False)
    # Long numbers need more room.
    bar.locator = MaxNLocator(3 if np.abs(shown.get_clim()).max() >= 1e5 else 5)
    return bar


@dataclass(frozen=True)
class _Below:
    """What places a colour bar near its map.

    Layouts put it below the labels of all panels of a row, far from a map that is less
    high than they are.
    """

    axes: Axes

    def __call__(self, cax: Any, renderer: Any) -> Bbox:
        given = cax.get_position(original=True)
        inches = cax.figure.bbox.height / cax.figure.dpi
        top = self.axes.get_position().y0 - _GAP / inches
        up = max(0.0, top - given.y1)
        return Bbox.from_bounds(given.x0, given.y0 + up, given.width, given.height)
