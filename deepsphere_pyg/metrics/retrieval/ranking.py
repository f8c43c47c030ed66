"""Ranked lists from scores of classes, and from distances of features."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.metrics.retrieval.identifiers import ids_argument
from deepsphere_pyg.metrics.retrieval.ranked_lists import RankedLists
from samplings.arguments import array_argument, choice_argument, integer_argument
from samplings.arrays import FloatArray, IntArray

# Distances that are in memory at a time: 32 MiB of float64.
_ENTRIES = 2**22


def ranked_by_class(scores: npt.ArrayLike, ids: Iterable[str]) -> RankedLists:
    """Return, for each item, all items of its predicted class.

    The predicted class is that of the highest score, the first one if there are
    several. The best score of this class comes first; equal scores are in the order of
    ``ids``. The item itself is in its list.

    Parameters
    ----------
    scores
        Scores of the classes, such as probabilities or logits, shape
        ``(n_items, n_classes)``. Probabilities of several augmented copies are averaged
        first, or logits added.
    ids
        Identifier of each item.

    Returns
    -------
    RankedLists
        Without distances. Items of one predicted class share one list.

    Raises
    ------
    TypeError
        If the scores are not numbers, or the identifiers not texts.
    ValueError
        If the shapes do not fit, a score is NaN, or an identifier is named twice.

    Notes
    -----
    Lists are not cut: the evaluator of SHREC'17 takes their first thousand.

    Source: Cohen et al. 2018, arXiv:1801.10130; Esteves et al. 2018, arXiv:1711.06721.

    Examples
    --------
    >>> lists = ranked_by_class([[0.6, 0.4], [0.1, 0.9], [0.8, 0.2]], ["a", "b", "c"])
    >>> lists["a"], lists["b"]
    (('c', 'a'), ('b',))
    """
    names = ids_argument("ids", ids)
    values = _rows("scores", scores, len(names), "n_classes")
    predicted = values.argmax(axis=1)
    lists: dict[str, tuple[str, ...]] = {}
    of_class = {}
    for label in np.unique(predicted):
        members = np.flatnonzero(predicted == label)
        order = members[np.argsort(-values[members, label], kind="stable")]
        of_class[label] = tuple(names[one] for one in order)
    for name, label in zip(names, predicted, strict=True):
        lists[name] = of_class[label]
    return RankedLists(lists)


def ranked_by_distance(
    features: npt.ArrayLike,
    ids: Iterable[str],
    n: SupportsIndex = 1000,
    *,
    metric: str = "euclidean",
) -> RankedLists:
    r"""Return, for each item, the n items nearest to it by their features.

    Parameters
    ----------
    features
        Features of the items, shape ``(n_items, n_features)``.
    ids
        Identifier of each item.
    n
        Length of the lists, at most; the item itself is the first one.
    metric
        ``"euclidean"``, the distance :math:`|x - y|`, or ``"cosine"``, which is
        :math:`1 - x \cdot y / |x| |y|`.

    Returns
    -------
    RankedLists
        With distances. Equal distances are in the order of ``ids``.

    Raises
    ------
    TypeError
        If the features are not numbers, or the identifiers not texts.
    ValueError
        If the shapes do not fit, a feature is not finite, a vector of features is zero
        and has no direction, the metric is not known, ``n`` is not positive, or an
        identifier is named twice.

    Notes
    -----
    Distances are computed in float64, chunk by chunk, from products of features: those
    below some 1e-8 of the size of the features are round-off.

    Examples
    --------
    >>> lists = ranked_by_distance([[0.0], [3.0], [1.0]], ["a", "b", "c"], n=2)
    >>> lists["b"], lists.distances["b"]
    (('b', 'c'), (0.0, 2.0))
    """
    names = ids_argument("ids", ids)
    length = integer_argument("n", n, 1)
    choice_argument("metric", metric, ("euclidean", "cosine"))
    values = _rows("features", features, len(names), "n_features")
    if not np.isfinite(values).all():
        raise ValueError("features must be finite, got infinity; scale them down")
    lists, distances = {}, {}
    for query, row in _distances(values, metric):
        order = _nearest(row, query, length)
        lists[names[query]] = tuple(names[one] for one in order)
        distances[names[query]] = row[order].tolist()
    return RankedLists(lists, distances)


def _rows(name: str, values: npt.ArrayLike, n: int, axis: str) -> FloatArray:
    """Return numbers without NaN, one row for each of n items."""
    array = array_argument(name, values)
    if array.ndim != 2 or len(array) != n or array.shape[1] == 0:
        raise ValueError(
            f"{name} must have shape ({n}, {axis}), one row for each of ids, got "
            f"{array.shape}; pass the rows in the order of ids"
        )
    wrong = np.isnan(array).any(axis=1)
    if wrong.any():
        raise ValueError(
            f"{name} must not be NaN, got NaN in row {int(wrong.argmax())}; make sure "
            "that the network did not diverge"
        )
    return array


def _distances(values: FloatArray, metric: str) -> Iterator[tuple[int, FloatArray]]:
    """Yield the distances of all items from each of them, zero from itself."""
    if metric == "cosine":
        # Vectors are scaled first, so that no square overflows or vanishes.
        largest = np.abs(values).max(axis=1, keepdims=True)
        if not largest.all():
            raise ValueError(
                "features must not be zero with metric='cosine', got zeros in row "
                f"{int((largest[:, 0] == 0).argmax())}; use metric='euclidean'"
            )
        values = values / largest
        values /= np.linalg.norm(values, axis=1, keepdims=True)
    else:
        # Differences from the mean lose fewer digits in the products.
        largest = max(float(np.abs(values).max()), np.finfo(np.float64).tiny)
        values = values / largest
        values -= values.mean(axis=0)
    squares = np.einsum("if,if->i", values, values)
    rows = max(1, _ENTRIES // len(values))
    for start in range(0, len(values), rows):
        chunk = values[start : start + rows]
        found = chunk @ values.T
        if metric == "cosine":
            found = np.maximum(1 - found, 0)
        else:
            found = squares[start : start + rows, None] + squares - 2 * found
            found = np.sqrt(np.maximum(found, 0)) * largest
        for i, row in enumerate(found):
            row[start + i] = 0
            yield start + i, row


def _nearest(row: FloatArray, query: int, n: int) -> IntArray:
    """Return the nearest n items, the query first, ties in their order."""
    row = row.copy()
    row[query] = -1
    if n < len(row):
        near = np.flatnonzero(row <= np.partition(row, n - 1)[n - 1])
    else:
        near = np.arange(len(row))
    order: IntArray = near[np.argsort(row[near], kind="stable")][:n]
    return order
