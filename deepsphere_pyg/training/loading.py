"""Trained tasks from checkpoints."""

from __future__ import annotations

import os

from torch import nn

from deepsphere_pyg.models import load_model
from deepsphere_pyg.models.checkpoint_file import read_checkpoint
from deepsphere_pyg.training.tasks.base import TASK, Task


def load_task(path: str | os.PathLike[str], network: nn.Module | None = None) -> Task:
    """Rebuild a task with its trained network from a checkpoint.

    Its :meth:`~Task.predict` gives answers in the units of the training's targets.

    Parameters
    ----------
    path
        A file that training wrote.
    network
        Network to load the weights into. Needed for networks of one's own; those of
        this library are rebuilt from the file.

    Returns
    -------
    Task
        On the CPU, in evaluation mode. Its loss and options are the defaults.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged or no checkpoint of a task, or the weights do not fit.
    """
    content = read_checkpoint(path)
    kept = content.get(TASK)
    if kept is None or kept["type"] not in Task.registry:
        found = "no task" if kept is None else f"a {kept['type']}, which is not known"
        raise ValueError(
            f"{path} holds {found}; pass a file that fit or a task's training wrote, "
            "after importing the module that defines the task"
        )
    if network is None:
        if "deepsphere_pyg" not in content:
            raise ValueError(
                f"{path} holds the weights of a network of another library; build it "
                "and pass it as network="
            )
        network = load_model(path)
    task = Task.registry[kept["type"]](network, **kept["config"], notes=kept["notes"])
    try:
        task.load_state_dict(content["state_dict"])
    except RuntimeError as error:
        raise ValueError(
            f"the weights in {path} do not fit the {type(network).__name__}: {error}"
        ) from error
    return task.eval()
