"""Scores of operators and of predictions."""

from deepsphere_pyg.metrics._rotation_protocols import largest_degree as largest_degree
from deepsphere_pyg.metrics.equivariance import EquivarianceError as EquivarianceError
from deepsphere_pyg.metrics.equivariance import equivariance_error as equivariance_error
from deepsphere_pyg.metrics.layer_equivariance import (
    LayerEquivarianceError as LayerEquivarianceError,
)
from deepsphere_pyg.metrics.layer_equivariance import (
    layer_equivariance_error as layer_equivariance_error,
)
from deepsphere_pyg.metrics.published_errors import PUBLISHED_ERRORS as PUBLISHED_ERRORS
from deepsphere_pyg.metrics.segmentation import SegmentationScores as SegmentationScores
from deepsphere_pyg.metrics.segmentation import average_precision as average_precision
from deepsphere_pyg.metrics.segmentation import confusion_matrix as confusion_matrix
from deepsphere_pyg.metrics.segmentation import (
    precision_recall_curve as precision_recall_curve,
)
from deepsphere_pyg.metrics.segmentation import (
    segmentation_scores as segmentation_scores,
)
from samplings import EquivarianceSpectrum as EquivarianceSpectrum
from samplings import equivariance_spectrum as equivariance_spectrum
