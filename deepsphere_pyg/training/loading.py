"""Trained tasks from checkpoints."""

from __future__ import annotations

import os

from torch import nn

from deepsphere_pyg.models import load_model
from deepsphere_pyg.models.checkpoint_file import TASK, read_checkpoint
from deepsphere_pyg.training.tasks.base import Task


def load_task(
    path: str | os.PathLike[str],
    network: nn.Module | None = None,
    *,
    loss: nn.Module | None = None,
) -> Task:
    """Rebuild a task with its trained network from a checkpoint.

    Its :meth:`~Task.predict` gives answers in the units of the training's targets.

    Parameters
    ----------
    path
        A file that training wrote.
    network
        Network to load the weights into. Needed for networks of one's own; those of
        this library are rebuilt from the file.
    loss
        Loss to load its parameters into. Needed for losses of one's own that have any;
        those of :mod:`deepsphere_pyg.inference` are rebuilt from the file.

    Returns
    -------
    Task
        On the CPU, in evaluation mode. Its options are the defaults, and so is its loss
        if it has no parameters and is not given.

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
    config = dict(kept["config"]) if loss is None else {**kept["config"], "loss": loss}
    task = Task.registry[kept["type"]](network, **config, notes=kept["notes"])
    own = [name for name in content["state_dict"] if name.startswith("loss.")]
    if loss is None and not set(own) <= set(task.state_dict()):
        raise ValueError(
            f"{path} holds the parameters of a loss of one's own; build it and pass it "
            "as loss="
        )
    try:
        task.load_state_dict(content["state_dict"])
    except RuntimeError as error:
        raise ValueError(
            f"the weights in {path} do not fit the {type(network).__name__} and the "
            f"{type(task).__name__}: {error}"
        ) from error
    return task.eval()
