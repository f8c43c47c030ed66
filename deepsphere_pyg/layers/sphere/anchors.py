"""Interpolation of weights of all degrees from those of a few."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import SupportsIndex

import numpy as np

from samplings.arguments import integer_argument
from samplings.arrays import FloatArray


def anchor_interpolation(
    L: int, anchors: SupportsIndex | Sequence[SupportsIndex]
) -> FloatArray:
    """Return the matrix of linear interpolation from anchors to degrees.

    Parameters
    ----------
    L
        Bandlimit: degrees 0 ... L - 1.
    anchors
        Number of anchors, equally spaced from 0 to L - 1, or a list of degrees.

    Returns
    -------
    FloatArray
        Shape ``(L, n_anchors)``; rows sum to 1.

    Raises
    ------
    TypeError
        If a number is not an integer.
    ValueError
        If there are no anchors, more than degrees, or they do not ascend from 0 to
        L - 1.

    Examples
    --------
    >>> anchor_interpolation(3, [0, 2])
    array([[1. , 0. ],
           [0.5, 0.5],
           [0. , 1. ]])
    """
    positions = _positions(L, anchors)
    degrees = np.arange(L)
    columns = [np.interp(degrees, positions, unit) for unit in np.eye(len(positions))]
    return np.stack(columns, axis=1)


def _positions(L: int, anchors: SupportsIndex | Sequence[SupportsIndex]) -> FloatArray:
    """Return the checked anchors, which need not be integers if given by number."""
    if isinstance(anchors, Sequence | np.ndarray) and not isinstance(anchors, str):
        listed = [integer_argument("anchors", anchor, 0) for anchor in anchors]
        ascends = all(a < b for a, b in pairwise(listed))
        if not listed or not ascends or (listed[0], listed[-1]) != (0, L - 1):
            raise ValueError(
                f"anchors must be degrees that ascend from 0 to L - 1 = {L - 1}, got "
                f"{listed}; include both ends, between which weights are interpolated"
            )
        return np.array(listed, dtype=float)
    count = integer_argument("anchors", anchors, 1)
    if count > L:
        raise ValueError(
            f"anchors must be at most the number of degrees L = {L}, got {count}; pass "
            "None for weights of every degree"
        )
    return np.linspace(0, L - 1, count)
