"""Scores of operators and of predictions."""

from deepsphere_pyg.metrics.anomaly_correlation import AnomalyCorrelation
from deepsphere_pyg.metrics.equivariance import EquivarianceError, equivariance_error
from deepsphere_pyg.metrics.forecast import (
    DEFINITIONS,
    REGIONS,
    Climatology,
    DampedPersistence,
    EnergySpectra,
    ForecastScores,
    LeadSpectra,
    Region,
    ScoreDefinition,
    Verification,
    crps,
    persistence,
    regular_step,
)
from deepsphere_pyg.metrics.layer_equivariance import (
    LayerEquivarianceError,
    layer_equivariance_error,
)
from deepsphere_pyg.metrics.precision_recall import (
    average_precision,
    precision_recall_curve,
)
from deepsphere_pyg.metrics.published_errors import PUBLISHED_ERRORS
from deepsphere_pyg.metrics.regression import MAE, R2, RMSE, Bias
from deepsphere_pyg.metrics.regression_scores import (
    RegressionScores,
    regression_scores,
)
from deepsphere_pyg.metrics.retrieval import (
    PrecisionRecallCurve,
    RankedLists,
    RetrievalMeasures,
    RetrievalScores,
    ranked_by_class,
    ranked_by_distance,
    read_submission,
    retrieval_scores,
    write_precision_recall,
    write_submission,
    write_summary,
)
from deepsphere_pyg.metrics.rotation_protocols import largest_degree
from deepsphere_pyg.metrics.segmentation import (
    SegmentationScores,
    confusion_matrix,
    segmentation_scores,
)
from samplings import EquivarianceSpectrum, equivariance_spectrum

__all__ = [
    "DEFINITIONS",
    "MAE",
    "PUBLISHED_ERRORS",
    "R2",
    "REGIONS",
    "RMSE",
    "AnomalyCorrelation",
    "Bias",
    "Climatology",
    "DampedPersistence",
    "EnergySpectra",
    "EquivarianceError",
    "EquivarianceSpectrum",
    "ForecastScores",
    "LayerEquivarianceError",
    "LeadSpectra",
    "PrecisionRecallCurve",
    "RankedLists",
    "Region",
    "RegressionScores",
    "RetrievalMeasures",
    "RetrievalScores",
    "ScoreDefinition",
    "SegmentationScores",
    "Verification",
    "average_precision",
    "confusion_matrix",
    "crps",
    "equivariance_error",
    "equivariance_spectrum",
    "largest_degree",
    "layer_equivariance_error",
    "persistence",
    "precision_recall_curve",
    "ranked_by_class",
    "ranked_by_distance",
    "read_submission",
    "regression_scores",
    "regular_step",
    "retrieval_scores",
    "segmentation_scores",
    "write_precision_recall",
    "write_submission",
    "write_summary",
]
