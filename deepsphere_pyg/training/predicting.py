"""Answers of a trained task for maps of files, written to a file."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

from deepsphere_pyg.datasets.field_maps import FieldMaps
from deepsphere_pyg.datasets.predictions import write_predictions
from deepsphere_pyg.training.tasks.base import Task
from samplings.arguments import instance_argument


def predict_to_file(
    path: str | os.PathLike[str],
    task: Task,
    maps: FieldMaps,
    *,
    batch_size: int = 4,
    **options: Any,
) -> Path:
    """Write the answers of a task for maps of files, with their times and grid.

    Inputs are read and answers written batch by batch. Names of outputs and classes
    are those of the task, units those of the targets that it was trained on.

    Parameters
    ----------
    path
        NetCDF, Zarr or FITS file: see
        :func:`~deepsphere_pyg.datasets.write_predictions`.
    task
        A trained task, such as ``trained.task`` or that of :func:`load_task`.
    maps
        The maps, with the inputs that the task was trained on.
    batch_size
        Samples to predict at a time.
    **options
        Options of :func:`~deepsphere_pyg.datasets.write_predictions`, which replace
        those of the task: ``grid``, ``names``, ``units``, ``class_names``, ``regrid``.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    TypeError
        If an argument has the wrong type.
    ValueError
        If the maps have other inputs than the task was trained on; and as
        :func:`~deepsphere_pyg.datasets.write_predictions`.
    """
    instance_argument("task", task, Task, "pass trained.task, or load_task(path)")
    instance_argument("maps", maps, FieldMaps, "pass the maps to predict")
    wanted = task.notes.get("channel_names")
    if wanted is not None and list(maps.channel_names) != list(wanted):
        raise ValueError(
            f"the task was trained on the inputs {', '.join(wanted)}, got "
            f"{', '.join(maps.channel_names)}; name the same inputs, in this order"
        )
    own: dict[str, Any] = {}
    class_names = getattr(task, "class_names", None)
    if class_names is not None:
        own["class_names"] = class_names
        # One name, of the map of classes.
        own["names"] = task.notes.get("target_names")
    out_names = getattr(task, "out_names", None)
    if out_names is not None:
        own["names"] = out_names
        units = task.notes.get("target_units")
        if units is not None and any(units):
            own["units"] = units
    answers = partial(task.predict, batch_size=batch_size, progress=False)
    return write_predictions(
        path, answers, maps, batch_size=batch_size, **{**own, **options}
    )
