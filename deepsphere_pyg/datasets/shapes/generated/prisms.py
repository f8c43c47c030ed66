"""Prisms: over polygons, stars and toothed wheels."""

from __future__ import annotations

import numpy as np

from deepsphere_pyg.datasets.shapes.generated.lofts import (
    Piece,
    circle,
    extruded,
    outline,
    polygon,
    together,
)


def prism(rng: np.random.Generator) -> Piece:
    """Return a prism of three to six sides, twisted, partly tapered to a stump."""
    corners = int(rng.integers(3, 7))
    piece = extruded(polygon(corners, 48 // corners), 12)
    height = rng.uniform(0.5, 1.6)
    return _turned(piece, rng.uniform(-0.6, 0.6), rng.uniform(-0.3, 0.3)).moved(
        (1, rng.uniform(0.7, 1), height)
    )


def star(rng: np.random.Generator) -> Piece:
    """Return a prism over a star of four to eight points."""
    points, depth = int(rng.integers(4, 9)), rng.uniform(0.35, 0.65)
    corners = (
        circle(2 * points) * np.where(np.arange(2 * points) % 2, depth, 1)[:, None]
    )
    piece = extruded(outline(corners, 4), 8)
    height = rng.uniform(0.15, 0.8)
    return _turned(piece, rng.uniform(-0.6, 0.6), rng.uniform(-0.3, 0.3)).moved(
        (1, 1, height)
    )


def gear(rng: np.random.Generator) -> Piece:
    """Return a wheel of nine to fifteen blunt teeth, with a hub."""
    teeth, depth = int(rng.integers(9, 16)), rng.uniform(0.7, 0.85)
    # Half widths at the top and the root of a tooth, of half the distance of teeth.
    top, root = rng.uniform((0.25, 0.6), (0.5, 0.85))
    flank = np.array([-root, -top, top, root])
    angle = (2 * np.arange(teeth)[:, None] + flank) * np.pi / teeth
    radius = np.broadcast_to([depth, 1, 1, depth], angle.shape)
    corners = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
    height = rng.uniform(0.12, 0.4)
    wheel = extruded(outline(corners.reshape(-1, 2), 2), 4).moved((1, 1, height))
    wide, long = rng.uniform((0.15, 1.1), (0.45, 2.2))
    hub = extruded(circle(32), 4).moved((wide, wide, height * long))
    return together([wheel, hub])


def _turned(piece: Piece, twist: float, taper: float) -> Piece:
    """Return a prism whose sections turn and shrink with height, from -1 to 1."""
    x, y, z = piece.vertices.T
    angle, size = twist * z, 1 + taper * z
    c, s = size * np.cos(angle), size * np.sin(angle)
    return Piece(np.stack([c * x - s * y, s * x + c * y, z], axis=1), piece.faces)
