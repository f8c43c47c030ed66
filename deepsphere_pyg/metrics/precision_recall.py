"""Precision and recall of one class, each vertex counted by its area."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from samplings.arguments import array_argument, real_array
from samplings.arrays import FloatArray


def per_vertex(
    name: str,
    truth: npt.ArrayLike,
    values: npt.ArrayLike,
    weights: npt.ArrayLike | None,
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], FloatArray]:
    """Return truth, values and weights of the vertices, flat, if their shapes agree."""
    y, v = real_array("truth", truth), real_array(name, values)
    w = np.ones(y.shape) if weights is None else array_argument("weights", weights)
    if not y.shape == v.shape == w.shape:
        raise ValueError(
            f"truth, {name} and weights must have one value per vertex, "
            f"got shapes {y.shape}, {v.shape} and {w.shape}"
        )
    wrong = ~(np.isfinite(w) & (w >= 0))
    if wrong.any():
        raise ValueError(
            f"weights are areas and must be finite and not negative, got {w[wrong][0]};"
            " give 0 to vertices that do not count"
        )
    return y.ravel(), v.ravel(), w.ravel()


def precision_recall_curve(
    truth: npt.ArrayLike, score: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> tuple[FloatArray, FloatArray]:
    """Precision and recall at every distinct score, from the highest down.

    Parameters
    ----------
    truth
        True where the vertex is of the class, any shape.
    score
        The higher, the more certain. Same shape.
    weights
        Weight of each vertex, such as its area, zero for vertices that do not count;
        one by default. Same shape.

    Returns
    -------
    precision, recall : ndarray
        One value for each distinct score of the vertices that count. Recall does not
        decrease; it is NaN if no vertex is of the class. Both are empty without
        vertices.

    Raises
    ------
    ValueError
        If the shapes differ, the truth is not binary, a score is NaN, or a weight is
        negative or not finite.

    Examples
    --------
    >>> precision, recall = precision_recall_curve([True, False, True], [3., 2., 1.])
    >>> precision.round(2).tolist(), recall.tolist()
    ([1.0, 0.5, 0.67], [0.5, 0.5, 1.0])
    """
    y, s, w = per_vertex("score", truth, score, weights)
    if not ((y == 0) | (y == 1)).all():
        raise ValueError(
            f"truth must be True or False, got {y[(y != 0) & (y != 1)][0]}; compare it "
            "with a class, as in truth == 2"
        )
    if np.isnan(s).any():
        raise ValueError("scores must not be NaN; the network has diverged")
    counts = np.flatnonzero(w)
    # Reversed, not negated: unsigned integers and booleans have no negative.
    order = counts[np.argsort(s[counts], kind="stable")[::-1]]
    s, y, w = s[order], y[order].astype(bool), w[order]
    # Vertices of equal score have no order and enter together.
    last = np.flatnonzero(np.append(s[1:] != s[:-1], len(s) > 0))
    hits = np.cumsum(np.where(y, w, 0.0))[last]
    chosen = np.cumsum(w)[last]
    total = w[y].sum()
    recall = hits / total if total > 0 else np.full(len(hits), np.nan)
    return hits / chosen, recall


def average_precision(
    truth: npt.ArrayLike, score: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> float:
    r"""Area under the precision-recall curve, as a sum of steps.

    .. math:: AP = \sum_n (R_n - R_{n-1}) P_n

    Parameters and errors are those of :func:`precision_recall_curve`. The result is NaN
    if no vertex is of the class, as where there are no vertices.

    Examples
    --------
    >>> round(average_precision([True, False, True], [3., 2., 1.]), 4)
    0.8333
    """
    precision, recall = precision_recall_curve(truth, score, weights)
    if len(recall) == 0:
        return float("nan")
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))
