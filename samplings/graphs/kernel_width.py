"""Width of the heat kernel: the published table for HEALPix, a rule elsewhere."""

from __future__ import annotations

import numpy as np

from samplings.arguments import (
    integer_argument,
    positive_argument,
    sampling_argument,
)
from samplings.base import Sampling
from samplings.points.neighbours import nearest_neighbours
from samplings.schemes.healpix import HEALPix

# Half-maximum widths s of the kernel, by k and nside, t = s^2 / (4 ln 2). Source: the
# code published with arXiv:2012.15000. For k = 40 and 60 it ends at nside 256; the last
# two halve s again, as its finer rows do to a fraction of a percent.
NSIDES = (32, 64, 128, 256, 512, 1024)
HALF_WIDTHS = {
    8: (0.02500, 0.01228, 0.00614, 0.00307, 0.00154, 0.00077),
    20: (0.03185, 0.01564, 0.00782, 0.00391, 0.00196, 0.00098),
    40: (0.042432, 0.021354, 0.010595, 0.005551, 0.0027755, 0.00138775),
    60: (0.051720, 0.025403, 0.012695, 0.006351, 0.0031755, 0.00158775),
}
# Least squares of t / <d^2> over that table; the tests repeat the fit.
OFFSET = 0.0844
SLOPE = 0.411
#: Weighting by heat kernels of optimised width, as tables and figures name it.
OPTIMAL = "heat-optimal"


def kernel_width(
    sampling: Sampling, k: int, mean_squared_distance: float | None = None
) -> float:
    r"""Return the width ``t`` of the heat kernel :math:`e^{-d^2 / 4t}`.

    On full-sphere HEALPix at nside 32 to 1024 and k = 8, 20, 40, 60 it is the published
    width of the lowest equivariance error. Elsewhere

    .. math:: t = \left(0.0844 + \frac{0.411}{k}\right) \langle d^2 \rangle,

    with :math:`\langle d^2 \rangle` the mean squared distance of linked vertices; the
    two constants are fitted to the published table, which the rule reproduces within
    7 % (root mean square 3 %).

    Parameters
    ----------
    sampling, k
        The vertices, and the number of neighbours.
    mean_squared_distance
        :math:`\langle d^2 \rangle` in squared radian (or squared chords); measured if
        it is not given.

    Returns
    -------
    float
        Width in squared radian, positive and finite.

    Raises
    ------
    ValueError
        If ``k < 1``, ``k >= V``, or ``mean_squared_distance`` is not positive.

    Notes
    -----
    Source: Defferrard et al. 2020, arXiv:2012.15000, and the code published with it,
    which gives half-maximum widths :math:`s`, :math:`t = s^2 / (4 \ln 2)`.

    Examples
    --------
    >>> f"{kernel_width(HEALPix(32), k=8):.4e}"
    '2.2542e-04'
    """
    sampling_argument("sampling", sampling)
    k = integer_argument("k", k, 1)
    published = published_width(sampling, k)
    if published is not None:
        return published
    if mean_squared_distance is None:
        chords = nearest_neighbours(sampling.xyz, k).data
        mean_squared_distance = float(np.dot(chords, chords) / len(chords))
    mean = positive_argument(
        "mean_squared_distance", mean_squared_distance, "omit it to have it measured"
    )
    return (OFFSET + SLOPE / k) * mean


def published_width(sampling: Sampling, k: int) -> float | None:
    """Return the published ``t``, or None where the table has no entry."""
    if not isinstance(sampling, HEALPix) or k not in HALF_WIDTHS:
        return None
    if sampling.nside not in NSIDES:
        return None
    return heat_time(HALF_WIDTHS[k][NSIDES.index(sampling.nside)])


def heat_time(half_width: float) -> float:
    r"""Return the ``t`` at which :math:`e^{-d^2/4t}` is one half at that distance."""
    return half_width * half_width / (4 * float(np.log(2)))
