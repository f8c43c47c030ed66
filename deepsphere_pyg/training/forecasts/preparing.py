"""Tasks with the statistics of a series, and batches of its windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import nn
from torch.utils.data import DataLoader, Subset

from deepsphere_pyg.training.forecasts.statistics import (
    SeriesStatistics,
    series_statistics,
)
from deepsphere_pyg.training.forecasts.windows import ForecastWindows
from deepsphere_pyg.training.options import TrainingOptions
from deepsphere_pyg.training.samplers import EpochShuffle, InOrder
from deepsphere_pyg.training.tasks.forecast import ForecastTask
from deepsphere_pyg.training.tasks.forecast_arguments import checked_valid
from samplings import Sampling


def standardized_task(
    network: nn.Module,
    windows: ForecastWindows,
    part: Sequence[int],
    sampling: Sampling,
    *,
    mask: npt.ArrayLike | None = None,
    **options: Any,
) -> ForecastTask:
    """Return a task with the statistics of the states of some windows.

    Parameters
    ----------
    network
        The network to train.
    windows
        Windows of the series.
    part
        Indices of the windows to train on.
    sampling
        Where the vertices are.
    mask
        True where the field exists; vertices where a channel is never known are masked
        too.
    **options
        Further arguments of :class:`ForecastTask`.

    Raises
    ------
    ValueError
        If a channel is never known.
    """
    _, vertices, channels = windows.fields.shape
    valid = checked_valid(mask, vertices, channels)
    area = np.array(sampling.weights)[:, None] * valid
    statistics = series_statistics(windows, part, area)
    lacking = np.isnan(statistics.climatology).all(axis=0)
    if lacking.any():
        channel = int(lacking.argmax())
        raise ValueError(
            f"fields have no value in channel {channel}: it is missing at all vertices "
            f"of the training times; leave it out with np.delete(fields, {channel}, "
            "axis=-1)"
        )
    valid &= np.isfinite(statistics.climatology)
    task = ForecastTask(
        network,
        sampling,
        history=windows.history,
        n_forcing=windows.forcing.shape[2],
        mask=None if valid.all() else valid,
        out_channels=channels,
        **options,
    )
    _standardize(task, statistics)
    return task


def _standardize(task: ForecastTask, of: SeriesStatistics) -> None:
    """Set the statistics of a task and of the input of its network."""
    task.fit_((of.mean, of.std), (of.increment_mean, of.increment_std), of.climatology)
    if task.standardize is not None:
        static = task.static.double().cpu().numpy()
        weights = np.array(task.sampling.weights)[:, None]
        mean = (weights * static).sum(axis=0) / weights.sum()
        std = np.sqrt((weights * (static - mean) ** 2).sum(axis=0) / weights.sum())
        task.standardize.fit_(
            np.concatenate([*[of.mean] * task.history, of.forcing_mean, mean]),
            np.concatenate([*[of.std] * task.history, of.forcing_std, std]),
        )


def window_loader(
    windows: ForecastWindows,
    part: Sequence[int],
    options: TrainingOptions,
    *,
    shuffled: bool = False,
) -> DataLoader[Any]:
    """Return the batches of some windows.

    Parameters
    ----------
    windows, part
        Windows of a series, and the indices of those to use.
    options
        Batch size, seed and number of workers.
    shuffled
        Whether their order depends on the seed and the epoch; else it is that of
        ``part``.
    """
    size, n = options.batch_size, len(part)
    order = EpochShuffle(n, options.seed, size) if shuffled else InOrder(n)
    return DataLoader(
        Subset(windows, part), size, sampler=order, num_workers=options.n_workers
    )
