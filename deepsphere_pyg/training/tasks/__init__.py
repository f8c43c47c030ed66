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
from deepsphere_pyg.training.tasks.summaries import FisherTask, RotationTask

__all__ = [
    "ClassificationTask",
    "FisherTask",
    "ForecastTask",
    "GlobalRegressionTask",
    "LeadScores",
    "RegressionTask",
    "RotationTask",
    "SegmentationTask",
    "Task",
]
