"""Indices of HEALPix pixels: checks, and orderings that include the level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from samplings.arrays import IntArray
from samplings.missing_values import without_missing

# HEALPix indices are at most 12 * 4^29 in all software.
DEEPEST = 29


@dataclass(frozen=True, eq=False)
class Pixels:
    """Pixels along a dimension of a file.

    Attributes
    ----------
    dim
        Their dimension.
    index
        Their indices, shape ``(V,)``.
    nside, nest
        Resolution and ordering.
    """

    dim: str
    index: IntArray
    nside: int
    nest: bool

    @property
    def dims(self) -> tuple[str, ...]:
        """Dimension of the pixels."""
        return (self.dim,)

    @property
    def key(self) -> tuple[Any, ...]:
        """Key that distinguishes sets of pixels."""
        return self.dim, self.nside, self.nest

    def __str__(self) -> str:
        return f"HEALPix ({self.dim})"


def pixel_indices(cells: Any) -> IntArray:
    """Return a coordinate of indices as integers.

    Raises
    ------
    ValueError
        If a value is not an integer.
    """
    values = cells.to_numpy()
    if values.dtype.kind in "iuf":
        values = without_missing(values, cells.attrs, cells.encoding)
    if values.dtype.kind == "f" and (values == np.floor(values)).all():
        # Indices from 2^53 on would have been rounded; no level in use has them.
        values = values.astype(np.int64)
    if values.dtype.kind not in "iu":
        raise ValueError(
            f"HEALPix indices must be integers, got {values.dtype} in {cells.name}"
            f"{'' if values.dtype.kind != 'f' else ', with fractions or missing ones'}"
            "; drop missing pixels"
        )
    return np.asarray(values.astype(np.int64))


def unique_pixels(index: IntArray, scheme: str) -> tuple[int, IntArray]:
    """Split indices that include the level into nside and nested indices.

    ``nuniq = 4 ** (level + 1) + pixel``; ``zuniq`` is twice the pixel plus one, shifted
    left by two bits for each of the levels from its own to 29.

    Raises
    ------
    ValueError
        If an index does not exist in the ordering, or the levels differ.
    """
    positive = np.where(index > 0, index, 1)
    if scheme == "nuniq":
        bits = np.frexp(positive.astype(np.float64))[1]
        # The float rounds up near powers of two beyond 2^53.
        bits -= (positive >> np.maximum(bits - 1, 0)) == 0
        level = (bits - 1) // 2 - 1
        pixel = positive - 4 ** np.maximum(level + 1, 0).astype(np.int64)
    else:
        lowest = positive & -positive
        zeros = np.frexp(lowest.astype(np.float64))[1] - 1
        level = np.where(zeros % 2, -1, DEEPEST - zeros // 2)
        pixel = positive >> (zeros + 1)
    wrong = (index <= 0) | (level < 0) | (level > DEEPEST)
    if wrong.any():
        bad = int(wrong.argmax())
        raise ValueError(
            f"HEALPix index {index[bad]} at position {bad} does not exist in the "
            f"ordering {scheme!r}; check indexing_scheme"
        )
    levels = np.unique(level)
    if len(levels) > 1:
        raise ValueError(
            f"pixels of several levels ({levels[0]} to {levels[-1]}) are not one "
            "sampling; bring them to one level"
        )
    return 2 ** int(levels[0]), pixel.astype(np.int64)


def checked_pixels(dim: str, index: IntArray, nside: int, nest: bool) -> Pixels:
    """Return pixels with their indices checked.

    Raises
    ------
    ValueError
        If an index is out of range or repeats.
    """
    n = 12 * nside * nside
    wrong = (index < 0) | (index >= n)
    if wrong.any():
        bad = int(wrong.argmax())
        raise ValueError(
            f"HEALPix indices along {dim} must lie in 0 ... {n - 1} at nside={nside}, "
            f"got {index[bad]} at position {bad}; check the refinement level"
        )
    values, first, counts = np.unique(index, return_index=True, return_counts=True)
    if counts.max() > 1:
        bad = int(counts.argmax())
        raise ValueError(
            f"HEALPix indices along {dim} must be distinct, got {values[bad]} "
            f"{counts[bad]} times, first at position {first[bad]}; drop repeated pixels"
        )
    return Pixels(dim, index, nside, nest)
