"""Tasks: what a network learns, as Lightning modules."""

from deepsphere_pyg.training.tasks.base import Task
from deepsphere_pyg.training.tasks.classification import ClassificationTask
from deepsphere_pyg.training.tasks.forecast import ForecastTask
from deepsphere_pyg.training.tasks.lead_scores import LeadScores
from deepsphere_pyg.training.tasks.regression import (
    GlobalRegressionTask,
    RegressionTask,
)
from deepsphere_pyg.training.tasks.segmentation import SegmentationTask

__all__ = [
    "ClassificationTask",
    "ForecastTask",
    "GlobalRegressionTask",
    "LeadScores",
    "RegressionTask",
    "SegmentationTask",
    "Task",
]
