"""Tasks: what a network learns, as Lightning modules."""

from deepsphere_pyg.training.tasks.base import Task
from deepsphere_pyg.training.tasks.classification import ClassificationTask
from deepsphere_pyg.training.tasks.regression import (
    GlobalRegressionTask,
    RegressionTask,
)
from deepsphere_pyg.training.tasks.segmentation import SegmentationTask

__all__ = [
    "ClassificationTask",
    "GlobalRegressionTask",
    "RegressionTask",
    "SegmentationTask",
    "Task",
]
