"""Answers of networks to shapes, and their scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from scipy.special import log_softmax
from torchmetrics.functional.classification import multiclass_f1_score

from deepsphere_pyg.commands.shapes.batches import CopyBatches
from deepsphere_pyg.commands.shapes.copies import Copies
from deepsphere_pyg.metrics import (
    RankedLists,
    RetrievalScores,
    confusion_matrix,
    ranked_by_class,
    ranked_by_distance,
    retrieval_scores,
)
from deepsphere_pyg.training.evaluation import outputs_of
from deepsphere_pyg.training.tasks import Task
from samplings.arrays import FloatArray, IntArray

# The evaluator of SHREC'17 reads no more of a list.
LONGEST = 1000


@dataclass(frozen=True)
class ShapeAnswers:
    """Answers to shapes.

    Attributes
    ----------
    ids
        Name of each shape.
    truth, predicted
        Classes, shape ``(n,)``; the truth is -1 where it is not known.
    lists
        Shapes retrieved for each of them, best first.
    class_names
        Names of the classes.
    sublabels
        Classes of the second level, if there are some.
    """

    ids: list[str]
    truth: IntArray
    predicted: IntArray
    lists: RankedLists
    class_names: tuple[str, ...]
    sublabels: list[str] | None = None

    @property
    def labelled(self) -> bool:
        """Whether all classes are known, without which there are no scores."""
        return bool((self.truth >= 0).all())

    @property
    def accuracy(self) -> float:
        """Share of shapes classified correctly, in percent."""
        return 100 * float(np.mean(self.truth == self.predicted))

    @property
    def f1(self) -> float:
        """F1 of the classes, weighted by their numbers of shapes, in percent.

        The "F1" of the table of Defferrard et al. 2020.
        """
        found = multiclass_f1_score(
            torch.from_numpy(self.predicted),
            torch.from_numpy(self.truth),
            num_classes=len(self.class_names),
            average="weighted",
        )
        return 100 * float(found)

    @cached_property
    def retrieval(self) -> RetrievalScores:
        """Scores of the lists, as the evaluator of SHREC'17 computes them."""
        names = np.array(self.class_names)[self.truth]
        return retrieval_scores(self.lists, self.ids, names, self.sublabels)

    @cached_property
    def average_precision(self) -> FloatArray:
        """Average precision of each list, of which the mean is mAP."""
        place = {one: i for i, one in enumerate(self.ids)}
        size = np.minimum(np.bincount(self.truth), LONGEST)
        # The queries of a predicted class share one list.
        known: dict[int, IntArray] = {}
        found = np.zeros(len(self.ids))
        for i, one in enumerate(self.ids):
            listed = self.lists[one]
            if id(listed) not in known:
                known[id(listed)] = np.array([place[o] for o in listed[:LONGEST]])
            right = self.truth[known[id(listed)]] == self.truth[i]
            precision = np.cumsum(right) / np.arange(1, len(right) + 1)
            found[i] = precision[right].sum() / size[self.truth[i]]
        return found

    @property
    def confusion(self) -> IntArray:
        """Number of shapes of class i (row) that were taken for class j (column)."""
        counts = confusion_matrix(self.truth, self.predicted, len(self.class_names))
        return counts.astype(np.int64)


def answers_of(
    task: Task,
    copies: Copies,
    class_names: Sequence[str],
    *,
    retrieve: str,
    batch_size: int,
    device: str,
) -> ShapeAnswers:
    """Return the answers of a network.

    The logits of the copies of a shape are added.

    Parameters
    ----------
    task
        The trained task.
    copies
        Maps of the shapes.
    class_names
        Names of the classes.
    retrieve
        ``"class"`` or ``"distance"``.
    batch_size, device
        How to compute them.
    """
    # Inputs are prepared on the CPU, where the network may not be.
    batches = CopyBatches(copies, task.cpu().network, batch_size)
    outputs, _ = outputs_of(task, batches, device)
    logits = outputs.double().view(-1, copies.each, outputs.shape[-1]).sum(1).numpy()
    ids = copies.ids
    if retrieve == "class":
        lists = ranked_by_class(log_softmax(logits, axis=1), ids)
    else:
        lists = ranked_by_distance(logits, ids, metric="cosine")
    return ShapeAnswers(
        ids,
        copies.labels,
        logits.argmax(axis=1),
        lists,
        tuple(class_names),
        copies.sublabels,
    )


def nearest_answers(
    known: FloatArray,
    labels: IntArray,
    copies: Copies,
    features: FloatArray,
    class_names: Sequence[str],
) -> ShapeAnswers:
    """Return the class of the nearest known shape, and the nearest other shapes.

    Parameters
    ----------
    known, labels
        Features ``(n, features)`` and classes of the shapes of the training.
    copies
        The shapes to answer.
    features
        Their features.
    class_names
        Names of the classes.
    """
    squared = (features**2).sum(1)[:, None] - 2 * features @ known.T + (known**2).sum(1)
    return ShapeAnswers(
        copies.ids,
        copies.labels,
        labels[squared.argmin(axis=1)],
        ranked_by_distance(features, copies.ids),
        tuple(class_names),
        copies.sublabels,
    )
