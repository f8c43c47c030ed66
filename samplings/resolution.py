"""How fine a sampling is, in degrees of spherical harmonics."""

from __future__ import annotations

import math

from samplings.base import Sampling


def nominal_bandlimit(sampling: Sampling) -> int:
    r"""Return the number of degrees that points of such a spacing are used for.

    .. math::
        L = \left\lfloor \sqrt{\tfrac34 n} \right\rfloor, \quad
        n = 4\pi \frac{\sum_i a_i}{\sum_i a_i^2}

    where n is the number of cells on the whole sphere if all were as large as the one
    in which a random place lies. On HEALPix it is :math:`3 n_\text{side}`, the usual
    bandlimit there; on stations, mostly on land, it is that of the oceans' wide cells.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> nominal_bandlimit(HEALPix(32))
    96
    """
    areas = sampling.weights
    count = 4 * math.pi * float(areas.sum()) / float(areas @ areas)
    # A root that is whole but for round-off must not lose one.
    return max(2, math.floor(math.sqrt(0.75 * count) * (1 + 1e-12)))
