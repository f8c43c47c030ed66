"""Points that are dense in places, and the core: those that cover most of the area."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from samplings.arrays import FloatArray
from samplings.base import Sampling, whole_sampling
from samplings.schemes.irregular import Irregular
from samplings.tessellation.hull import convex_hull

# Points are uneven if even ones with cells as large as the one that contains a random
# place would be this many times fewer. Random points have 1.3, weather stations 160.
UNEVEN = 4.0
# Half-width of the widest cap that points of the whole sphere may leave empty.
WIDEST_GAP = np.deg2rad(45)
# Share of the area that the core covers. On weather stations 7 % of the vertices do.
SHARE = 0.95


def is_uneven(sampling: Sampling) -> bool:
    r"""Whether points are scattered over the sphere, and dense in places.

    .. math:: V \sum_i a_i^2 > 4 \Bigl(\sum_i a_i\Bigr)^2

    for :class:`samplings.Irregular` points, or part of them, with cells of areas a.
    Points that leave a cap of 45 degrees empty are those of a region: the areas of the
    cells at its rim are meaningless.
    """
    whole, _ = whole_sampling(sampling)
    areas = sampling.weights
    if not isinstance(whole, Irregular) or len(whole) < 4:
        return False
    if len(areas) * float(areas @ areas) <= UNEVEN * float(areas.sum()) ** 2:
        return False
    hull = convex_hull(whole.xyz, "the widest gap between points", "add points")
    corner = whole.xyz[hull.faces[:, 0]]
    return bool(np.einsum("ij,ij->i", hull.centres, corner).min() > np.cos(WIDEST_GAP))


def core(areas: FloatArray) -> npt.NDArray[np.bool_]:
    """Return which vertices are the fewest that cover 95 % of the area."""
    order = np.argsort(-areas, kind="stable")
    covered = np.cumsum(areas[order])
    count = int(np.searchsorted(covered, SHARE * covered[-1])) + 1
    chosen = np.zeros(len(areas), dtype=np.bool_)
    chosen[order[:count]] = True
    return chosen
