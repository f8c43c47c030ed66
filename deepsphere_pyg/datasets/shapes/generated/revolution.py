"""Vessels: surfaces of revolution, hollow where they are open."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deepsphere_pyg.datasets.shapes.generated.lofts import (
    Piece,
    circle,
    loft,
    together,
    tubes,
)
from samplings.arrays import FloatArray

Profile = Sequence[tuple[float, float]]


def revolved(
    rng: np.random.Generator, profile: Profile, n_rings: int = 38, n_around: int = 36
) -> Piece:
    """Return the surface of revolution of a smoothed profile, slightly out of round.

    Parameters
    ----------
    rng
        Source of the flutes and of the ellipse of the cross-section.
    profile
        Radii and heights, from the axis at the bottom to the axis at the top, or at the
        bottom of the inside.
    n_rings, n_around
        Numbers of circles and of points on each.
    """
    curve = np.array(profile)
    for _ in range(3):
        curve = _corners_cut(curve)
    length = np.concatenate(
        [[0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))]
    )
    at = np.linspace(0, length[-1], n_rings + 2)
    radius, height = (np.interp(at, length, part) for part in curve.T)
    flutes = rng.integers(5, 13)
    depth = max(rng.uniform(-0.08, 0.08), 0.0)
    ripple = 1 + depth * np.cos(flutes * 2 * np.pi * np.arange(n_around) / n_around)
    rings = np.empty((n_rings, n_around, 3))
    section = circle(n_around) * ripple[:, None] * (1, rng.uniform(0.8, 1))
    rings[..., :2] = radius[1:-1, None, None] * section
    rings[..., 2] = height[1:-1, None]
    return loft(rings, (0, 0, height[0]), (0, 0, height[-1]))


def _corners_cut(curve: FloatArray) -> FloatArray:
    """Replace each corner of a polygon by two points; its ends stay.

    Source: Chaikin, An algorithm for high speed curve generation, Computer Graphics
    and Image Processing 3(4), 1974.
    """
    a, b = curve[:-1], curve[1:]
    cut = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], axis=1).reshape(-1, 2)
    return np.concatenate([curve[:1], cut, curve[-1:]])


def _hollow(outside: Profile, floor: float, wall: float) -> Profile:
    """Return a profile that comes back inside of an outside, down to a floor."""
    rim_radius, rim = outside[-1]
    inside = [
        (max(radius - wall, 0.01), height)
        for radius, height in reversed(outside[:-1])
        if floor < height < rim and radius > 1.5 * wall
    ]
    lip = [(rim_radius - wall / 2, rim + wall / 2), (rim_radius - wall, rim)]
    low = max((inside[-1][0] if inside else rim_radius - wall) * 0.8, 0.02)
    return [*outside, *lip, *inside, (low, floor), (0, floor)]


def vase(rng: np.random.Generator) -> Piece:
    """Return a vase: a foot, a belly, a neck and a wide mouth."""
    foot, belly, neck, mouth = rng.uniform((0.2, 0.45, 0.18, 0.3), (0.4, 0.8, 0.3, 0.5))
    widest, narrowest = rng.uniform((0.5, 1.35), (0.9, 1.6))
    outside = [
        (0, 0),
        (foot, 0),
        (foot, 0.05),
        ((foot + belly) / 2, widest / 2),
        (belly, widest - 0.1),
        (belly, widest + 0.1),
        (neck, narrowest - 0.05),
        (neck, narrowest + 0.1),
        (mouth, 1.95),
        (mouth, 2),
    ]
    return revolved(rng, _hollow(outside, 0.15, 0.06))


def bottle(rng: np.random.Generator) -> Piece:
    """Return a bottle: a straight body, a shoulder and a narrow closed neck."""
    body, neck = rng.uniform((0.3, 0.08), (0.55, 0.16))
    shoulder, stretch, waist = rng.uniform((0.8, 0.15, 0.8), (1.4, 0.5, 1.05))
    cap = neck * rng.uniform(1, 1.6)
    profile = [
        (0, 0),
        (body, 0),
        (body, 0.03),
        (body, 0.1),
        (body * waist, shoulder / 2),
        (body, shoulder - 0.05),
        (body, shoulder),
        (neck, shoulder + stretch),
        (neck, 1.8),
        (cap, 1.82),
        (cap, 2),
        (0, 2),
    ]
    return revolved(rng, profile)


def goblet(rng: np.random.Generator) -> Piece:
    """Return a goblet: a flat foot, a thin stem and a cup."""
    foot, stem, cup, mouth = rng.uniform((0.35, 0.05, 0.4, 0.3), (0.6, 0.1, 0.7, 0.75))
    start = rng.uniform(0.7, 1.2)
    knob = stem * rng.uniform(1, 3)
    outside = [
        (0, 0),
        (foot, 0),
        (foot, 0.06),
        (stem, 0.15),
        (stem, start * 0.4),
        (knob, start * 0.5),
        (stem, start * 0.6),
        (stem, start),
        (cup, start + 0.15),
        (cup, (start + 2) / 2),
        (mouth, 2),
    ]
    return revolved(rng, _hollow(outside, start + 0.12, 0.05))


def bowl(rng: np.random.Generator) -> Piece:
    """Return a bowl: wider than high, open and round."""
    foot, height, wall = rng.uniform((0.25, 0.35, 0.06), (0.5, 0.9, 0.14))
    bulge, mouth = rng.uniform((0.75, 0.85), (1, 1.05))
    outside = [
        (0, 0),
        (foot, 0),
        (foot, 0.04),
        (bulge, height * rng.uniform(0.2, 0.5)),
        (mouth, height * 0.85),
        (mouth, height),
    ]
    return revolved(rng, _hollow(outside, wall, wall))


def mug(rng: np.random.Generator) -> Piece:
    """Return a mug: a hollow cylinder or cone with a handle."""
    base, mouth = rng.uniform(0.4, 0.6, 2)
    height, wall = rng.uniform((0.9, 0.06), (1.5, 0.1))
    straight = [(base + (mouth - base) * t, height * t) for t in (0.05, 0.3, 0.6, 0.9)]
    outside = [(0, 0), (base, 0), *straight, (mouth, height)]
    body = revolved(rng, _hollow(outside, 0.1, wall))
    reach, low, high = rng.uniform((0.3, 0.15, 0.65), (0.55, 0.3, 0.85))
    t = np.linspace(0, 1, 18)
    path = np.zeros((18, 3))
    # The ends of the handle lie within the wall.
    path[:, 0] = (base + (mouth - base) * (low + t * (high - low))) - wall / 2
    path[:, 0] += reach * np.sin(np.pi * t) ** rng.uniform(0.4, 0.8)
    path[:, 2] = height * (low + t * (high - low))
    handle = tubes(path, rng.uniform(0.045, 0.09), 12)
    return together([body, handle])
