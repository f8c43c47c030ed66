"""Positions of vertices as seen from others, in the frame of the local tangent plane.

A position is that of Lambert's equal-area projection about the vertex that sees: its
direction is that of the geodesic, by east and north, and its length is the chord
``2 sin(angle / 2)``, in units of the chord of a radius.
"""

from __future__ import annotations

import math

import numpy as np

from samplings.arguments import angle_argument
from samplings.arrays import FloatArray

# At a point this close to a pole, in radian, the meridian of Greenwich gives the frame.
POLE = 1e-9
# Points this close in radian count as within a radius: ties differ by round-off.
TIE = 1e-9


def local_frames(xyz: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the unit vectors to the east and to the north, both ``(..., 3)``."""
    across = np.hypot(xyz[..., 0], xyz[..., 1])
    polar = across < POLE
    safe = np.where(polar, 1.0, across)
    east = np.zeros_like(xyz)
    east[..., 0] = np.where(polar, 0.0, -xyz[..., 1] / safe)
    east[..., 1] = np.where(polar, 1.0, xyz[..., 0] / safe)
    return east, np.cross(xyz, east)


def seen_positions(viewer: FloatArray, seen: FloatArray) -> FloatArray:
    """Return positions of points as seen from others, before the division by a radius.

    Parameters
    ----------
    viewer, seen
        Unit vectors ``(..., 3)``, broadcast against each other.

    Returns
    -------
    ndarray
        Shape ``(..., 2)``, to the east and to the north, of length
        ``2 sin(angle / 2)``. The antipode, which lies in every direction, is put east.
    """
    east, north = local_frames(viewer)
    step = seen - viewer
    tangent = np.stack([(step * east).sum(-1), (step * north).sum(-1)], axis=-1)
    length = np.hypot(tangent[..., 0], tangent[..., 1])[..., None]
    chord = np.sqrt((step * step).sum(-1))[..., None]
    # Of the antipode only round-off is left in the tangent plane.
    known = length > 1e-12
    unit = np.where(known, tangent / np.where(known, length, 1.0), [1.0, 0.0])
    return np.asarray(unit * chord)


def chord_of(radius: float) -> float:
    """Return the length of the chord of an angle in radian."""
    return 2 * math.sin(radius / 2)


def radius_argument(radius: float | None, positions: FloatArray) -> float:
    """Return a radius in radian, by default the largest angle among positions."""
    if radius is None:
        largest = float(np.hypot(positions[..., 0], positions[..., 1]).max(initial=0.0))
        # A vertex that sees only itself has a position of length zero in any unit.
        return 2 * math.asin(min(largest / 2, 1.0)) or math.pi
    value = angle_argument("radius", radius, "pass an angle in radian")
    if value > math.pi:
        raise ValueError(
            f"radius must be an angle in radian, at most pi, got {value}; convert "
            "degrees with numpy.deg2rad"
        )
    return value
