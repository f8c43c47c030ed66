"""Training: tasks, a loop for all of them, and ``fit`` for arrays and data sets."""

from deepsphere_pyg.training import forecasts, tasks
from deepsphere_pyg.training.batch_norms import WholeBatchNorms
from deepsphere_pyg.training.data_module import SphereDataModule
from deepsphere_pyg.training.data_statistics import Statistics
from deepsphere_pyg.training.data_tasks import standardize_task, task_for
from deepsphere_pyg.training.fitting import fit
from deepsphere_pyg.training.forecasts import *
from deepsphere_pyg.training.loading import load_task
from deepsphere_pyg.training.options import TrainingOptions
from deepsphere_pyg.training.predicting import predict_to_file
from deepsphere_pyg.training.samplers import EpochShuffle, InOrder
from deepsphere_pyg.training.space import SpaceStrategy
from deepsphere_pyg.training.summary_fitting import fit_summaries
from deepsphere_pyg.training.tasks import *
from deepsphere_pyg.training.trained import Trained, train

__all__ = [
    "EpochShuffle",
    "InOrder",
    "SpaceStrategy",
    "SphereDataModule",
    "Statistics",
    "Trained",
    "TrainingOptions",
    "WholeBatchNorms",
    "fit",
    "fit_summaries",
    "load_task",
    "predict_to_file",
    "standardize_task",
    "task_for",
    "train",
]
__all__ += forecasts.__all__
__all__ += tasks.__all__
