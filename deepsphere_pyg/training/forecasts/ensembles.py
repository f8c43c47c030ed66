"""Ensembles of forecasts, step by step: noisy starts, dropout, several networks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, SupportsFloat, SupportsIndex

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from tqdm import tqdm

from deepsphere_pyg.training.forecasts.dropping import dropouts_of, predicting
from deepsphere_pyg.training.tasks.forecast import ForecastTask
from deepsphere_pyg.training.tasks.forecast_arguments import known_forcing, known_states
from deepsphere_pyg.training.tasks.rollout_training import noisy_members
from samplings import same_sampling
from samplings.arguments import (
    choice_argument,
    counted,
    integer_argument,
    kind_of,
    nonnegative_argument,
)

#: What sets the members of a network apart.
ENSEMBLES = ("noise", "dropout")


class ForecastEnsemble:
    r"""Several forecasts from each start, by one trained network or by several.

    The members of a network differ by white noise in the states from which they start,
    or by dropout, which stays active in the forecast (Monte Carlo dropout) and leaves
    out other numbers in each step. Networks from several trainings make a deep
    ensemble.

    Parameters
    ----------
    tasks
        A trained task, or several of the same variables and sampling.
    members
        Members of each task. With one, there is neither noise nor dropout.
    by
        ``"noise"`` or ``"dropout"``.
    noise
        Standard deviation of the noise, over that of the variable; by default that of
        the training.
    seed
        Of noise and dropout.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of its kind or range, the tasks do not belong together, or
        nothing sets the members apart.

    Notes
    -----
    Source: Gal and Ghahramani 2016, arXiv:1506.02142 (dropout); Lakshminarayanan et al.
    2017, arXiv:1612.01474 (deep ensembles).

    Examples
    --------
    >>> from deepsphere_pyg import PixelNetwork
    >>> from samplings import HEALPix
    >>> task = ForecastTask(PixelNetwork(1, 1, HEALPix(2)))
    >>> ensemble = ForecastEnsemble(task, 5, noise=0.1)
    >>> ensemble.rollout(np.zeros((48, 1)), steps=3).shape
    (3, 5, 48, 1)
    >>> sum(1 for state in ensemble.stream(np.zeros((48, 1)), steps=100))
    100
    """

    def __init__(
        self,
        tasks: ForecastTask | Sequence[ForecastTask],
        members: SupportsIndex = 1,
        *,
        by: str = "noise",
        noise: SupportsFloat | None = None,
        seed: SupportsIndex = 0,
    ) -> None:
        self.tasks = _together(tasks)
        self.members = integer_argument("members", members, 1)
        self.by = choice_argument("by", by, ENSEMBLES)
        self.seed = integer_argument("seed", seed, 0)
        given = None
        if noise is not None:
            given = nonnegative_argument(
                "noise", noise, "leave it out for that of training"
            )
        self.noise = tuple(t.noise if given is None else given for t in self.tasks)
        if self.members == 1:
            return
        if by == "noise" and not all(self.noise):
            raise ValueError(
                f"{self.members} members must start from different states, got noise "
                "0; pass noise= such as 0.05"
            )
        if by == "dropout" and not all(dropouts_of(t.network) for t in self.tasks):
            raise ValueError(
                f"{self.members} members must differ by dropout, and the network has "
                "none; train one with dropout, or pass by='noise'"
            )

    @property
    def size(self) -> int:
        """Number of members of all tasks."""
        return len(self.tasks) * self.members

    def stream(
        self,
        x0: npt.ArrayLike | Tensor,
        steps: SupportsIndex,
        forcing: Iterable[npt.ArrayLike | Tensor] | None = None,
        *,
        batch_size: SupportsIndex = 4,
        draw: SupportsIndex = 0,
    ) -> Iterator[npt.NDArray[Any]]:
        """Go through the states of a forecast, one step after the other.

        Only the states that the networks see are kept, so that forecasts may be of any
        length.

        Parameters
        ----------
        x0
            As for :meth:`ForecastTask.rollout`.
        steps
            Number of states to predict.
        forcing
            At the time of each of them, ``(V, n_forcing)`` or ``(N, V, n_forcing)``;
            read step by step.
        batch_size
            Members of all starts at once. What dropout leaves out depends on it; noise
            does not.
        draw
            Number of the draw: forecasts of different numbers have different noise.

        Yields
        ------
        array
            Shape ``(M, V, C)``, or ``(N, M, V, C)`` for several starts; NaN where the
            mask of the task is False. The members of a task stand together.

        Raises
        ------
        TypeError, ValueError
            If shapes do not fit, the forcing is missing or not known, or a forecast is
            not finite.
        """
        count = integer_argument("steps", steps, 1)
        size = integer_argument("batch_size", batch_size, 1)
        number = integer_argument("draw", draw, 0)
        steps_of = isinstance(forcing, Iterable) and getattr(forcing, "ndim", 1) > 0
        if forcing is not None and not steps_of:
            raise TypeError(
                f"forcing must be arrays (V, n_forcing), one for each step, got "
                f"{kind_of(forcing)}; pass a list or a generator of them"
            )
        x, several = known_states(x0, self._shape)
        ahead = self._ahead(forcing, len(x), count)
        return self._stream(x, ahead, size, number, several)

    def rollout(
        self,
        x0: npt.ArrayLike | Tensor,
        steps: SupportsIndex,
        forcing: npt.ArrayLike | Tensor | None = None,
        *,
        batch_size: SupportsIndex = 4,
        draw: SupportsIndex = 0,
        progress: bool = True,
    ) -> npt.NDArray[Any]:
        """Return all states of a forecast: see :meth:`stream`.

        Parameters
        ----------
        x0, steps, batch_size, draw
            As for :meth:`stream`.
        forcing
            Shape ``(steps, V, n_forcing)`` or ``(N, steps, V, n_forcing)``.
        progress
            Whether to show a progress bar on a terminal.

        Returns
        -------
        array
            Shape ``(steps, M, V, C)``, or ``(N, steps, M, V, C)`` for several starts.
        """
        count = integer_argument("steps", steps, 1)
        by_step = None
        if forcing is not None:
            x, _ = known_states(x0, self._shape)
            sizes = (len(x), count, self._shape[1], self.tasks[0].n_forcing)
            by_step = known_forcing(forcing, *sizes).swapaxes(0, 1)
        found = self.stream(x0, count, by_step, batch_size=batch_size, draw=draw)
        hidden = None if progress else True
        bar = tqdm(found, "forecasting", count, leave=False, disable=hidden)
        return np.stack([*bar], axis=-4)

    @property
    def _shape(self) -> tuple[int, int, int]:
        """History, vertices and channels."""
        first = self.tasks[0]
        return first.history, len(first.sampling), first.targets.channels

    def _ahead(
        self, forcing: Iterable[Any] | None, n: int, steps: int
    ) -> Iterator[npt.NDArray[Any]]:
        """Go through the forcing of each step, ``(N, V, n_forcing)``."""
        task = self.tasks[0]
        sizes = (1, len(task.sampling), task.n_forcing)
        if forcing is None:
            nothing = known_forcing(None, n, *sizes)[:, 0]
            yield from (nothing for _ in range(steps))
            return
        rest = iter(forcing)
        for step in range(steps):
            given = next(rest, None)
            if given is None:
                raise ValueError(
                    f"forcing must be given for {counted(steps, 'step')}, got {step}; "
                    "pass it at the times of the states to predict"
                )
            array = np.asarray(given)
            axis = 1 if array.ndim == 3 else 0
            yield known_forcing(np.expand_dims(array, axis), n, *sizes)[:, 0]

    @torch.no_grad()
    def _stream(
        self,
        x: npt.NDArray[Any],
        ahead: Iterator[npt.NDArray[Any]],
        size: int,
        draw: int,
        several: bool,
    ) -> Iterator[npt.NDArray[Any]]:
        """Step all members on."""
        windows = [self._starts(k, x, draw) for k in range(len(self.tasks))]
        for step, forcing in enumerate(ahead):
            found = []
            for k, task in enumerate(self.tasks):
                last = windows[k]
                states = self._stepped(k, last, forcing, size, (draw, step))
                if not torch.isfinite(states).all():
                    raise ValueError(
                        "the forecast is not finite after "
                        f"{counted(step + 1, 'step')}: the network is not stable over "
                        "so many; forecast fewer, or train it with more steps in the "
                        "loss"
                    )
                windows[k] = [*last[1:], task.filled(states)]
                known = torch.where(task.valid, states, torch.nan).cpu().numpy()
                found.append(known.reshape(len(x), self.members, *known.shape[1:]))
            together = np.concatenate(found, axis=1)
            yield together if several else together[0]

    def _starts(self, k: int, x: npt.NDArray[Any], draw: int) -> list[Tensor]:
        """Return the first states of a task, oldest first, each ``(N * M, V, C)``."""
        task = self.tasks[k]
        like = next(task.network.parameters())
        given = torch.from_numpy(x).to(like.device, like.dtype)
        if self.members > 1 and self.by == "noise":
            spread = self.noise[k] * task.targets.std.to(given.dtype)
            given = noisy_members(given, self.members, spread, (self.seed, draw, k))
        else:
            given = given.repeat_interleave(self.members, dim=0)
        return [*task.filled(given).unbind(1)]

    def _stepped(
        self,
        k: int,
        last: Sequence[Tensor],
        forcing: npt.NDArray[Any],
        size: int,
        at: tuple[int, int],
    ) -> Tensor:
        """Return the next states of a task, ``(N * M, V, C)``, batch by batch."""
        task, like = self.tasks[k], last[0]
        every = torch.from_numpy(forcing).to(like.device, like.dtype)
        dropout = self.members > 1 and self.by == "dropout"
        numbers = np.random.SeedSequence((self.seed, *at, k)).generate_state(1)
        found = []
        with predicting(task, dropout=dropout, seed=int(numbers[0])):
            for first in range(0, len(like), size):
                rows = torch.arange(first, min(first + size, len(like)))
                ahead = every[(rows // self.members).to(like.device)]
                part = slice(first, first + size)
                found.append(task.state_after([one[part] for one in last], ahead))
        return torch.cat(found)


def _together(tasks: Any) -> tuple[ForecastTask, ...]:
    """Return the tasks of an ensemble."""
    every = tuple(tasks) if isinstance(tasks, Sequence) else (tasks,)
    if not every or not all(isinstance(one, ForecastTask) for one in every):
        raise TypeError(
            "tasks must be a ForecastTask or several, got "
            f"{', '.join(type(one).__name__ for one in every) or 'no task'}; load them "
            "with load_task"
        )
    first = every[0]
    for other in every[1:]:
        if not same_sampling(first.sampling, other.sampling):
            raise ValueError(
                f"tasks must have one sampling, got {first.sampling.name} and "
                f"{other.sampling.name}; train them on one"
            )
        for name, one, found in (
            ("states of history", first.history, other.history),
            ("channels", first.targets.channels, other.targets.channels),
            ("forcing channels", first.n_forcing, other.n_forcing),
            ("names", first.out_names, other.out_names),
        ):
            if one != found:
                raise ValueError(
                    f"tasks must have the same {name}, got {one} and {found}; train "
                    "them on the same data"
                )
    return every
