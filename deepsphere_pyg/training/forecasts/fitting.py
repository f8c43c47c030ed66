"""Train a network to forecast a series of fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, SupportsFloat, SupportsIndex

import numpy.typing as npt
import pytorch_lightning as pl
from torch import Tensor, nn

from deepsphere_pyg.training.fitting import run_training
from deepsphere_pyg.training.forecasts.preparing import (
    standardized_task,
    window_loader,
)
from deepsphere_pyg.training.forecasts.windows import ForecastWindows
from deepsphere_pyg.training.options import TrainingOptions
from deepsphere_pyg.training.tasks.base import (
    checked_network,
    refuse_other_vertices,
    sampling_of,
)
from deepsphere_pyg.training.trained import Trained
from samplings import Sampling
from samplings.arguments import counted, integer_argument, shown


def fit_forecast(
    network: nn.Module,
    fields: npt.ArrayLike | Tensor,
    *,
    history: SupportsIndex = 1,
    steps: SupportsIndex = 1,
    step_weights: Sequence[SupportsFloat] | None = None,
    scored_steps: SupportsIndex | None = None,
    growth: SupportsFloat = 0.0,
    noise: SupportsFloat = 0.0,
    members: SupportsIndex = 1,
    save_memory: bool = False,
    residual: bool = True,
    times: npt.ArrayLike | None = None,
    forcing: npt.ArrayLike | Tensor | None = None,
    static: npt.ArrayLike | None = None,
    mask: npt.ArrayLike | None = None,
    validation: float = 0.2,
    sampling: Sampling | None = None,
    out_names: Sequence[str] | None = None,
    loss: nn.Module | None = None,
    folder: str | Path | None = None,
    resume: bool = False,
    options: TrainingOptions | None = None,
    trainer: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Trained:
    """Train a network to forecast a series of fields, step by step.

    States, their increments and the forcing are standardized with the statistics of the
    training times, which the task and its checkpoints keep. The weights of the best
    validation score are returned.

    Parameters
    ----------
    network
        Maps ``(batch, V, history * C + n_forcing + n_static)`` to ``(batch, V, C)``. It
        is trained in place.
    fields, times, forcing
        The series, as for :func:`forecast_windows`.
    history, steps, step_weights, scored_steps, growth, noise, members, save_memory, \
    residual, static, mask
        As for :class:`ForecastTask`. Vertices where a channel is never known are masked
        too.
    validation
        Share of the times, the last ones, to validate on. No window lies in both parts.
    sampling
        Where the vertices are; by default the network's own.
    out_names
        One name per channel.
    loss, folder, resume, options, trainer, **changes
        As for :func:`fit`.

    Returns
    -------
    Trained
        Its ``task`` is a :class:`ForecastTask`, with ``rollout``; its history has
        scores for each lead time.

    Raises
    ------
    TypeError, ValueError
        As :func:`fit`, :func:`forecast_windows` and :class:`ForecastTask`; if a part of
        the times has no window.
    KeyboardInterrupt
        After an interrupt; the folder, if given, holds the last complete epoch.

    Examples
    --------
    >>> import numpy as np
    >>> from deepsphere_pyg import PixelNetwork
    >>> from samplings import HEALPix
    >>> fields = 0.9 ** np.arange(40)[:, None, None] * np.ones((1, 48, 1))
    >>> network = PixelNetwork(1, 1, HEALPix(2))
    >>> trained = fit_forecast(network, fields, epochs=1)  # doctest: +ELLIPSIS
    network...
    >>> trained.task.rollout(fields[-1], steps=5).shape
    (5, 48, 1)
    """
    chosen = (TrainingOptions() if options is None else options).changed(**changes)
    checked_network(network)
    known = sampling_of(network, sampling)
    series = {"times": times, "forcing": forcing}
    first = ForecastWindows(fields, history, steps, **series)
    n = len(first.fields)
    refuse_other_vertices("fields", first.fields.shape, known)
    scored = steps if scored_steps is None else scored_steps
    later = ForecastWindows(
        first.fields, history, integer_argument("scored_steps", scored, 1), **series
    )
    cut = _last_training_time(n, validation)
    parts = first.within(0, cut), later.within(cut, n)
    for part, windows, name in zip(
        parts, (first, later), ("training", "validation"), strict=True
    ):
        if not part:
            raise ValueError(
                f"the {name} part of {counted(n, 'time')}, cut at time {cut}, must "
                f"have {windows.history + windows.steps} consecutive states, got "
                "fewer; choose another share as validation=, or fewer steps"
            )
    pl.seed_everything(chosen.seed, verbose=False)
    task = standardized_task(
        network,
        first,
        parts[0],
        known,
        mask=mask,
        steps=steps,
        step_weights=step_weights,
        scored_steps=scored_steps,
        growth=growth,
        noise=noise,
        members=members,
        save_memory=save_memory,
        residual=residual,
        static=static,
        out_names=out_names,
        loss=loss,
        options=chosen,
    )
    training = window_loader(first, parts[0], chosen, shuffled=True)
    held = window_loader(later, parts[1], chosen)
    return run_training(task, training, held, folder, resume, trainer)


def _last_training_time(n: int, share: float) -> int:
    """Return the number of times to train on."""
    number = isinstance(share, int | float) and not isinstance(share, bool)
    if not (number and 0 < share < 1):
        raise ValueError(
            "validation must be a share of the times between 0 and 1, got "
            f"{shown(share)}; pass one such as 0.2"
        )
    return n - max(1, round(share * n))
