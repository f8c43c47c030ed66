"""Training: tasks, a loop for all of them, and ``fit`` for arrays."""

from deepsphere_pyg.training import forecasts, tasks
from deepsphere_pyg.training.fitting import Trained, fit, train
from deepsphere_pyg.training.forecasts import *
from deepsphere_pyg.training.loading import load_task
from deepsphere_pyg.training.options import TrainingOptions
from deepsphere_pyg.training.tasks import *

__all__ = ["Trained", "TrainingOptions", "fit", "load_task", "train"]
__all__ += forecasts.__all__
__all__ += tasks.__all__
