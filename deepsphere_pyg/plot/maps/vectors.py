"""Arrows of tangent vectors, such as winds, on maps."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from scipy.spatial import cKDTree

from deepsphere_pyg.plot.maps.images import nearest_vertices
from deepsphere_pyg.plot.maps.projections import Projection, lon_lat_of
from deepsphere_pyg.plot.maps.views import view_of
from deepsphere_pyg.plot.style import styled
from samplings import Fibonacci, Sampling
from samplings.arguments import (
    array_argument,
    flag_argument,
    positive_argument,
    sampling_argument,
)
from samplings.arrays import FloatArray, IntArray
from samplings.child_positions import tangent_frames

# Half the step, in radian, along which the direction on the map is measured.
_STEP = 1e-3
# Length of the arrow of the reference length, as a share of the distance of arrows.
_LENGTH = 1.3
_ARROW: dict[str, Any] = {"headwidth": 3.5, "headlength": 4.5, "headaxislength": 4.0}
_ROD: dict[str, Any] = {
    "pivot": "middle",
    "headwidth": 0,
    "headlength": 0,
    "headaxislength": 0,
}
# Distances of arrows in degrees that a map has room for.
_LEAST, _MOST = 0.5, 90.0


@styled
def draw_vectors(
    axes: Axes,
    sampling: Sampling,
    vectors: npt.ArrayLike,
    *,
    spacing: float = 10.0,
    reference: float | None = None,
    unit: str = "",
    projection: Projection | str | None = None,
    color: str = "0.1",
    heads: bool = True,
) -> None:
    """Draw arrows of a field of tangent vectors on a map, such as winds.

    Arrows stand at about equal distances on the sphere, also near the poles, where
    each is the vector of the vertex nearest to it. Their direction on the map is that
    of a step along the vector; their lengths are proportional to those of the vectors,
    and do not depend on the projection. An arrow of the reference length stands in the
    upper right corner.

    Parameters
    ----------
    axes
        A map, such as that of :func:`draw_map`.
    sampling
        Vertices of the field.
    vectors
        Components to the south and to the east at each vertex, shape ``(V, 2)``, as in
        ``wind_components``; NaN if unknown.
    spacing
        Distance of the arrows in degrees.
    reference
        Length of a vector whose arrow is a little longer than the distance of arrows;
        by default near the 95th percentile of the lengths.
    unit
        Unit of the vectors, at the reference arrow.
    projection
        That of the map, as in :func:`draw_map`.
    color
        Colour of the arrows.
    heads
        Whether to draw arrows from their vertices on. Without, rods are drawn with
        their vertices in the middle, for directions that have no sign, such as those of
        polarization.

    Raises
    ------
    TypeError
        If an argument has another type.
    ValueError
        If the vectors do not have two components per vertex or none is finite and
        nonzero, or a number is not positive.

    Examples
    --------
    >>> from deepsphere_pyg.plot import draw_map, new_figure
    >>> from samplings import HEALPix
    >>> sampling = HEALPix(8)
    >>> figure, axes = new_figure(1, 1, (5, 3))
    >>> eastward = np.stack([0 * sampling.lat, 10 * np.sin(sampling.theta)], axis=1)
    >>> draw_map(axes[0, 0], sampling, eastward[:, 1], quantity="wind")
    >>> draw_vectors(axes[0, 0], sampling, eastward, unit="m/s")
    """
    view = view_of(axes, projection)
    shape = _ARROW if flag_argument("heads", heads) else _ROD
    field = _field(vectors, sampling)
    apart = positive_argument("spacing", spacing, "pass degrees, such as 10")
    if not _LEAST <= apart <= _MOST:
        raise ValueError(
            f"spacing must be from {_LEAST} to {_MOST} degrees, got {apart}; pass one "
            "such as 10"
        )
    length = np.linalg.norm(field, axis=1)
    if reference is None:
        reference = _rounded(length)
    unit_length = positive_argument("reference", reference, "pass that of an arrow")
    vertex = _spread(sampling, length > 0, apart)
    east, north = (frame[vertex] for frame in tangent_frames(sampling))
    south_part, east_part = field[vertex].T[..., None]
    x, y, along = _on_map(
        view.projection, sampling.xyz[vertex], east_part * east - south_part * north
    )
    seen = np.isfinite(x) & np.isfinite(along).all(axis=1)
    if not seen.any():
        return
    size = length[vertex[seen], None] / unit_length
    steps = along[seen] * size
    # That of plain axes, since cartopy's wants vectors in coordinates of its own.
    arrows = Axes.quiver(
        axes,
        x[seen],
        y[seen],
        steps[:, 0],
        steps[:, 1],
        transform=view.transform,
        # The steps are directions on the page, whatever the coordinates are.
        angles="uv",
        scale_units="width",
        scale=1 / (_LENGTH * _distance(x[seen], y[seen], view.projection)),
        width=0.0022,
        **shape,
        color=color,
        zorder=2.5,
    )
    view.clip(arrows)
    _, right, _, top = view.projection.extent
    covered = np.isfinite(view.projection.inverse([right], [top])[0]).all()
    axes.quiverkey(
        arrows,
        # In the corner, or above the map where it reaches into the corner.
        0.93,
        1.05 if covered else 0.97,
        1.0,
        f"{unit_length:g} {unit}".strip(),
        labelpos="W" if covered else "S",
        color="0.1",
        fontproperties={"size": 7},
    )


def _field(vectors: npt.ArrayLike, sampling: Sampling) -> FloatArray:
    """Return vectors ``(V, 2)``, with those that are not finite as NaN."""
    field = array_argument("vectors", vectors)
    shape = (len(sampling_argument("sampling", sampling)), 2)
    if field.shape != shape:
        raise ValueError(
            f"vectors must have shape {shape}, components to the south and to the "
            f"east at each vertex, got {field.shape}; see wind_components"
        )
    field[~np.isfinite(field).all(axis=1)] = np.nan
    if not (np.nan_to_num(field) != 0).any():
        raise ValueError(
            "vectors must be finite and not zero somewhere, got none; pass another "
            "field"
        )
    return field


def _rounded(length: FloatArray) -> float:
    """Return the 95th percentile of lengths, rounded to 1, 2 or 5 times ten's power."""
    known = length[length > 0]
    high = float(np.percentile(known, 95))
    power = 10.0 ** np.floor(np.log10(high))
    return float(max(step * power for step in (1, 2, 5) if step * power <= high))


