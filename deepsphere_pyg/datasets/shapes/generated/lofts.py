"""Closed surfaces through rings of points: the pieces of all generated shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from samplings.arrays import FloatArray, IntArray


class Piece(NamedTuple):
    """A closed surface, or some of them together.

    Attributes
    ----------
    vertices
        Positions, shape ``(P, 3)``.
    faces
        Triangles, counterclockwise as seen from outside, shape ``(F, 3)``.
    """

    vertices: FloatArray
    faces: IntArray

    def moved(
        self, scale: npt.ArrayLike = 1.0, shift: npt.ArrayLike = (0, 0, 0)
    ) -> Piece:
        """Return the piece scaled by positive numbers, then shifted."""
        vertices = self.vertices * np.asarray(scale, dtype=np.float64)
        return Piece(vertices + np.asarray(shift, dtype=np.float64), self.faces)

    def turned(self, axis: int, angle: float) -> Piece:
        """Return the piece turned about a coordinate axis, in radian."""
        j, k = (axis + 1) % 3, (axis + 2) % 3
        vertices = self.vertices.copy()
        c, s = np.cos(angle), np.sin(angle)
        vertices[:, j] = c * self.vertices[:, j] - s * self.vertices[:, k]
        vertices[:, k] = s * self.vertices[:, j] + c * self.vertices[:, k]
        return Piece(vertices, self.faces)


def together(pieces: Sequence[Piece]) -> Piece:
    """Return several pieces as one; where they overlap, they stay as they are."""
    starts = np.cumsum([0] + [len(piece.vertices) for piece in pieces[:-1]])
    return Piece(
        np.concatenate([piece.vertices for piece in pieces]),
        np.concatenate([p.faces + s for p, s in zip(pieces, starts, strict=True)]),
    )


def loft(rings: FloatArray, start: npt.ArrayLike, end: npt.ArrayLike) -> Piece:
    """Join rings, each to the next, and close both ends by fans of triangles.

    Parameters
    ----------
    rings
        Points, shape ``(..., R, S, 3)``; those of a ring go counterclockwise as seen
        from the end. Axes in front are separate surfaces.
    start, end
        Middle of the two fans, shape ``(..., 3)``.
    """
    *many, n, s, _ = rings.shape
    flat = rings.reshape(-1, n * s, 3)
    tips = np.stack(
        [np.broadcast_to(tip, (*many, 3)).reshape(-1, 3) for tip in (start, end)], 1
    )
    around = np.arange(s)
    after = (around + 1) % s
    first, last = np.full(s, n * s), np.full(s, n * s + 1)
    top = (n - 1) * s
    faces = np.concatenate(
        [
            _sides(n, s, closed=False),
            np.stack([first, after, around], axis=1),
            np.stack([last, top + around, top + after], axis=1),
        ]
    )
    starts = (n * s + 2) * np.arange(len(flat))
    return Piece(
        np.concatenate([flat, tips], axis=1).reshape(-1, 3),
        (faces + starts[:, None, None]).reshape(-1, 3),
    )


def closed_loft(rings: FloatArray) -> Piece:
    """Join rings, each to the next and the last to the first: a torus.

    Rings have shape ``(R, S, 3)``, and go counterclockwise as seen from the next.
    """
    n, s, _ = rings.shape
    return Piece(rings.reshape(-1, 3), _sides(n, s, closed=True))


def _sides(n: int, s: int, *, closed: bool) -> IntArray:
    """Return the two triangles of each quadrangle between rings."""
    ring = np.arange(n if closed else n - 1)[:, None]
    around = np.arange(s)
    here, above = ring * s, (ring + 1) % n * s
    after = (around + 1) % s
    a, b, c, d = here + around, here + after, above + after, above + around
    faces = np.stack([np.stack([a, b, c], -1), np.stack([a, c, d], -1)])
    return faces.reshape(-1, 3)


def circle(n: int) -> FloatArray:
    """Return points of the unit circle, counterclockwise, shape ``(n, 2)``."""
    angle = 2 * np.pi * np.arange(n) / n
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def tubes(paths: FloatArray, radii: npt.ArrayLike, n_around: int = 10) -> Piece:
    """Return tubes of varying radius along open paths, each closed at its ends.

    Parameters
    ----------
    paths
        Points, shape ``(B, P, 3)``, or ``(P, 3)`` for one path.
    radii
        Radius at each point, broadcast to ``(B, P)``.
    n_around
        Number of points of a ring.

    Notes
    -----
    The frame of each ring is that of the one before, turned as little as possible: its
    first axis is made orthogonal to the new direction.
    """
    paths = paths.reshape(-1, *paths.shape[-2:])
    along = np.gradient(paths, axis=1)
    along /= np.linalg.norm(along, axis=-1, keepdims=True)
    # The coordinate axis that is least along the first direction.
    across = np.eye(3)[np.abs(along[:, 0]).argmin(axis=1)]
    frames = np.empty_like(paths)
    for step in range(paths.shape[1]):
        ahead = along[:, step]
        across = across - (across * ahead).sum(axis=1, keepdims=True) * ahead
        across = across / np.linalg.norm(across, axis=1, keepdims=True)
        frames[:, step] = across
    r = np.broadcast_to(radii, paths.shape[:2])[..., None, None]
    c, s = circle(n_around).T[:, :, None]
    first, second = frames[..., None, :], np.cross(along, frames)[..., None, :]
    rings = paths[..., None, :] + r * (c * first + s * second)
    return loft(rings, paths[:, 0], paths[:, -1])


def extruded(outline: FloatArray, n_steps: int = 4) -> Piece:
    """Return the prism over an outline around the z axis, with heights from -1 to 1.

    Parameters
    ----------
    outline
        Points, shape ``(S, 2)``, counterclockwise; the origin sees all of them.
    n_steps
        Number of steps in height.
    """
    z = np.linspace(-1, 1, n_steps + 1)
    # A ring half-way inside each lid makes triangles less long.
    height = np.concatenate([[-1], z, [1]])
    size = np.concatenate([[0.5], np.ones(n_steps + 1), [0.5]])
    rings = np.empty((len(height), len(outline), 3))
    rings[..., :2] = size[:, None, None] * outline
    rings[..., 2] = height[:, None]
    return loft(rings, (0, 0, -1), (0, 0, 1))


def box(size: npt.ArrayLike, centre: npt.ArrayLike = (0, 0, 0)) -> Piece:
    """Return a box of three edge lengths, with 192 faces."""
    return extruded(polygon(4, 4, turn=np.pi / 4, radius=2**0.5)).moved(
        np.asarray(size) / 2, centre
    )


def polygon(
    corners: int, per_side: int, *, turn: float = 0.0, radius: float = 1.0
) -> FloatArray:
    """Return a regular polygon with points along its sides, shape ``(S, 2)``."""
    angle = 2 * np.pi * np.arange(corners) / corners + turn
    return outline(radius * np.stack([np.cos(angle), np.sin(angle)], axis=1), per_side)


def outline(corners: FloatArray, per_side: int) -> FloatArray:
    """Return points along the sides of a closed polygon, shape ``(S, 2)``."""
    share = np.arange(per_side)[:, None] / per_side
    after = np.roll(corners, -1, axis=0)
    points = corners[:, None] + share * (after - corners)[:, None]
    return np.asarray(points.reshape(-1, 2))
