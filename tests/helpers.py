"""What tests of several folders share."""

import numpy as np
import torch

from deepsphere_pyg.propagation import available_executions
from samplings import Irregular

# Those of EdgeOperator that run here: "triton" in its interpreter (make test-triton).
EXECUTIONS = available_executions(torch.device("cpu"))
KERNELS = [name for name in EXECUTIONS if name != "message_passing"]


def random(*shape, dtype=torch.float64, seed=1):
    """Independent normal numbers."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=dtype)


def scattered_points(n, seed=0):
    """Random unit vectors, evenly distributed over the sphere, shape ``(n, 3)``."""
    xyz = np.random.default_rng(seed).standard_normal((n, 3))
    return xyz / np.linalg.norm(xyz, axis=1)[:, None]


def scattered(n, seed=0):
    """Sampling of the points of :func:`scattered_points`, with Voronoi cells."""
    return Irregular(scattered_points(n, seed), extent=np.pi)


def latlon_cell_areas(lat, lon):
    """Areas between the middles of rows and of columns, shape ``(n_lat, n_lon)``.

    Outer rows reach half a spacing out, and to the pole if the columns go round and the
    pole is at most one spacing away. A repeated meridian has no area.
    """
    lat, lon = np.asarray(lat, dtype=float), np.asarray(lon, dtype=float)
    east = np.where(lon % 360 > 360 - 1e-4, 0.0, lon % 360)
    first = np.unique(east.round(4), return_index=True)[1]
    after = np.diff(east[first], append=east[first[0]] + 360)
    before, hole = np.roll(after, 1), 2 * np.sort(after)[-2] * (1 + 1e-6)
    widths = np.zeros(len(lon))
    widths[first] = (
        np.where(after > hole, before, after) + np.where(before > hole, after, before)
    ) / 2
    rows = np.argsort(lat)
    north = lat[rows]
    bounds = np.concatenate([[0], (north[1:] + north[:-1]) / 2, [0]])
    for end, inner, sign in ((0, 1, -1), (-1, -2, 1)):
        step = abs(north[end] - north[inner])
        near = after.max() <= hole and 90 - sign * north[end] <= step * (1 + 1e-4)
        bounds[end] = 90 * sign if near else north[end] + sign * step / 2
    heights = np.zeros(len(lat))
    heights[rows] = np.diff(np.sin(np.deg2rad(np.clip(bounds, -90, 90))))
    return heights[:, None] * np.deg2rad(widths)
