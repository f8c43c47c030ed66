"""Arrays as text, for configurations that are written to JSON."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt


def encode_array(array: npt.NDArray[Any]) -> str:
    """Return the bytes of an array (little-endian, C order), compressed, as base64.

    Examples
    --------
    >>> decode_array(encode_array(np.arange(3)), np.int64, (3,))
    array([0, 1, 2])
    """
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return base64.b64encode(zlib.compress(little.tobytes(), 6)).decode("ascii")


def decode_array(
    text: str, dtype: npt.DTypeLike, shape: tuple[int, ...]
) -> npt.NDArray[Any]:
    """Invert :func:`encode_array`; ``shape`` may hold one -1."""
    kind = np.dtype(dtype).newbyteorder("<")
    try:
        raw = zlib.decompress(base64.b64decode(text, validate=True))
        values = np.frombuffer(raw, dtype=kind).reshape(shape)
    except (binascii.Error, zlib.error, ValueError, TypeError) as error:
        raise ValueError(
            f"the configuration must hold arrays as compressed base64 text, got a "
            f"damaged one ({error}); read the file again from its source"
        ) from error
    return values.astype(np.dtype(dtype))
