"""Shapes with limbs: trees and octopuses."""

from __future__ import annotations

import numpy as np

from deepsphere_pyg.datasets.shapes.generated.lofts import Piece, together, tubes
from deepsphere_pyg.datasets.shapes.generated.superquadrics import superquadric
from samplings.arrays import FloatArray


def tree(rng: np.random.Generator) -> Piece:
    """Return a tree: each branch splits into two to four, three times."""
    fork, angle = int(rng.integers(2, 5)), rng.uniform(0.4, 0.9)
    levels = 3 if fork < 4 else 2
    length, thick = rng.uniform((0.6, 0.08), (1.0, 0.14))
    shrink = rng.uniform(0.6, 0.78)
    starts, directions = np.zeros((1, 3)), np.array([[0.0, 0.0, 1.0]])
    pieces = []
    for level in range(levels + 1):
        n = len(starts)
        own = length * shrink**level * rng.uniform(0.75, 1.25, n)
        t = np.linspace(0, 1, 6)[:, None]
        sag = rng.normal(0, 0.12, (n, 1, 3)) * t**2
        paths = starts[:, None] + own[:, None, None] * (t * directions[:, None] + sag)
        radii = thick * 0.6**level * np.linspace(1, 0.65, 6)
        pieces.append(tubes(paths, radii, 8))
        directions = _forked(rng, directions, fork, angle)
        starts = np.repeat(paths[:, -1], fork, axis=0)
    return together(pieces)


def _forked(
    rng: np.random.Generator, directions: FloatArray, fork: int, angle: float
) -> FloatArray:
    """Return the directions of the branches at the end of each branch."""
    n = len(directions)
    aside = np.cross(directions, rng.normal(size=(n, 3)))
    aside /= np.linalg.norm(aside, axis=1, keepdims=True)
    other = np.cross(directions, aside)
    about = 2 * np.pi * np.arange(fork) / fork + rng.normal(0, 0.25, (n, fork))
    bend = angle * rng.uniform(0.7, 1.3, (n, fork, 1))
    around = np.cos(about)[..., None] * aside[:, None]
    around += np.sin(about)[..., None] * other[:, None]
    new = np.cos(bend) * directions[:, None] + np.sin(bend) * around
    return np.asarray(new.reshape(-1, 3))


def octopus(rng: np.random.Generator) -> Piece:
    """Return a round body with five to nine arms that curl."""
    axes = rng.uniform((0.35, 0.35, 0.4), (0.5, 0.5, 0.75))
    body = superquadric(axes, 1, 1, 15).moved(1, (0, 0, 0.3))
    arms = int(rng.integers(5, 10))
    t = np.linspace(0, 1, 14)
    about = 2 * np.pi * np.arange(arms) / arms + rng.normal(0, 0.12, arms)
    length = rng.uniform(0.8, 1.4) * rng.uniform(0.85, 1.15, (arms, 1))
    swing = rng.normal(0, 0.5, (arms, 1)) * t**2
    # Arms leave the body downwards and outwards, and their ends rise or fall.
    out = 0.2 + length * np.sin(rng.uniform(1.0, 1.6) * t)
    down = -0.15 - rng.uniform(0.2, 0.6) * np.sin(np.pi * t * rng.uniform(0.5, 1))
    curl = rng.uniform(-0.4, 0.6, (arms, 1)) * t**3
    turn = about[:, None] + swing
    paths = np.stack([out * np.cos(turn), out * np.sin(turn), down + curl], axis=2)
    radii = rng.uniform(0.09, 0.15) * (1 - 0.75 * t)
    return together([body, tubes(paths, radii, 10)])
