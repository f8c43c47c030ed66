"""Parallels and meridians of grids, and those halfway between them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from samplings.arrays import FloatArray
from samplings.quantities import degrees as plain_degrees

# A regional grid ends at a gap more than this many times as wide as any other; uneven
# grids that go around the globe vary less.
HOLE = 2.0
# Rows this close to a pole (0.1 millimetres on Earth) are at it, in degree.
POLE = 1e-9


def grid_line(
    name: str, values: npt.ArrayLike, inside: FloatArray | None = None
) -> FloatArray:
    """Return the rows or columns of a grid, or the bounds of given ones, checked.

    ``name`` is ``"lat"`` or ``"lon"``, ``values`` are degrees ``(n,)``, and ``inside``
    the rows or columns ``(n - 1,)`` that must lie between them. Longitudes are changed
    so that they increase, beyond 360 where necessary.
    """
    label = name if inside is None else f"{name}_bounds"
    degrees = plain_degrees(label, values).copy()
    if degrees.ndim != 1 or len(degrees) == 0:
        raise ValueError(f"{label} must have shape (n,), got {degrees.shape}")
    limit = 90 if name == "lat" else 720
    if name == "lat":
        # Round-off at a pole, where all longitudes must be one point.
        polar = np.abs(np.abs(degrees) - 90) < POLE
        degrees[polar] = np.copysign(90.0, degrees[polar])
    wrong = ~(np.abs(degrees) <= limit)
    if wrong.any():
        bad = int(wrong.argmax())
        if np.isnan(degrees[bad]):
            axis = {"lon": "longitude", "lat": "latitude"}[name]
            raise ValueError(
                f"{label} must be degrees from {-limit} to {limit}, got nan at "
                f"position {bad}, whose {axis} is missing; leave out such rows or "
                "columns, with the values there"
            )
        raise ValueError(
            f"{label} must be degrees from {-limit} to {limit}, got {degrees[bad]} at "
            f"position {bad}; drop missing ones, and check that lat comes before lon"
        )
    if name == "lon":
        # 350, 0, 10 continue eastwards.
        degrees += 360 * np.cumsum(np.diff(degrees, prepend=degrees[0]) < 0)
        _check_round(label, degrees, inside is not None)
    steps = np.diff(degrees)
    if not ((steps > 0).all() or (name == "lat" and (steps < 0).all())):
        bad = int((steps * np.sign(steps.sum() or 1)).argmin())
        raise ValueError(
            f"{label} must {'go one way' if name == 'lat' else 'go eastwards'} without "
            f"repeating, got {degrees[bad]:g} and then {degrees[bad + 1]:g}; sort them"
        )
    if inside is not None:
        _check_bounds(label, degrees, inside)
    return degrees


def _check_round(label: str, degrees: FloatArray, closes: bool) -> None:
    """Refuse longitudes that go around more than once."""
    span = degrees[-1] - degrees[0]
    if closes and span <= 360 + 1e-9:
        return
    # The first meridian again, at the precision of float32.
    if not closes and abs(span - 360) < 1e-4:
        raise ValueError(
            f"{label} has the same meridian twice, at {degrees[0]:g} and "
            f"{degrees[-1]:g} degrees; drop the last column"
        )
    if span > 360:
        raise ValueError(
            f"{label} must go eastwards around the globe at most once, got {span:g} "
            "degrees; sort the columns and cut those that overlap"
        )


def _check_bounds(label: str, bounds: FloatArray, inside: FloatArray) -> None:
    if len(bounds) != len(inside) + 1:
        raise ValueError(
            f"{label} must have shape ({len(inside) + 1},), one more than the cells, "
            f"got {bounds.shape}"
        )
    low, high = np.sort([bounds[:-1], bounds[1:]], axis=0)
    outside = (inside < low - 1e-9) | (inside > high + 1e-9)
    if outside.any():
        bad = int(outside.argmax())
        raise ValueError(
            f"{label} must enclose each point, got {bounds[bad]:g} to "
            f"{bounds[bad + 1]:g} for {inside[bad]:g}; give them in the order of the "
            "points"
        )


def parallels_between(lat: FloatArray, closed: bool) -> FloatArray:
    """Return latitudes halfway between rows, and the outer limits, in degree.

    The limits are half a spacing out, at the pole at most. Rows that go around the
    globe (``closed``) end at the pole if it is at most one spacing away.
    """
    if len(lat) < 2:
        raise ValueError("a single row has no spacing; pass lat_bounds, its two limits")
    middle = (lat[1:] + lat[:-1]) / 2
    ends = []
    for end, inner in ((0, 1), (-1, -2)):
        step = lat[end] - lat[inner]
        pole = np.copysign(90.0, step)
        # A part in 10^4 allows for spacings that went through float32.
        near = closed and abs(pole - lat[end]) <= abs(step) * (1 + 1e-4)
        ends.append(pole if near else np.clip(lat[end] + step / 2, -90.0, 90.0))
    return np.concatenate([[ends[0]], middle, [ends[1]]])


def meridians_between(lon: FloatArray) -> FloatArray:
    """Return longitudes halfway between columns, and the outer limits, in degree."""
    if len(lon) < 2:
        raise ValueError(
            "a single column has no spacing; pass lon_bounds, its two limits "
            "(360 degrees apart for a whole ring)"
        )
    gaps = np.append(np.diff(lon), lon[0] + 360 - lon[-1])
    widest = int(gaps.argmax())
    others = np.delete(gaps, widest)
    if gaps[widest] <= HOLE * others.max() * (1 + 1e-6):
        west = lon[0] - gaps[-1] / 2
        return np.concatenate([[west], (lon[1:] + lon[:-1]) / 2, [west + 360]])
    if widest != len(lon) - 1:
        raise ValueError(
            f"there are no columns from {lon[widest]:g} to {lon[widest + 1]:g} "
            f"degrees; start with the column at {lon[widest + 1]:g}, east of the gap, "
            "or pass lon_bounds"
        )
    ends = lon[0] - gaps[0] / 2, lon[-1] + gaps[-2] / 2
    return np.concatenate([[ends[0]], (lon[1:] + lon[:-1]) / 2, [ends[1]]])
