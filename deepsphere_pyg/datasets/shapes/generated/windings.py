"""Tubes that wind: rings, knots and springs."""

from __future__ import annotations

import numpy as np

from deepsphere_pyg.datasets.shapes.generated.lofts import (
    Piece,
    circle,
    closed_loft,
    tubes,
)


def ring(rng: np.random.Generator) -> Piece:
    """Return a torus of an elliptic or almost square cross-section, partly wavy."""
    n, s = 64, 20
    t = 2 * np.pi * np.arange(n) / n
    thick, high = rng.uniform((0.12, 0.12), (0.4, 0.5))
    exponent = rng.uniform(0.3, 1)
    section = np.sign(circle(s)) * np.abs(circle(s)) ** exponent
    waves, depth = rng.integers(2, 7), max(rng.uniform(-0.2, 0.25), 0)
    width = thick * (1 + depth * np.cos(waves * t))
    radius = 1 + width[:, None] * section[:, 0]
    rings = np.empty((n, s, 3))
    # Seen from the next ring, the section turns from outwards to downwards.
    rings[..., 0] = radius * np.cos(t)[:, None]
    rings[..., 1] = radius * np.sin(t)[:, None] * rng.uniform(0.6, 1)
    rings[..., 2] = -high * section[:, 1]
    return closed_loft(rings)


def knot(rng: np.random.Generator) -> Piece:
    """Return a knotted tube that winds around a torus."""
    through, about = [(2, 3), (3, 2), (2, 5), (3, 4)][rng.integers(4)]
    n, s = 160, 10
    t = 2 * np.pi * np.arange(n) / n
    inner, thick = rng.uniform((0.35, 0.1), (0.5, 0.17))
    height = rng.uniform(0.8, 1.3)
    turn, tilt = through * t, about * t
    # The normal of the torus is orthogonal to the curve, which lies on it.
    outward = np.stack(
        [np.cos(turn) * np.cos(tilt), np.sin(turn) * np.cos(tilt), np.sin(tilt)], 1
    )
    path = np.stack([np.cos(turn), np.sin(turn), 0 * t], axis=1) + inner * outward
    along = np.roll(path, -1, axis=0) - np.roll(path, 1, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    c, d = circle(s).T[:, None, :, None]
    aside = np.cross(along, outward)[:, None]
    rings = path[:, None] + thick * (c * outward[:, None] + d * aside)
    return closed_loft(rings).moved((1, 1, height))


def spring(rng: np.random.Generator) -> Piece:
    """Return a helix of three to seven turns, partly conical."""
    turns, n = rng.uniform(3, 7), 150
    t = np.linspace(0, 1, n)
    height, wide, taper = rng.uniform((1.4, 0.4, -0.5), (2.4, 0.8, 0.5))
    radius = wide * (1 + taper * (t - 0.5))
    angle = rng.choice([-1, 1]) * 2 * np.pi * turns * t
    path = np.stack([radius * np.cos(angle), radius * np.sin(angle), height * t], 1)
    # Turns do not touch.
    thick = min(rng.uniform(0.06, 0.14), 0.35 * height / turns)
    return tubes(path, thick, 10)
