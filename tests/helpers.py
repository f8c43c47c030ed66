"""What tests of several folders share."""

import numpy as np

from samplings import Irregular


def scattered_points(n, seed=0):
    """Random unit vectors, evenly distributed over the sphere, shape ``(n, 3)``."""
    xyz = np.random.default_rng(seed).standard_normal((n, 3))
    return xyz / np.linalg.norm(xyz, axis=1)[:, None]


def scattered(n, seed=0):
    """Sampling of the points of :func:`scattered_points`, with Voronoi cells."""
    return Irregular(scattered_points(n, seed), extent=np.pi)
