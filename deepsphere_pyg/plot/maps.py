"""Maps of signals on any sampling, in the Mollweide projection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, Patch
from scipy.spatial import cKDTree

from deepsphere_pyg.plot.coastlines import draw_coastlines
from samplings import Sampling
from samplings.arguments import (
    array_argument,
    flag_argument,
    instance_argument,
    integer_argument,
    names_argument,
    sampling_argument,
)

_GET_AXES = "make some by matplotlib.pyplot.subplots()"
# Paul Tol's muted scheme: distinct for colour-blind readers. White is background.
_CLASS_COLOURS = (
    "#f2f2f2 #cc3311 #0077bb #009988 #ee7733 #33bbee "
    "#ee3377 #999933 #882255 #117733 #332288 #ddcc77"
).split()


def mollweide_grid(width: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    r"""Return the unit vectors of the pixels of a Mollweide image.

    With :math:`\sin a = y`, :math:`\sin(lat) = (2a + \sin 2a)/\pi` and
    :math:`lon = \pi x / (2 \cos a)` for :math:`x \in [-2, 2]`, :math:`y \in [-1, 1]`.
    Longitude zero is in the middle and grows to the right.

    Parameters
    ----------
    width
        Pixels across; the picture is half as high.

    Returns
    -------
    xyz : ndarray
        Unit vectors of the pixels on the globe, shape ``(N, 3)``.
    on_globe : ndarray
        Boolean picture, shape ``(width // 2, width)``, first row north, with N True.

    Source: Snyder, Map Projections: A Working Manual (1987), pp. 249-252.
    """
    height = width // 2
    x = np.linspace(-2, 2, width)[None, :]
    y = np.linspace(1, -1, height)[:, None]
    on_globe = x**2 / 4 + y**2 < 1
    a = np.arcsin(np.clip(np.broadcast_to(y, on_globe.shape)[on_globe], -1, 1))
    lat = np.arcsin(np.clip((2 * a + np.sin(2 * a)) / np.pi, -1, 1))
    lon = np.pi * np.broadcast_to(x, on_globe.shape)[on_globe] / (2 * np.cos(a))
    xyz = np.stack(
        [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1
    )
    return xyz, on_globe


def vertex_values(
    name: str, values: npt.ArrayLike, sampling: Sampling
) -> npt.NDArray[np.float64]:
    """Return a signal of one real number per vertex, or refuse it by name."""
    signal = array_argument(name, values)
    shape = (len(sampling_argument("sampling", sampling)),)
    if signal.shape != shape:
        raise ValueError(
            f"{name} must have shape {shape}, one per vertex, got {signal.shape}; pass "
            "the sampling of the signal"
        )
    return signal


def mollweide_image(
    sampling: Sampling, values: npt.ArrayLike, width: int = 800
) -> np.ma.MaskedArray[Any, np.dtype[np.float64]]:
    """Return an image of a signal: each pixel shows its nearest vertex.

    Pixels are masked if they are off the globe, farther from any vertex than twice the
    radius of the largest cell (outside a masked part), or at a vertex that is NaN.

    Parameters
    ----------
    sampling
        Vertices of the signal.
    values
        Signal, shape ``(V,)``.
    width
        Pixels across, at least 2.

    Raises
    ------
    TypeError
        If ``width`` is not an integer.
    ValueError
        If the signal does not have one value per vertex, or ``width`` is below 2.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> sampling = HEALPix(4)
    >>> mollweide_image(sampling, sampling.lat, width=40).shape
    (20, 40)
    """
    signal = vertex_values("values", values, sampling)
    xyz, on_globe = mollweide_grid(integer_argument("width", width, 2))
    distance, vertex = cKDTree(sampling.xyz).query(xyz, workers=-1)
    reach = 2 * np.sqrt(sampling.weights.max() / np.pi)
    shown = np.where(distance <= reach, signal[vertex], np.nan)
    image = np.full(on_globe.shape, np.nan)
    image[on_globe] = shown
    return np.ma.masked_invalid(image)


def draw_map(
    axes: Axes,
    sampling: Sampling,
    values: npt.ArrayLike,
    *,
    title: str = "",
    label: str = "",
    cmap: str = "viridis",
    limits: tuple[float, float] | None = None,
    width: int = 800,
    coastlines: bool = False,
) -> None:
    """Draw a real signal on a Mollweide map with a colour bar.

    Parameters
    ----------
    axes
        Where to draw.
    sampling, values, width
        As in :func:`mollweide_image`.
    title, label
        Above the map, and below the colour bar (quantity and unit).
    cmap, limits
        Matplotlib colour map, and the values at its ends: by default the 1st and 99th
        percentile, so that outliers do not matter.
    coastlines
        Whether to draw those of the Earth.
    """
    instance_argument("axes", axes, Axes, _GET_AXES)
    flag_argument("coastlines", coastlines)
    image = mollweide_image(sampling, values, width)
    if limits is None:
        known = image.compressed()
        limits = tuple(np.percentile(known, [1, 99])) if len(known) else (0.0, 1.0)
    elif np.shape(array_argument("limits", limits)) != (2,):
        raise ValueError(
            f"limits must be the least and the greatest value, got {limits!r}; pass "
            "both, such as (0, 1)"
        )
    shown = _globe(axes, image, cmap=cmap, norm=Normalize(*limits))
    if coastlines:
        draw_coastlines(axes)
    axes.set_title(title, fontsize=10)
    bar = axes.figure.colorbar(
        shown, ax=axes, orientation="horizontal", shrink=0.7, pad=0.02, aspect=40
    )
    bar.set_label(label, fontsize=8)
    bar.ax.tick_params(labelsize=7)


def draw_classes(
    axes: Axes,
    sampling: Sampling,
    classes: npt.ArrayLike,
    class_names: Sequence[str],
    *,
    title: str = "",
    mask: npt.ArrayLike | None = None,
    legend: bool = True,
    width: int = 800,
) -> None:
    """Draw class indices on a Mollweide map with a legend.

    Parameters
    ----------
    axes, sampling, title, width
        As in :func:`draw_map`.
    classes
        Class of each vertex, shape ``(V,)``; NaN if unknown.
    class_names
        Names of the classes, in order.
    mask
        True where a vertex counts, shape ``(V,)``; others are grey.
    legend
        Whether to draw a legend of the colours.

    Raises
    ------
    ValueError
        If the mask does not have the shape of the classes, or a class has no name.
    """
    instance_argument("axes", axes, Axes, _GET_AXES)
    class_names = names_argument("class_names", class_names)
    flag_argument("legend", legend)
    values = vertex_values("classes", classes, sampling)
    if mask is not None:
        known = np.asarray(mask, dtype=bool)
        if known.shape != values.shape:
            raise ValueError(
                f"mask must have the shape {values.shape} of the classes, "
                f"got {known.shape}"
            )
        values = np.where(known, values, np.nan)
    nameless = ~np.isnan(values) & ~np.isin(values, np.arange(len(class_names)))
    if nameless.any():
        raise ValueError(
            f"classes must be integers from 0 to {len(class_names) - 1}, indices of "
            f"class_names, got {values[nameless][0]:g}; name every class"
        )
    colours = class_colours(class_names)
    _globe(
        axes,
        mollweide_image(sampling, values, width),
        cmap=ListedColormap(colours),
        norm=BoundaryNorm(np.arange(len(colours) + 1) - 0.5, len(colours)),
    )
    axes.set_title(title, fontsize=10)
    if legend:
        handles = class_handles(class_names)
        axes.legend(
            handles=handles,
            loc="upper center",
            bbox_to_anchor=(0.5, -0.02),
            ncol=min(len(handles), 5),
            fontsize=7,
            frameon=False,
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


def _globe(axes: Axes, image: Any, **style: Any) -> Any:
    """Show an image inside the globe's outline, with blank pixels off the globe."""
    extent = (-2.0, 2.0, -1.0, 1.0)
    # Grey below the image for unknown values; the rim covers its ragged edge.
    axes.add_patch(Ellipse((0, 0), 4, 2, facecolor="0.75", zorder=-1))
    shown = axes.imshow(image, extent=extent, interpolation="nearest", **style)
    rim = Ellipse((0, 0), 4, 2, facecolor="none", edgecolor="0.2", linewidth=0.8)
    axes.add_patch(rim)
    shown.set_clip_path(rim)
    axes.set(xlim=(-2.02, 2.02), ylim=(-1.02, 1.02), aspect="equal")
    axes.axis("off")
    return shown


def frameless(axes: Axes) -> None:
    """Draw a light grid, and no frame above and to the right."""
    axes.grid(alpha=0.3, which="both")
    axes.spines[["top", "right"]].set_visible(False)


def new_figure(
    rows: int, columns: int, size: tuple[float, float]
) -> tuple[Figure, Any]:
    """Make a figure without pyplot, which needs no screen and is not kept open."""
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False)
