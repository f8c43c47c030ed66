"""Scores of a segmented sphere, each vertex counted by its area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.metrics.precision_recall import average_precision, per_vertex
from samplings.arguments import integer_argument
from samplings.arrays import FloatArray


def confusion_matrix(
    truth: npt.ArrayLike,
    predicted: npt.ArrayLike,
    n_classes: int,
    weights: npt.ArrayLike | None = None,
) -> FloatArray:
    r"""Weight of the vertices of each true class that got each predicted class.

    .. math:: C_{ab} = \sum_i w_i [y_i = a][\hat y_i = b]

    Parameters
    ----------
    truth, predicted
        Class indices in ``0 .. n_classes - 1``, any shape, the same for both.
    n_classes
        Number of classes.
    weights
        Weight of each vertex, as an area, zero for those that do not count; one where
        not given. Same shape.

    Returns
    -------
    ndarray
        Shape ``(n_classes, n_classes)``, rows the truth, columns the prediction.

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
        One name a class.
    share
        Share of each class in the weighted truth.
    accuracy
        Recall of each class: the share of its area that was found.
    intersection_over_union
        Area where truth and prediction agree over area where either has the class.
    average_precision
        Area under each class's precision-recall curve.
    overall_accuracy
        Share of the area that was classified rightly.
    mean_accuracy, mean_iou
        Means over the classes that occur.
    mean_average_precision
        Mean over the classes that occur, a class named ``background`` left out: the
        figure that DeepSphere (Defferrard et al. 2020, table 3) prints as mAP.
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
        """JSON-able form: means by name, and one dictionary a class."""
        per_class = zip(
            self.share,
            self.accuracy,
            self.intersection_over_union,
            self.average_precision,
            strict=True,
        )
        names = ("share", "accuracy", "iou", "average_precision")
        return {
            "mean_average_precision": _json_number(self.mean_average_precision),
            "mean_accuracy": _json_number(self.mean_accuracy),
            "mean_iou": _json_number(self.mean_iou),
            "overall_accuracy": _json_number(self.overall_accuracy),
            "classes": {
                name: dict(zip(names, map(_json_number, values), strict=True))
                for name, values in zip(self.class_names, per_class, strict=True)
            },
        }


def _json_number(value: float) -> float | None:
    """JSON knows no NaN: a score of an absent class becomes null."""
    return float(value) if np.isfinite(value) else None


def _mean(values: FloatArray) -> float:
    """Mean of the values that exist, NaN where none does."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _checked_names(class_names: Sequence[str]) -> tuple[str, ...]:
    """Refuse what does not name classes; a single text is a list of its letters."""
    if isinstance(class_names, list | tuple) and all(
        isinstance(name, str) for name in class_names
    ):
        return tuple(class_names)
    raise TypeError(
        f"class_names must be a list of names, got {class_names!r}; pass one a class, "
        "as ['background', 'storm']"
    )


def segmentation_scores(
    truth: npt.ArrayLike,
    score: npt.ArrayLike,
    class_names: Sequence[str],
    weights: npt.ArrayLike | None = None,
) -> SegmentationScores:
    """Score a segmentation, all vertices of all maps pooled.

    Parameters
    ----------
    truth
        Class indices, shape ``(N,)``.
    score
        Logits or probabilities, shape ``(N, n_classes)``; the highest is the predicted
        class. Average precision ranks by each class's own column, so pass
        probabilities: logits of different vertices are not comparable.
    class_names
        One name a class; ``background`` is left out of the mean average precision.
    weights
        Area of each vertex, shape ``(N,)``; one where not given.

    Raises
    ------
    TypeError
        If ``class_names`` is not a list of texts.
    ValueError
        If the shapes do not fit, a class is out of range, a score is NaN, or a weight
        is negative or not finite.

    Notes
    -----
    A score of what does not occur is NaN: all of them where there is no vertex.

    Examples
    --------
    >>> scores = segmentation_scores(
    ...     [0, 1, 1], [[.9, .1], [.2, .8], [.6, .4]], ["background", "storm"])
    >>> scores.accuracy, scores.mean_average_precision
    ((1.0, 0.5), 1.0)
    """
    y = np.asarray(truth).ravel()
    s = np.asarray(score)
    class_names = _checked_names(class_names)
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
        # 0 / 0 for a class that does not occur: NaN, which the means leave out.
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
