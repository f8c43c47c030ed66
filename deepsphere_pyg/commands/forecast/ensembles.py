"""Ensembles that the options name, and their forecasts batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from deepsphere_pyg.commands.forecast.options import ForecastOptions
from deepsphere_pyg.training.forecasts import ForecastEnsemble
from deepsphere_pyg.training.forecasts.dropping import dropouts_of
from deepsphere_pyg.training.tasks import ForecastTask

States = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Starts:
    """States from which forecasts start.

    Attributes
    ----------
    n
        Their number.
    states
        Function from a slice of them to the states, ``(n, history, V, C)``.
    forcing
        Function from a slice of them to the forcing, step by step, each
        ``(n, V, n_forcing)``; None without forcing.
    """

    n: int
    states: Callable[[slice], States]
    forcing: Callable[[slice], Iterable[States]] | None = None


def ensemble_of(
    options: ForecastOptions, tasks: Sequence[ForecastTask]
) -> ForecastEnsemble:
    """Return the ensemble of trained tasks, on the device of the options.

    Raises
    ------
    ValueError
        If the tasks do not fit each other, or nothing sets members apart.
    """
    members = options.members
    if members is None:
        members = tasks[0].members if len(tasks) == 1 else 1
    if members > 1 and options.ensemble == "noise":
        _refuse_equal_starts(options, tasks, members)
    if members > 1 and options.ensemble == "dropout":
        for task in tasks:
            if not dropouts_of(task.network):
                raise ValueError(
                    "--ensemble dropout needs a network with dropout, got "
                    f"{type(task.network).__name__} without; train one with --network "
                    "weather --dropout 0.1, or pass --ensemble noise"
                )
    for task in tasks:
        task.to(options.torch_device)
    return ForecastEnsemble(
        tasks, members, by=options.ensemble, noise=options.spread, seed=options.seed
    )


def _refuse_equal_starts(
    options: ForecastOptions, tasks: Sequence[ForecastTask], members: int
) -> None:
    known = [task.noise if options.spread is None else options.spread for task in tasks]
    if not all(known):
        raise ValueError(
            f"--members {members} must start from different states, and the training "
            "had no --noise; pass --spread such as 0.05, or --ensemble dropout"
        )


def forecast_blocks(
    ensemble: ForecastEnsemble,
    starts: Starts,
    leads: int,
    size: int,
    seen: Callable[[int, States], None] | None = None,
) -> Iterator[States]:
    """Go through the states of forecasts, ``(n * members, V, C)``, step by step.

    They come in the order of ``rollout_order(starts.n, leads, ensemble.size, size)``.

    Parameters
    ----------
    ensemble, starts, leads
        The ensemble, where its forecasts start, and their number of steps.
    size
        Starts that are stepped on together.
    seen
        Function that is given each lead, from 0, and the members of the first start.
    """
    places = range(0, starts.n, size)
    steps = tqdm(
        total=leads * len(places), desc="forecasting", leave=False, disable=None
    )
    with steps:
        for number, first in enumerate(places):
            part = slice(first, min(first + size, starts.n))
            states = ensemble.stream(
                starts.states(part),
                leads,
                None if starts.forcing is None else starts.forcing(part),
                batch_size=size,
                draw=number,
            )
            for lead, found in enumerate(states):
                if seen is not None and not first:
                    seen(lead, found[0])
                yield found.reshape(-1, *found.shape[2:])
                steps.update()


def mean_of(members: States) -> States:
    """Return the mean of members ``(..., M, V, C)``; a single one as it is."""
    return members[..., 0, :, :] if members.shape[-3] == 1 else members.mean(axis=-3)


def window_starts(windows: Any, indices: Sequence[int], forced: bool) -> Starts:
    """Return the starts of windows of a series.

    Parameters
    ----------
    windows
        The windows.
    indices
        Those to start from.
    forced
        Whether the network has forcing.
    """

    def some(part: slice) -> list[Any]:
        return [windows[int(i)] for i in indices[part]]

    def states(part: slice) -> States:
        return np.stack([one.x.numpy() for one in some(part)])

    def forcing(part: slice) -> States:
        return np.stack([one.forcing.numpy() for one in some(part)], axis=1)

    return Starts(len(indices), states, forcing if forced else None)
