"""Maps of classes, with legends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.patches import Patch

from deepsphere_pyg.plot.maps.coastlines import draw_coastlines
from deepsphere_pyg.plot.maps.images import map_image, vertex_mask, vertex_values
from deepsphere_pyg.plot.maps.projections import Projection
from deepsphere_pyg.plot.maps.views import view_of
from deepsphere_pyg.plot.style import styled
from samplings import Sampling
from samplings.arguments import flag_argument, integer_argument, names_argument

# Paul Tol's muted scheme: distinct for colour-blind readers. White is background.
_CLASS_COLOURS = (
    "#f2f2f2 #cc3311 #0077bb #009988 #ee7733 #33bbee "
    "#ee3377 #999933 #882255 #117733 #332288 #ddcc77"
).split()


@styled
def draw_classes(
    axes: Axes,
    sampling: Sampling,
    classes: npt.ArrayLike,
    class_names: Sequence[str],
    *,
    title: str = "",
    mask: npt.ArrayLike | None = None,
    legend: bool = True,
    colours: Sequence[str] | None = None,
    projection: Projection | str | None = None,
    width: int = 800,
    coastlines: bool = False,
    graticule: bool = False,
) -> None:
    """Draw class indices on a map, with a legend below it.

    Parameters
    ----------
    axes, sampling, title, projection, width, coastlines, graticule
        As in :func:`draw_map`.
    classes
        Class of each vertex, shape ``(V,)``; NaN if unknown.
    class_names
        Names of the classes, in order.
    mask
        True where a vertex counts, shape ``(V,)``; others are grey.
    legend
        Whether to draw a legend of the colours.
    colours
        Colour of each class, by default :func:`class_colours`.

    Raises
    ------
    ValueError
        If the mask does not have the shape of the classes, or a class has no name.
    """
    view = view_of(axes, projection)
    class_names = names_argument("class_names", class_names)
    flag_argument("legend", legend)
    flag_argument("coastlines", coastlines)
    flag_argument("graticule", graticule)
    values = vertex_values("classes", classes, sampling)
    values = np.where(vertex_mask(mask, sampling, "classes"), values, np.nan)
    pixels = integer_argument("width", width, 2)
    nameless = ~np.isnan(values) & ~np.isin(values, np.arange(len(class_names)))
    if nameless.any():
        raise ValueError(
            f"classes must be integers from 0 to {len(class_names) - 1}, indices of "
            f"class_names, got {values[nameless][0]:g}; name every class"
        )
    shades = class_colours(class_names) if colours is None else list(colours)
    if len(shades) != len(class_names):
        raise ValueError(
            f"colours must be one for each of {len(class_names)} classes, got "
            f"{len(shades)}; pass a list of colours"
        )
    view.frame()
    view.image(
        map_image(sampling, values, view.projection, pixels),
        cmap=ListedColormap(shades),
        norm=BoundaryNorm(np.arange(len(shades) + 1) - 0.5, len(shades)),
    )
    if coastlines:
        draw_coastlines(axes, projection=projection)
    if graticule:
        view.graticule()
    axes.set_title(title)
    if legend:
        handles = [
            Patch(facecolor=shade, edgecolor="0.4", label=name)
            for shade, name in zip(shades, class_names, strict=True)
        ]
        axes.legend(
            handles=handles,
            loc="upper center",
            bbox_to_anchor=(0.5, -0.02),
            ncols=min(len(handles), 5),
        )


def class_handles(class_names: Sequence[str]) -> list[Patch]:
    """Return the patches of a legend of the classes."""
    return [
        Patch(facecolor=colour, edgecolor="0.4", label=name)
        for colour, name in zip(class_colours(class_names), class_names, strict=True)
    ]


def class_colours(class_names: Sequence[str]) -> list[str]:
    """Return the colour of each class; the first, light one is for ``background``."""
    start = 0 if "background" in class_names[:1] else 1
    palette = list(_CLASS_COLOURS[start:])
    return [palette[i % len(palette)] for i in range(len(class_names))]
