"""Scores of segmentations of the sphere, with vertices weighted by area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.metrics.precision_recall import average_precision, per_vertex
from samplings.arguments import integer_argument, names_argument
from samplings.arrays import FloatArray


def confusion_matrix(
    truth: npt.ArrayLike,
    predicted: npt.ArrayLike,
    n_classes: int,
    weights: npt.ArrayLike | None = None,
) -> FloatArray:
    r"""Return the weight of vertices by true and by predicted class.

    .. math:: C_{ab} = \sum_i w_i [y_i = a][\hat y_i = b]

    Parameters
    ----------
    truth, predicted
        Class indices in ``0 .. n_classes - 1``, any shape, the same for both.
    n_classes
        Number of classes.
    weights
        Weight of each vertex, such as its area, zero for vertices that do not count;
        one by default. Same shape.

    Returns
    -------
    ndarray
        Shape ``(n_classes, n_classes)``: rows are true, columns predicted classes.

    Raises
    ------
    ValueError
        If the shapes differ, an index is not a class, or a weight is negative or not
        finite.

    Examples
    --------
    >>> confusion_matrix([0, 0, 1], [0, 1, 1], 2)
    array([[1., 1.],
           [0., 1.]])
    """
    n_classes = integer_argument("n_classes", n_classes, 1)
    y, p, w = per_vertex("predicted", truth, predicted, weights)
    for name, values in (("truth", y), ("predicted", p)):
        wrong = ~((values >= 0) & (values < n_classes) & (values == np.floor(values)))
        if wrong.any():
            raise ValueError(
                f"{name} must hold classes 0 .. {n_classes - 1}, "
                f"got {values[wrong][0]}; drop the vertices without a class"
            )
    cells = y.astype(np.int64) * n_classes + p.astype(np.int64)
    counts = np.bincount(cells, weights=w, minlength=n_classes**2)
    return counts.reshape(n_classes, n_classes).astype(np.float64)


@dataclass(frozen=True)
class SegmentationScores:
    """Scores per class, and their means.

    Attributes
    ----------
    class_names
        Name of each class.
    share
        Share of each class in the weighted truth.
    accuracy
        Recall of each class: the share of its area that was found.
    intersection_over_union
        Area of each class in both truth and prediction over its area in either.
    average_precision
        Area under each class's precision-recall curve.
    overall_accuracy
        Share of the area that was classified correctly.
    mean_accuracy, mean_iou
        Means over the classes that occur.
    mean_average_precision
        Mean over the classes that occur, except one named ``background``: the mAP of
        DeepSphere (Defferrard et al. 2020, table 3).
    """

    class_names: tuple[str, ...]
    share: tuple[float, ...]
    accuracy: tuple[float, ...]
    intersection_over_union: tuple[float, ...]
    average_precision: tuple[float, ...]
    overall_accuracy: float
    mean_accuracy: float
    mean_iou: float
    mean_average_precision: float

    def as_dict(self) -> dict[str, Any]:
        """Return means by name, and one dictionary for each class, for JSON."""
        means = ("mean_average_precision", "mean_accuracy", "mean_iou")
        per_class = {
            "share": self.share,
            "accuracy": self.accuracy,
            "iou": self.intersection_over_union,
            "average_precision": self.average_precision,
        }
        return {
            **{m: _json_number(getattr(self, m)) for m in (*means, "overall_accuracy")},
            "classes": {
                name: {key: _json_number(row[i]) for key, row in per_class.items()}
                for i, name in enumerate(self.class_names)
            },
        }


def _json_number(value: float) -> float | None:
    """Return a number, or None (null) for NaN, which JSON does not have."""
    return float(value) if np.isfinite(value) else None


def _mean(values: FloatArray) -> float:
    """Return the mean of the finite values, NaN if there are no such values."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def segmentation_scores(
    truth: npt.ArrayLike,
    score: npt.ArrayLike,
    class_names: Sequence[str],
    weights: npt.ArrayLike | None = None,
) -> SegmentationScores:
    """Score a segmentation, with the vertices of all maps pooled.

    Parameters
    ----------
    truth
        Class indices, shape ``(N,)``.
    score
        Logits or probabilities, shape ``(N, n_classes)``; the highest is the predicted
        class. Average precision ranks by each class's own column, so pass
        probabilities: logits of different vertices are not comparable.
    class_names
        Name of each class; ``background`` is left out of the mean average precision.
    weights
        Area of each vertex, shape ``(N,)``; one by default.

    Raises
    ------
    TypeError
        If ``class_names`` is not a list of texts.
    ValueError
        If the shapes do not fit, a class is out of range, a score is NaN, or a weight
        is negative or not finite.

    Notes
    -----
    Scores of classes that do not occur are NaN.

    Examples
    --------
    >>> scores = segmentation_scores(
    ...     [0, 1, 1], [[.9, .1], [.2, .8], [.6, .4]], ["background", "storm"])
    >>> scores.accuracy, scores.mean_average_precision
    ((1.0, 0.5), 1.0)
    """
    y = np.asarray(truth).ravel()
    s = np.asarray(score)
    class_names = names_argument("class_names", class_names)
    n_classes = len(class_names)
    if s.shape != (len(y), n_classes):
        raise ValueError(
            f"score must have shape (N, n_classes) = ({len(y)}, {n_classes}), "
            f"got {s.shape}"
        )
    confusion = confusion_matrix(y, s.argmax(axis=1), n_classes, weights)
    total = confusion.sum(axis=1)
    hit = np.diag(confusion)
    union = total + confusion.sum(axis=0) - hit
    with np.errstate(invalid="ignore"):
        # Classes that do not occur give NaN, which the means leave out.
        accuracy = hit / total
        iou = np.where(total > 0, hit / union, np.nan)
        share = total / total.sum()
        overall = hit.sum() / total.sum()
    per_class = (average_precision(y == c, s[:, c], weights) for c in range(n_classes))
    ap = np.array(list(per_class))
    foreground = np.array([name != "background" for name in class_names])
    return SegmentationScores(
        class_names=class_names,
        share=tuple(share.tolist()),
        accuracy=tuple(accuracy.tolist()),
        intersection_over_union=tuple(iou.tolist()),
        average_precision=tuple(ap.tolist()),
        overall_accuracy=float(overall),
        mean_accuracy=_mean(accuracy),
        mean_iou=_mean(iou),
        mean_average_precision=_mean(ap[foreground]),
    )
