"""Unit vectors of places, and how large areas may be."""

from __future__ import annotations

import numpy as np

from samplings.arrays import FloatArray
from samplings.points.lonlat import vectors_of_degrees

# Areas may add up to so much: the sphere, and what estimates are off.
WHOLE = 4 * np.pi * 1.01


def unit_vectors(lat: FloatArray, lon: FloatArray) -> FloatArray:
    """Points ``(..., 3)`` of degrees; all longitudes of a pole are one point."""
    return vectors_of_degrees(lon, lat)