def _spread(
    sampling: Sampling, known: npt.NDArray[np.bool_], spacing: float
) -> IntArray:
    """Return known vertices at about equal distances in degrees."""
    count = max(2, round(4 * np.pi / np.deg2rad(spacing) ** 2))
    vertex, near = nearest_vertices(sampling, Fibonacci(count).xyz)
    chosen = np.unique(vertex[near])
    return chosen[known[chosen]]


def _on_map(
    projection: Projection, xyz: FloatArray, tangent: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return x and y of places, and directions of unit length of vectors there.

    Directions are differences over a step along the vector, or over one half of it
    where the other is hidden or on the other side of the map.
    """
    unit = tangent / np.linalg.norm(tangent, axis=1, keepdims=True)
    before, here, after = (
        np.stack(projection.forward(*lon_lat_of(xyz + step * unit)), axis=1)
        for step in (-_STEP, 0.0, _STEP)
    )
    left, right, bottom, top = projection.extent
    reach = 0.1 * min(right - left, top - bottom)
    near = [np.linalg.norm(one - here, axis=1) < reach for one in (before, after)]
    first = np.where(near[0][:, None], before, here)
    last = np.where(near[1][:, None], after, here)
    along = last - first
    size = np.linalg.norm(along, axis=1, keepdims=True)
    along = np.divide(along, size, out=np.full_like(along, np.nan), where=size > 0)
    return here[:, 0], here[:, 1], along


def _distance(x: FloatArray, y: FloatArray, projection: Projection) -> float:
    """Return the usual distance of arrows, as a share of the width of the map."""
    left, right, _, _ = projection.extent
    if len(x) < 2:
        return 0.1
    points = np.stack([x, y], axis=1)
    distance, _ = cKDTree(points).query(points, 2)
    return float(np.median(np.asarray(distance)[:, 1])) / (right - left)
