"""HEALPix maps in arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.healpix.maps import HEALPixMap, signal_type
from samplings.missing_values import without_missing
from samplings.schemes.healpix import nside_argument


def map_of_array(source: Any, nest: bool | None) -> HEALPixMap:
    """Return the map in an array of the whole sky; see :func:`read_healpix`."""
    if nest is None:
        raise ValueError(
            "nest must be given for an array, which does not state the order of its "
            "pixels, got None; pass nest=True for NESTED or nest=False for RING"
        )
    array = real_array("a map", source)
    sides = [whole_nside(n) for n in array.shape]
    if array.ndim not in (1, 2) or not any(sides):
        raise ValueError(
            "a map must have shape (V,), (V, C) or (C, V) with V = 12 nside^2 pixels, "
            f"got {array.shape}; write a part of the sky to a file with the indices of "
            "its pixels, by write_healpix"
        )
    if array.ndim == 1:
        array = array[:, None]
    elif all(sides) and array.shape[0] == array.shape[1]:
        raise ValueError(
            "the axis of pixels must differ in length from that of channels, got shape "
            f"{array.shape}; pass fewer channels at a time"
        )
    elif sides[1] > sides[0]:
        array = array.T
    nside = nside_argument(max(sides), nest)
    values = np.ascontiguousarray(array, dtype=signal_type(array.dtype))
    n, channels = values.shape
    return HEALPixMap(
        values,
        ~np.isnan(values),
        nside,
        nest,
        np.arange(n),
        tuple(f"COLUMN_{i + 1}" for i in range(channels)),
        ("",) * channels,
    )


def real_array(name: str, source: Any) -> npt.NDArray[Any]:
    """Return real numbers in native byte order, NaN where missing."""
    if hasattr(source, "detach"):
        source = source.detach().cpu()
    try:
        array = np.ma.asanyarray(source)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"{name} must be an array of numbers, got {type(source).__name__} "
            f"({error}); pass channels of equal length, in float32 or float64"
        ) from None
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"{name} must be real numbers, got {array.dtype}; pass the parts of "
            "complex numbers as channels"
        )
    return without_missing(array)


def whole_nside(n: int) -> int:
    """Return nside of a sky of n pixels, or 0 if no sky has as many."""
    nside = math.isqrt(n // 12)
    return nside if 12 * nside**2 == n else 0
