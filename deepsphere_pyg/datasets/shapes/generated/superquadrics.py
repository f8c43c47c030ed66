"""Superquadrics: from blocks over ellipsoids to diamonds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.datasets.shapes.generated.lofts import Piece, circle, loft


def superquadric(
    axes: npt.ArrayLike,
    vertical: float,
    horizontal: float,
    n_rings: int = 23,
    n_around: int = 40,
) -> Piece:
    r"""Return a superquadric, sampled by direction.

    .. math:: \left(|x/a|^{2/h} + |y/b|^{2/h}\right)^{h/v} + |z/c|^{2/v} = 1

    Parameters
    ----------
    axes
        Half axes a, b, c.
    vertical, horizontal
        Exponents v and h: 0 is a box, 1 an ellipsoid, 2 an octahedron.
    n_rings, n_around
        Numbers of circles of latitude, and of points on each.

    Notes
    -----
    Source: Barr, Superquadrics and angle-preserving transformations, IEEE Computer
    Graphics and Applications 1(1), 1981.
    """
    theta = np.pi * np.arange(1, n_rings + 1) / (n_rings + 1)
    rings = np.empty((n_rings, n_around, 3))
    rings[..., :2] = np.sin(theta)[:, None, None] * circle(n_around)
    rings[..., 2] = -np.cos(theta)[:, None]
    x, y, z = np.moveaxis(np.abs(rings), -1, 0)
    flat = (x ** (2 / horizontal) + y ** (2 / horizontal)) ** (horizontal / vertical)
    radius = (flat + z ** (2 / vertical)) ** (-vertical / 2)
    unit = loft(rings * radius[..., None], (0, 0, -1), (0, 0, 1))
    return unit.moved(axes)


def egg(rng: np.random.Generator) -> Piece:
    """Return an ellipsoid, or nearly one."""
    return _with_exponents(rng, 0.7, 1.3)


def block(rng: np.random.Generator) -> Piece:
    """Return a box with rounded edges."""
    return _with_exponents(rng, 0.08, 0.55)


def diamond(rng: np.random.Generator) -> Piece:
    """Return an octahedron, with faces bent inwards or outwards."""
    return _with_exponents(rng, 1.5, 2.7)


def _with_exponents(rng: np.random.Generator, low: float, high: float) -> Piece:
    axes = rng.uniform(0.45, 1, 3)
    vertical, horizontal = rng.uniform(low, high, 2)
    return superquadric(axes, vertical, horizontal)
