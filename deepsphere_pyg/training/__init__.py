"""Training: tasks, a loop for all of them, and ``fit`` for arrays and data sets.

Names are imported on first use, as Lightning takes seconds to load.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deepsphere_pyg.training.batch_norms import WholeBatchNorms as WholeBatchNorms
    from deepsphere_pyg.training.data_module import SphereDataModule as SphereDataModule
    from deepsphere_pyg.training.data_statistics import Statistics as Statistics
    from deepsphere_pyg.training.data_tasks import standardize_task as standardize_task
    from deepsphere_pyg.training.data_tasks import task_for as task_for
    from deepsphere_pyg.training.fitting import fit as fit
    from deepsphere_pyg.training.forecasts import *
    from deepsphere_pyg.training.loading import load_task as load_task
    from deepsphere_pyg.training.options import TrainingOptions as TrainingOptions
    from deepsphere_pyg.training.predicting import predict_to_file as predict_to_file
    from deepsphere_pyg.training.samplers import EpochShuffle as EpochShuffle
    from deepsphere_pyg.training.samplers import InOrder as InOrder
    from deepsphere_pyg.training.space import SpaceStrategy as SpaceStrategy
    from deepsphere_pyg.training.summary_fitting import fit_summaries as fit_summaries
    from deepsphere_pyg.training.tasks import *
    from deepsphere_pyg.training.trained import Trained as Trained
    from deepsphere_pyg.training.trained import train as train
else:
    from samplings.late_names import late_names

    __getattr__, __dir__ = late_names(
        __name__,
        {
            ".options": ["TrainingOptions"],
            ".samplers": ["EpochShuffle", "InOrder"],
            ".data_statistics": ["Statistics"],
            ".batch_norms": ["WholeBatchNorms"],
            ".tasks": None,
            ".space": ["SpaceStrategy"],
            ".trained": ["Trained", "train"],
            ".loading": ["load_task"],
            ".data_module": ["SphereDataModule"],
            ".data_tasks": ["standardize_task", "task_for"],
            ".fitting": ["fit"],
            ".predicting": ["predict_to_file"],
            ".summary_fitting": ["fit_summaries"],
            ".forecasts": None,
        },
    )
