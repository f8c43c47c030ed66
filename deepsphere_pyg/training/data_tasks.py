"""Tasks for the targets of a data module, standardized with its statistics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn
from torch.utils.data import Dataset

from deepsphere_pyg.training.data_module import SphereDataModule
from deepsphere_pyg.training.options import TrainingOptions
from deepsphere_pyg.training.tasks.base import (
    Task,
    refuse_other_channels,
    refuse_other_vertices,
    sampling_of,
)
from deepsphere_pyg.training.tasks.classification import ClassificationTask
from deepsphere_pyg.training.tasks.regression import (
    GlobalRegressionTask,
    RegressionTask,
)
from deepsphere_pyg.training.tasks.segmentation import SegmentationTask
from samplings import Sampling
from samplings.arguments import instance_argument, kind_of, shown


def task_for(
    network: nn.Module,
    module: SphereDataModule,
    *,
    sampling: Sampling | None = None,
    class_names: Sequence[str] | None = None,
    loss: nn.Module | None = None,
    options: TrainingOptions | None = None,
) -> Task:
    """Return the task that the targets of the data ask for, not standardized yet.

    Parameters
    ----------
    network
        Maps signals ``(batch, V, C)`` to outputs.
    module
        The data.
    sampling
        Where the vertices are; by default the network's own.
    class_names
        One name per class; by default those of the data.
    loss, options
        As for :class:`Task`.

    Raises
    ------
    TypeError, ValueError
        If the network does not fit the data.
    """
    _checked_module(module)
    notes = {"channel_names": list(module.channel_names)}
    if module.n_classes and getattr(module.data, "target_names", None):
        notes["target_names"] = list(module.target_names)
    common: dict[str, Any] = {
        "in_channels": module.in_channels,
        "loss": loss,
        "options": options,
        "notes": notes,
    }
    if not module.global_target:
        known = sampling_of(network, sampling)
        shape = (len(module.parts["train"]), module.n_vertices, module.in_channels)
        refuse_other_vertices("X", shape, known)
    if module.n_classes:
        names = module.class_names if class_names is None else class_names
        if len(names) < module.n_classes:
            raise ValueError(
                f"class_names must be one per class, got {len(names)} for classes 0 to "
                f"{module.n_classes - 1}"
            )
        if module.global_target:
            return ClassificationTask(network, names, **common)
        return SegmentationTask(network, names, sampling, **common)
    units = getattr(module.data, "target_units", None)
    if units is not None:
        notes["target_units"] = list(units)
    common["out_channels"] = module.out_channels
    common["out_names"] = module.target_names if units is not None else None
    if module.global_target:
        return GlobalRegressionTask(network, **common)
    return RegressionTask(network, sampling, **common)


def standardize_task(task: Task, module: SphereDataModule) -> None:
    """Fit the standardization of inputs and targets to the training part.

    Parameters
    ----------
    task
        Its layers are fitted in place: those of the network or of the task.
    module
        The data; see :attr:`SphereDataModule.statistics`.
    """
    instance_argument("task", task, Task, "make one with task_for(network, module)")
    _checked_module(module)
    targets = getattr(task, "targets", None)
    if task.standardize is None and targets is None:
        return
    found = module.statistics
    if task.standardize is not None:
        refuse_other_channels(task, len(found.inputs[0]))
        task.standardize.fit_(*found.inputs)
    if targets is not None and found.targets is not None:
        targets.fit_(*found.targets)


def _checked_module(module: object) -> None:
    remedy = "make one, as in SphereDataModule(maps, validation=0.2)"
    instance_argument("module", module, SphereDataModule, remedy)


def module_of(data: Any, validation: Any, options: TrainingOptions) -> SphereDataModule:
    """Return a data module as it is, or one of a data set, for :func:`fit`."""
    given = isinstance(data, SphereDataModule)
    if given and (not isinstance(validation, float) or validation != 0.2):
        raise ValueError(
            f"validation={shown(validation)} is for arrays and data sets; a data "
            "module has its own: pass it to SphereDataModule"
        )
    module: SphereDataModule = (
        data
        if given
        else SphereDataModule(
            data,
            validation=validation,
            batch_size=options.batch_size,
            n_workers=options.n_workers,
            seed=options.seed,
        )
    )
    if "validation" not in module.parts:
        raise ValueError(
            "fit selects the best weights by samples to validate on, but the data have "
            "no such part; pass validation=0.2, for example"
        )
    return module


def refuse_mask(data: Any, mask: Any) -> None:
    """Refuse data without targets, and a mask beside a data set, in :func:`fit`."""
    if not isinstance(data, SphereDataModule | Dataset):
        raise TypeError(
            f"y is missing, and X is no data set with targets, got {kind_of(data)}; "
            "pass the targets of arrays as y, and files through FieldMaps"
        )
    if mask is not None:
        raise ValueError(
            "mask is for targets in arrays; a data set has its own masks: leave it out"
        )
