"""Scores of operators and of predictions.

Names are imported on first use, since torchmetrics takes seconds to load.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deepsphere_pyg.metrics.anomaly_correlation import (
        AnomalyCorrelation as AnomalyCorrelation,
    )
    from deepsphere_pyg.metrics.equivariance import (
        EquivarianceError as EquivarianceError,
    )
    from deepsphere_pyg.metrics.equivariance import (
        equivariance_error as equivariance_error,
    )
    from deepsphere_pyg.metrics.forecast import *
    from deepsphere_pyg.metrics.layer_equivariance import (
        LayerEquivarianceError as LayerEquivarianceError,
    )
    from deepsphere_pyg.metrics.layer_equivariance import (
        layer_equivariance_error as layer_equivariance_error,
    )
    from deepsphere_pyg.metrics.number_scores import (
        RegressionScores as RegressionScores,
    )
    from deepsphere_pyg.metrics.number_scores import (
        regression_scores as regression_scores,
    )
    from deepsphere_pyg.metrics.precision_recall import (
        average_precision as average_precision,
    )
    from deepsphere_pyg.metrics.precision_recall import (
        precision_recall_curve as precision_recall_curve,
    )
    from deepsphere_pyg.metrics.published_errors import (
        PUBLISHED_ERRORS as PUBLISHED_ERRORS,
    )
    from deepsphere_pyg.metrics.regression import MAE as MAE
    from deepsphere_pyg.metrics.regression import R2 as R2
    from deepsphere_pyg.metrics.regression import RMSE as RMSE
    from deepsphere_pyg.metrics.regression import Bias as Bias
    from deepsphere_pyg.metrics.retrieval import *
    from deepsphere_pyg.metrics.rotation_protocols import (
        largest_degree as largest_degree,
    )
    from deepsphere_pyg.metrics.segmentation import (
        SegmentationScores as SegmentationScores,
    )
    from deepsphere_pyg.metrics.segmentation import confusion_matrix as confusion_matrix
    from deepsphere_pyg.metrics.segmentation import (
        segmentation_scores as segmentation_scores,
    )
    from samplings import EquivarianceSpectrum as EquivarianceSpectrum
    from samplings import equivariance_spectrum as equivariance_spectrum
else:
    from samplings.late_names import late_names

    __getattr__, __dir__ = late_names(
        __name__,
        {
            "samplings": ["EquivarianceSpectrum", "equivariance_spectrum"],
            ".anomaly_correlation": ["AnomalyCorrelation"],
            ".equivariance": ["EquivarianceError", "equivariance_error"],
            ".forecast": None,
            ".layer_equivariance": [
                "LayerEquivarianceError",
                "layer_equivariance_error",
            ],
            ".precision_recall": ["average_precision", "precision_recall_curve"],
            ".published_errors": ["PUBLISHED_ERRORS"],
            ".regression": ["MAE", "R2", "RMSE", "Bias"],
            ".number_scores": ["RegressionScores", "regression_scores"],
            ".retrieval": None,
            ".rotation_protocols": ["largest_degree"],
            ".segmentation": [
                "SegmentationScores",
                "confusion_matrix",
                "segmentation_scores",
            ],
        },
    )
