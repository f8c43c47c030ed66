"""Scores of ranked lists as the evaluator of SHREC'17 computes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.metrics.retrieval.identifiers import (
    check_queries,
    ids_argument,
    lists_argument,
    refuse_retrieved,
)
from deepsphere_pyg.metrics.retrieval.measures import (
    PrecisionRecallCurve,
    RetrievalMeasures,
    RetrievalScores,
)
from deepsphere_pyg.metrics.retrieval.relevance import Relevance
from samplings.arguments import integer_argument
from samplings.arrays import FloatArray, IntArray


def retrieval_scores(
    lists: Mapping[str, Sequence[str]],
    ids: Iterable[str],
    labels: npt.ArrayLike,
    sublabels: npt.ArrayLike | None = None,
    *,
    cut: SupportsIndex = 1000,
) -> RetrievalScores:
    r"""Score ranked lists by precision, recall, F1, mAP and NDCG, as SHREC'17 does.

    A list is first cut; then repetitions, and identifiers that are not in ``ids``, are
    dropped, which leaves N items. The gain :math:`g_i` of the item at rank i is 3 if
    its sub-class is that of the query, 2 if it is the query's class itself, 1 for any
    other sub-class of this class, and 0 in other classes. With :math:`r_i = [g_i > 0]`,
    :math:`h_i = \sum_{j \le i} r_j`, and the number R of items of the query's class,
    at most ``cut``,

    .. math::
        P = \frac{h_N}{N}, \quad R@N = \frac{h_N}{R}, \quad
        F_1 = \frac{2 P \, R@N}{P + R@N}, \quad
        AP = \frac 1 R \sum_{i=1}^N r_i \frac{h_i}{i}, \quad
        NDCG = \frac{D(g)}{D(g^\star)}, \quad
        D(g) = g_1 + \sum_{i=2}^R \frac{g_i}{\log_2 i}

    where :math:`g^\star` are the gains of R items of the class, in falling order. The
    query itself is one of them. Micro averages are over queries, macro averages over
    the classes of the means of their queries.

    Parameters
    ----------
    lists
        Identifiers of the retrieved items, best first, of each query. Items without a
        list are not queries, and do not count.
    ids
        Identifiers of all items of the split.
    labels
        Class of each item, texts or whole numbers, shape ``(n_items,)``.
    sublabels
        Sub-class of each item, which may be its class; all items of a class are alike
        by default. Same kind and shape.
    cut
        Length of lists that counts.

    Raises
    ------
    TypeError
        If an argument is of another type, or a list holds anything but texts.
    ValueError
        If there is no list, an identifier is named twice, a query is not in ``ids``, a
        number of labels differs from that of the identifiers, or the cut is not
        positive.

    Notes
    -----
    The scores do not depend on the order of ``ids``. A list without a known item scores
    zero, where the official evaluator returns NaN for all queries together;
    ``n_empty`` counts these.

    As in the official evaluator, the ideal list of a class with more than ``cut`` items
    is made of its first ones by sub-class and identifier, the order of its table, and
    not of the best ones for the query. With sub-classes, NDCG of such a class may thus
    exceed one. In SHREC'17 this concerns the largest classes only.

    Source: Savva et al. 2017, SHREC'17 Track: Large-Scale 3D Shape Retrieval from
    ShapeNet Core55, and its public evaluator.

    Examples
    --------
    >>> lists = {"a": ["a", "c", "b"], "b": ["b"], "c": ["c"]}
    >>> scores = retrieval_scores(lists, ["a", "b", "c"], ["chair", "chair", "lamp"])
    >>> round(scores.micro.precision, 3), scores.micro.recall
    (0.889, 0.8333333333333334)
    >>> scores.class_names, scores.per_class[1].average_precision
    (('chair', 'lamp'), 1.0)
    """
    names = ids_argument("ids", ids)
    ranked = lists_argument("lists", lists)
    length = integer_argument("cut", cut, 1)
    truth = Relevance(names, labels, sublabels, length)
    if not ranked:
        raise ValueError("lists must hold at least one query, got none; pass some")
    check_queries("queries of lists", ranked, truth.position)
    sums = _Sums(len(truth.names), length)
    for query, retrieved in ranked.items():
        position = truth.position[query]
        sums.add(truth, position, _known(truth, query, retrieved))
    return sums.scores(truth.names)


def _known(truth: Relevance, query: str, retrieved: Sequence[str]) -> IntArray:
    """Return the positions of the items that count, each once, in order."""
    try:
        kept = dict.fromkeys(retrieved[: truth.cut])
        found = np.array([truth.position.get(one, -1) for one in kept], dtype=np.int64)
    except TypeError:  # unhashable
        refuse_retrieved(query, retrieved)
        raise
    unknown = found < 0
    if unknown.any():
        refuse_retrieved(query, kept)
    return found[~unknown]


@dataclass
class _Sums:
    """Sums over the queries of each class.

    Parameters
    ----------
    n_classes, cut
        Number of classes and length of the curves.
    """

    n_classes: int
    cut: int

    def __post_init__(self) -> None:
        self.n_queries = np.zeros(self.n_classes, dtype=np.int64)
        self.n_empty = 0
        self.measures = np.zeros((self.n_classes, 5))
        # Of each class, precision and recall by rank.
        self.curves = np.zeros((self.n_classes, 2, self.cut))
        self._ranks = np.arange(1, self.cut + 1)

    def add(self, truth: Relevance, query: int, items: IntArray) -> None:
        """Add the measures of the list of a query."""
        label = truth.class_of(query)
        self.n_queries[label] += 1
        n = len(items)
        if n == 0:
            self.n_empty += 1
            return
        n_relevant = truth.n_relevant(query)
        gains = truth.gains(query, items)
        relevant = gains > 0
        hits = np.cumsum(relevant)
        precision, recall = hits / self._ranks[:n], hits / n_relevant
        p, r = precision[-1], recall[-1]
        f1 = 2 * p * r / (p + r) if p + r else 0.0
        ap = precision[relevant].sum() / n_relevant
        ndcg = truth.discounted(gains, n_relevant) / truth.ideal(query)
        self.measures[label] += (p, r, f1, ap, ndcg)
        for total, curve in zip(self.curves[label], (precision, recall), strict=True):
            total[:n] += curve
            total[n:] += curve[-1]

    def scores(self, names: Sequence[str]) -> RetrievalScores:
        """Return the means."""
        asked = np.flatnonzero(self.n_queries)
        number = self.n_queries[asked]
        n = int(number.sum())
        means = self.measures[asked] / number[:, None]
        curves = self.curves[asked] / number[:, None, None]
        return RetrievalScores(
            micro=_measures(n, self.measures.sum(0) / n),
            macro=_measures(n, means.mean(0)),
            class_names=tuple(names[one] for one in asked.tolist()),
            per_class=tuple(
                _measures(int(k), row) for k, row in zip(number, means, strict=True)
            ),
            micro_curve=_curve(self.curves.sum(0) / n),
            macro_curve=_curve(curves.mean(0)),
            n_empty=self.n_empty,
        )


def _measures(n_queries: int, values: FloatArray) -> RetrievalMeasures:
    return RetrievalMeasures(n_queries, *values.tolist())


def _curve(values: FloatArray) -> PrecisionRecallCurve:
    return PrecisionRecallCurve(*map(tuple, values.tolist()))
