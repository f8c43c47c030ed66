"""Retrieval of shapes: ranked lists, their scores, and the files of SHREC'17."""

from deepsphere_pyg.metrics.retrieval.measures import (
    PrecisionRecallCurve,
    RetrievalMeasures,
    RetrievalScores,
)
from deepsphere_pyg.metrics.retrieval.ranked_lists import RankedLists
from deepsphere_pyg.metrics.retrieval.ranking import (
    ranked_by_class,
    ranked_by_distance,
)
from deepsphere_pyg.metrics.retrieval.scoring import retrieval_scores
from deepsphere_pyg.metrics.retrieval.submissions import (
    read_submission,
    write_submission,
)
from deepsphere_pyg.metrics.retrieval.summaries import (
    write_precision_recall,
    write_summary,
)

__all__ = [
    "PrecisionRecallCurve",
    "RankedLists",
    "RetrievalMeasures",
    "RetrievalScores",
    "ranked_by_class",
    "ranked_by_distance",
    "read_submission",
    "retrieval_scores",
    "write_precision_recall",
    "write_submission",
    "write_summary",
]
