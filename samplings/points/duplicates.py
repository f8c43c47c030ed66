"""Points that coincide, and merging each group of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from samplings.arrays import FloatArray, IntArray
from samplings.points.matching import SAME_POINT

CHOICES = ("refuse", "merge")
# Points nearer than this (in chords, six metres on Earth) are merged. Below some 2e-7
# round-off hides the border between two cells.
MERGED = 1e-6


def refuse_duplicates(xyz: FloatArray) -> None:
    """Refuse points less than 1e-9 apart, and name two."""
    if len(xyz) < 2:
        return
    chords, neighbours = cKDTree(xyz).query(xyz, k=2, workers=-1)
    same = np.flatnonzero(np.asarray(chords)[:, 1] <= SAME_POINT)
    if len(same) == 0:
        return
    first = int(same[0])
    others = np.asarray(neighbours)[first]
    second = int(others[0] if others[0] != first else others[1])
    raise ValueError(
        f"points must be distinct, but {first} and {second} coincide "
        f"({len(same)} points coincide with another); drop the repeated ones, or pass "
        'duplicates="merge"'
    )


def group_duplicates(xyz: FloatArray) -> tuple[IntArray, IntArray]:
    """Group points ``(n, 3)`` less than 1e-6 apart, directly or through others.

    Return the first point of each group, ascending, and the group of each point
    ``(n,)``.

    Examples
    --------
    >>> first, group = group_duplicates(np.eye(3)[[0, 1, 0, 2, 1]])
    >>> first, group
    (array([0, 1, 3]), array([0, 1, 0, 2, 1]))
    """
    # Equal points first: a thousand reports of one station make half a million pairs.
    _, index, label = np.unique(xyz, axis=0, return_index=True, return_inverse=True)
    label = label.reshape(-1)
    n = len(index)
    near = cKDTree(xyz[index]).query_pairs(MERGED, output_type="ndarray")
    links = sp.csr_array((np.ones(len(near)), (near[:, 0], near[:, 1])), shape=(n, n))
    place = connected_components(links, directed=False)[1][label]
    _, first, group = np.unique(place, return_index=True, return_inverse=True)
    # Number groups by their first points.
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return first[order].astype(np.int64), rank[group].astype(np.int64)


def mean_of_groups(
    values: npt.NDArray[Any], group: IntArray, n_groups: int, axis: int
) -> npt.NDArray[Any]:
    """Return means over groups of entries along an axis, NaN left out."""
    if not -values.ndim <= axis < values.ndim or values.shape[axis] != len(group):
        raise ValueError(
            f"axis must be that of the points, with {len(group)} entries, got axis "
            f"{axis} of shape {values.shape}; pass the axis of the points"
        )
    kind = np.float32 if values.dtype == np.float32 else np.float64
    rows = np.moveaxis(values, axis, 0).astype(np.float64)
    flat = rows.reshape(len(group), -1)
    known = ~np.isnan(flat)
    members = (np.ones(len(group)), (group, np.arange(len(group))))
    gather = sp.csr_array(members, shape=(n_groups, len(group)))
    count = gather @ known.astype(np.float64)
    total = gather @ np.where(known, flat, 0.0)
    means = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    means = means.reshape(n_groups, *rows.shape[1:])
    return np.moveaxis(means, 0, axis).astype(kind)
