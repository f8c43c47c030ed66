"""Resolution of a sampling, as a bandlimit of spherical harmonics."""

from __future__ import annotations

import math

from samplings.arguments import sampling_argument
from samplings.base import Sampling


def nominal_bandlimit(sampling: Sampling) -> int:
    r"""Return the usual bandlimit for points of this spacing.

    .. math::
        L = \left\lfloor \sqrt{\tfrac34 n} \right\rfloor, \quad
        n = 4\pi \frac{\sum_i a_i}{\sum_i a_i^2}

    where n is the number of cells of the whole sphere if all were as large as the one
    that contains a random place. On HEALPix it is the usual :math:`3 n_\text{side}`; on
    stations, which are mostly on land, the oceans' wide cells determine it.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> nominal_bandlimit(HEALPix(32))
    96
    """
    areas = sampling_argument("sampling", sampling).weights
    count = 4 * math.pi * float(areas.sum()) / float(areas @ areas)
    # Round-off must not lower a whole root by one.
    return max(2, math.floor(math.sqrt(0.75 * count) * (1 + 1e-12)))
