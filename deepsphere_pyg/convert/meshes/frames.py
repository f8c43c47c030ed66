"""Coordinates in which a mesh of any size and place can be computed with."""

from __future__ import annotations

import numpy as np

from samplings.arrays import FloatArray

# Smallest extent, as a share of the largest coordinate, at which shapes are known to
# six digits in double precision.
_SMALLEST_EXTENT = 1e-10


def framed(vertices: FloatArray) -> FloatArray:
    """Return vertices in a frame where their box is centred and its longest side is 1.

    Areas and volumes in that frame neither overflow nor underflow. Powers of two are
    taken out first, which is exact.

    Raises
    ------
    ValueError
        If all vertices coincide, or are so far from the origin that round-off hides
        their places.
    """
    largest = float(np.abs(vertices).max())
    unit = np.ldexp(vertices, -int(np.frexp(largest)[1]))
    low, high = unit.min(axis=0), unit.max(axis=0)
    extent = float((high - low).max())
    if extent < _SMALLEST_EXTENT:
        raise ValueError(
            "the vertices of the mesh coincide to round-off: they are up to "
            f"{largest:.3g} from the origin and span {extent:.3g} of that; store "
            "coordinates that are relative to the centre of the shape"
        )
    framed: FloatArray = (unit - (low + high) / 2) / extent
    return framed
