"""Geometry on the unit sphere for the generated weather: frames, distances, curves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

EARTH_RADIUS = 6371.0  # km
EARTH_ROTATION = 7.292e-5  # rad/s


def unit_vector(lon: npt.ArrayLike, lat: npt.ArrayLike) -> FloatArray:
    """Unit vectors ``(..., 3)`` at longitude and latitude in degree."""
    lam, phi = np.deg2rad(lon), np.deg2rad(lat)
    return np.stack(
        [np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=-1
    )


def dot(a: FloatArray, b: FloatArray) -> FloatArray:
    """Inner products of vectors ``(..., 3)``, broadcast."""
    # Several times as fast as a sum over so short an axis.
    product: FloatArray = np.einsum("...i,...i", a, b)
    return product


def unit(vectors: FloatArray) -> FloatArray:
    """Vectors ``(..., 3)`` divided by their lengths; zero stays zero."""
    length = np.sqrt(dot(vectors, vectors))[..., None]
    scaled: FloatArray = vectors / np.maximum(length, 1e-12)
    return scaled


def east_north(xyz: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Unit vectors to the east and north, each ``(V, 3)``; longitude 0 at a pole."""
    x, y, z = xyz.T
    r = np.hypot(x, y)
    pole = r == 0
    safe = np.where(pole, 1.0, r)
    cos, sin = np.where(pole, 1.0, x / safe), y / safe
    east = np.stack([-sin, cos, np.zeros_like(sin)], axis=1)
    north = np.stack([-z * cos, -z * sin, r], axis=1)
    return east, north


def coriolis(sin_lat: npt.ArrayLike) -> FloatArray:
    """Coriolis parameter in 1/s, positive in the north."""
    parameter: FloatArray = 2 * EARTH_ROTATION * np.asarray(sin_lat, dtype=np.float64)
    return parameter


def distance(xyz: FloatArray, centre: FloatArray) -> FloatArray:
    """Great-circle distance in km between unit vectors ``(..., 3)``, broadcast."""
    # The half chord is exact for small distances, unlike the arc cosine.
    gap = xyz - centre
    half = 0.5 * np.sqrt(dot(gap, gap))
    length: FloatArray = 2 * EARTH_RADIUS * np.arcsin(np.minimum(half, 1.0))
    return length


def within(xyz: FloatArray, centre: FloatArray, radius: float) -> npt.NDArray[np.int64]:
    """Indices of the points ``(V, 3)`` at most ``radius`` km from a centre."""
    return np.flatnonzero(xyz @ centre >= np.cos(min(radius / EARTH_RADIUS, np.pi)))


def window(fraction: FloatArray) -> FloatArray:
    """Smooth factor, 1 at fraction 0 and 0 from fraction 1 on: (1 - x^2)^2."""
    factor: FloatArray = np.maximum(1 - fraction**2, 0.0) ** 2
    return factor


def carried(direction: FloatArray, xyz: FloatArray) -> FloatArray:
    """Unit tangents at points ``(V, 3)`` along directions in space, shape ``(3,)``."""
    return unit(direction - dot(xyz, direction)[:, None] * xyz)


@dataclass(frozen=True)
class Nearest:
    """Position of points relative to the nearest point of a curve.

    Attributes
    ----------
    distance
        Distance to the curve in km, shape ``(V,)``.
    left
        Offset to the left of the curve's direction in km; zero on its extension.
    position
        Position of the nearest point along the curve, from 0 to 1.
    direction
        Unit tangents in the direction of the curve, shape ``(V, 3)``.
    """

    distance: FloatArray
    left: FloatArray
    position: FloatArray
    direction: FloatArray


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve of straight pieces between nodes on the sphere, shape ``(N, 3)``.

    The nearest point is found on the chords between the nodes, in closed form, and then
    put on the sphere: for nodes 200 km apart the distance is that to the arcs within
    30 m up to 1500 km.
    """

    nodes: FloatArray

    @property
    def length(self) -> float:
        """Length in km."""
        return float(distance(self.nodes[:-1], self.nodes[1:]).sum())

    @property
    def middle(self) -> FloatArray:
        """Unit vector of the middle node."""
        middle: FloatArray = self.nodes[len(self.nodes) // 2]
        return middle

    def near(self, xyz: FloatArray, radius: float) -> npt.NDArray[np.int64]:
        """Return points of a cap, including all within ``radius`` km of the curve."""
        reach = float(distance(self.nodes, self.middle).max())
        return within(xyz, self.middle, reach + radius)

    def nearest(self, xyz: FloatArray) -> Nearest:
        """Find the nearest points of the curve to points ``(V, 3)``."""
        start, step = self.nodes[:-1], np.diff(self.nodes, axis=0)
        square = dot(step, step)
        # (V, N - 1): foot of the perpendicular on each piece, clipped to the piece, and
        # the squared distance to it, up to a term common to all pieces.
        offset = xyz @ step.T - dot(start, step)
        along = np.clip(offset / square, 0.0, 1.0)
        gap = dot(start, start) - 2 * (xyz @ start.T)
        gap += along * (along * square - 2 * offset)
        piece = gap.argmin(axis=1)
        t = along[np.arange(len(xyz)), piece]
        foot = unit(start[piece] + t[:, None] * step[piece])
        # Tangents of the nodes, interpolated along the piece to be continuous.
        nodes = np.gradient(self.nodes, axis=0)
        tangent = (1 - t)[:, None] * nodes[piece] + t[:, None] * nodes[piece + 1]
        side = unit(np.cross(foot, tangent))
        return Nearest(
            distance=distance(xyz, foot),
            left=EARTH_RADIUS * dot(xyz - foot, side),
            position=(piece + t) / len(step),
            direction=carried(tangent, xyz),
        )
