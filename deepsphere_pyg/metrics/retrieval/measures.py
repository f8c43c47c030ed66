"""Measures of ranked lists: of all queries, of each class, and curves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class RetrievalMeasures:
    """Means over queries, or over classes; all lie between 0 and 1.

    Attributes
    ----------
    n_queries
        Number of queries.
    precision
        P@N: the share of the N retrieved items that are relevant.
    recall
        R@N: the share of the relevant items that are retrieved.
    f1
        F1@N: harmonic mean of the two, of each query.
    average_precision
        mAP: precision at the rank of each relevant item.
    ndcg
        NDCG: gains, discounted by rank, over those of the ideal list.
    """

    n_queries: int
    precision: float
    recall: float
    f1: float
    average_precision: float
    ndcg: float

    def as_dict(self) -> dict[str, float]:
        """Return the measures under the names of the SHREC'17 evaluator."""
        return {
            "P@N": self.precision,
            "R@N": self.recall,
            "F1@N": self.f1,
            "mAP": self.average_precision,
            "NDCG": self.ndcg,
        }


@dataclass(frozen=True)
class PrecisionRecallCurve:
    """Mean precision and recall at the ranks 1, 2, ..., to the cut.

    Attributes
    ----------
    precision, recall
        One value for each rank. Shorter lists keep their last values.
    """

    precision: tuple[float, ...]
    recall: tuple[float, ...]


@dataclass(frozen=True)
class RetrievalScores:
    """Measures of retrieval, with the two ways of averaging of SHREC'17.

    Attributes
    ----------
    micro
        Means over all queries.
    macro
        Means over the classes of their means.
    class_names
        Names of the classes of the queries, sorted.
    per_class
        Means over the queries of each of these classes.
    micro_curve, macro_curve
        Precision and recall by rank, averaged likewise.
    n_empty
        Number of queries whose lists hold no known item, and score zero.
    """

    micro: RetrievalMeasures
    macro: RetrievalMeasures
    class_names: tuple[str, ...]
    per_class: tuple[RetrievalMeasures, ...]
    micro_curve: PrecisionRecallCurve = field(repr=False)
    macro_curve: PrecisionRecallCurve = field(repr=False)
    n_empty: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the measures by name, without the curves, for JSON."""
        return {
            "micro": self.micro.as_dict(),
            "macro": self.macro.as_dict(),
            "n_queries": self.micro.n_queries,
            "n_empty": self.n_empty,
            "classes": {
                name: {"n_queries": one.n_queries, **one.as_dict()}
                for name, one in zip(self.class_names, self.per_class, strict=True)
            },
        }
