"""Train a network of summaries on groups of maps."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, Dataset, Subset

from deepsphere_pyg.datasets.base import channel_statistics
from deepsphere_pyg.training.fitting import n_training, run_training
from deepsphere_pyg.training.samplers import EpochShuffle, InOrder
from deepsphere_pyg.training.tasks.base import Task
from deepsphere_pyg.training.tasks.summaries import FisherTask, RotationTask
from deepsphere_pyg.training.trained import Trained
from samplings import Sampling
from samplings.arguments import instance_argument


def fit_summaries(
    task: FisherTask | RotationTask,
    data: Dataset[Any],
    *,
    validation: float | Dataset[Any] = 0.2,
    folder: str | Path | None = None,
    resume: bool = False,
    trainer: Mapping[str, Any] | None = None,
) -> Trained:
    """Train the network of a task of summaries, in place.

    Inputs are standardized with the statistics of the training maps, if the network has
    a layer for it, or the task was given ``in_channels``. The weights of the best
    validation loss are returned, which is that of all validation groups together.

    Parameters
    ----------
    task
        A :class:`FisherTask` or a :class:`RotationTask`, with its options: epochs,
        batch size, learning rate and others. The last batch of an epoch is left out if
        it is incomplete, since its loss would be noisy.
    data
        Groups of maps: :class:`~deepsphere_pyg.datasets.FisherMaps` or
        :class:`~deepsphere_pyg.datasets.RotatedPairs`, or a data set of one's own with
        such samples.
    validation
        Share of the groups, the last ones, to validate on, or another data set.
    folder, resume, trainer
        As for :func:`fit`.

    Returns
    -------
    Trained
        The task with the best weights, and its history. ``predict`` returns summaries
        of maps ``(N, V, C)``.

    Raises
    ------
    TypeError
        If an argument has another type.
    ValueError
        If the groups are fewer than a batch, or do not fit the task; and as
        :func:`fit`.
    KeyboardInterrupt
        After an interrupt; the folder, if given, holds the last complete epoch.

    Examples
    --------
    >>> from deepsphere_pyg import SphericalClassifier
    >>> from deepsphere_pyg.datasets import FisherMaps
    >>> from deepsphere_pyg.training import TrainingOptions
    >>> from samplings import HEALPix
    >>> maps = np.random.default_rng(0).normal(size=(20, 48, 1))
    >>> groups = FisherMaps(maps, maps[:, None] * 1.1, maps[:, None] * 0.9)
    >>> network = SphericalClassifier(1, 1, HEALPix(2), widths=(4,))
    >>> options = TrainingOptions(epochs=1, batch_size=8)
    >>> task = FisherTask(network, [0.1], options=options)
    >>> trained = fit_summaries(task, groups)  # doctest: +ELLIPSIS
    network...
    >>> trained.predict(maps, progress=False).shape
    (20, 1)
    """
    remedy = "make one, as in FisherTask(network, steps) or RotationTask(network)"
    instance_argument("task", task, (FisherTask, RotationTask), remedy)
    remedy = "make one with FisherMaps or RotatedPairs"
    instance_argument("data", data, Dataset, remedy)
    whole: Any = data
    if isinstance(validation, Dataset):
        part, held = np.arange(len(whole)), validation
    else:
        n = n_training(len(whole), validation)
        part, held = np.arange(n), Subset(data, range(n, len(whole)))
    chosen = task.options
    size, workers = chosen.batch_size, chosen.n_workers
    if len(part) < size:
        raise ValueError(
            f"there must be at least a batch of {size} groups to train on, got "
            f"{len(part)}; pass more, or a smaller batch_size in the options of the "
            "task"
        )
    pl.seed_everything(chosen.seed, verbose=False)
    first: DataLoader[Any] = DataLoader(
        Subset(data, part.tolist()),
        size,
        sampler=EpochShuffle(len(part), chosen.seed),
        num_workers=workers,
        drop_last=True,
    )
    last: Any = held
    second: DataLoader[Any] = DataLoader(
        held, size, sampler=InOrder(len(last)), num_workers=workers
    )
    _standardize(task, data, part.tolist())
    return run_training(task, first, second, folder, resume, trainer)


def _standardize(task: Task, data: Dataset[Any], part: list[int]) -> None:
    """Fit the standardization of the inputs to the maps of some groups."""
    if task.standardize is None:
        return
    sampling = getattr(task.network, "sampling", None)

    def parts() -> Any:
        for index in part:
            x = data[index].x
            area = torch.ones(x.shape[1], dtype=torch.float64)
            if isinstance(sampling, Sampling) and len(sampling) == len(area):
                area = torch.from_numpy(np.array(sampling.weights))
            yield x.flatten(0, 1), area.repeat(len(x))

    task.standardize.fit_(*channel_statistics(parts()))
