"""Links to natural neighbours, for scattered points with one-sided nearest ones."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from samplings.base import Sampling, whole_sampling
from samplings.fitting.pattern import add_links
from samplings.fitting.uneven import is_uneven
from samplings.schemes.irregular import Irregular
from samplings.tessellation.hull import convex_hull, delaunay_edges

# Longest links to natural neighbours, in distances to the farthest nearest neighbour.
# At k = 8 random points have none beyond twice. The error falls up to 5 on weather
# stations, and up to 3 on regions, where links across the empty rest would do harm.
REACH = 4.0


def surround(sampling: Sampling, pattern: sp.csr_array) -> tuple[sp.csr_array, int]:
    """Link vertices whose Voronoi cells share a side; return chords and edges added.

    The nearest neighbours of a scattered point may all lie on one side, where no
    weights make a Laplacian; its natural neighbours surround it. Links more than four
    times as long as the longest to nearest neighbours, at both ends, are left out:
    they cross the empty rest around a region. Points that cover the sphere and are
    dense in places keep them: coasts are natural neighbours across oceans. Samplings
    other than :class:`samplings.Irregular` ones and parts of them keep ``pattern``, the
    chords ``(V, V)`` to the neighbours of each vertex. A ValueError is raised if the
    points have no Delaunay triangulation.

    Source: Sibson 1981, "A brief description of natural neighbour interpolation", in
    Interpreting Multivariate Data, 21.

    Examples
    --------
    >>> from samplings.points.neighbours import nearest_neighbours
    >>> points = np.random.default_rng(0).standard_normal((100, 3))
    >>> points /= np.linalg.norm(points, axis=1)[:, None]
    >>> sampling = Irregular(points)
    >>> surround(sampling, nearest_neighbours(sampling.xyz, 6))[1]
    59
    """
    whole, index = whole_sampling(sampling)
    n = len(sampling)
    complete = pattern.nnz == n * (n - 1)
    if not isinstance(whole, Irregular) or complete or len(whole) < 4:
        return pattern, 0
    hull = convex_hull(
        whole.xyz, "natural neighbours", "use weighting='heat', which does without"
    )
    number = np.full(len(whole), -1)
    number[index] = np.arange(n)
    edges = number[delaunay_edges(whole.xyz, hull.faces)]
    i, j = edges[(edges >= 0).all(axis=1)].T
    length = np.linalg.norm(sampling.xyz[i] - sampling.xyz[j], axis=1)
    farthest = pattern.max(axis=1).toarray().ravel()
    near = length <= REACH * np.maximum(farthest[i], farthest[j])
    if not near.all() and is_uneven(sampling):
        near[:] = True
    return add_links(pattern, i[near], j[near], length[near])
