"""Training: tasks, a loop for all of them, and ``fit`` for arrays."""

from deepsphere_pyg.training import tasks
from deepsphere_pyg.training.fitting import fit
from deepsphere_pyg.training.loading import load_task
from deepsphere_pyg.training.options import TrainingOptions
from deepsphere_pyg.training.samplers import EpochShuffle, InOrder
from deepsphere_pyg.training.tasks import *
from deepsphere_pyg.training.trained import Trained, train

__all__ = ["EpochShuffle", "InOrder", "Trained", "TrainingOptions"]
__all__ += ["fit", "load_task", "train"]
__all__ += tasks.__all__
