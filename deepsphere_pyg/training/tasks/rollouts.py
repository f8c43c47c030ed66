"""Rollouts of a forecasting network, whose predictions are fed back, and scores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, SupportsIndex

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from tqdm import tqdm

from deepsphere_pyg.layers import Standardize
from deepsphere_pyg.training.recomputing import without_memory
from deepsphere_pyg.training.tasks.base import Task, refuse_diverged
from deepsphere_pyg.training.tasks.forecast_arguments import known_forcing, known_states
from deepsphere_pyg.training.tasks.lead_scores import LeadScores, lead_scores
from samplings import Sampling
from samplings.arguments import integer_argument


class Rollouts(Task):
    """Prediction of a task whose output is fed back; a part of the forecast task.

    Attributes
    ----------
    history, n_forcing
        Number of states that the network sees, and of forcing channels.
    sampling
        Where the vertices are.
    targets
        Standardization of the states.
    increments
        Standardization of their increments of a step.
    valid
        True where the field exists, shape ``(V, C)``.
    static
        Fields that do not change, shape ``(V, n_static)``.
    residual
        Whether the network predicts increments.
    save_memory
        Whether steps are computed once more for the gradient.
    """

    history: int
    n_forcing: int
    sampling: Sampling
    targets: Standardize
    increments: Standardize
    valid: Tensor
    static: Tensor
    residual: bool
    save_memory: bool

    def filled(self, state: Tensor) -> Tensor:
        """Return states ``(..., V, C)`` with the mean of the channel where missing."""
        known = torch.isfinite(state) & self.valid
        return torch.where(known, state, self.targets.mean.to(state.dtype))

    def inputs_of(self, states: Sequence[Tensor], forcing: Tensor | None) -> Tensor:
        """Return the input of a step.

        Parameters
        ----------
        states
            The last H states, oldest first, each ``(batch, V, C)``.
        forcing
            At the time of the next state, ``(batch, V, n_forcing)``.
        """
        static = self.static.expand(len(states[0]), -1, -1).to(states[0].dtype)
        ahead = [] if forcing is None else [forcing]
        return torch.cat([*states, *ahead, static], dim=-1)

    def next_state(self, state: Tensor, outputs: Tensor) -> Tensor:
        """Return the state that follows, both ``(batch, V, C)``, from the outputs."""
        if self.residual:
            return state + outputs * self.increments.std + self.increments.mean
        return self.prediction(outputs)

    def state_after(
        self, states: Sequence[Tensor], forcing: Tensor | None = None
    ) -> Tensor:
        """Return the state after the last ones, with gradients, ``(batch, V, C)``.

        Parameters
        ----------
        states
            The last H states, oldest first, each ``(batch, V, C)``, :meth:`filled`.
        forcing
            At the time of the next state, ``(batch, V, n_forcing)``.
        """
        inputs = self.inputs_of(states, forcing)
        if self.save_memory and torch.is_grad_enabled():
            outputs = without_memory(self.network, self, inputs)
        else:
            outputs = self(inputs)
        if outputs.shape != states[-1].shape:
            raise ValueError(
                "the network must map (batch, V, inputs) to states (batch, V, C) = "
                f"{tuple(states[-1].shape)}, got {tuple(outputs.shape)}; give it one "
                "output for each channel of the fields"
            )
        return self.next_state(states[-1], outputs)

    def forecast(self, x: Tensor, steps: int, forcing: Tensor | None = None) -> Tensor:
        """Roll the network out, with gradients.

        Parameters
        ----------
        x
            The last H states, shape ``(batch, H, V, C)``.
        steps
            Number S of states to predict.
        forcing
            Shape ``(batch, S, V, n_forcing)``.

        Returns
        -------
        Tensor
            Shape ``(batch, S, V, C)``, in the units of the states.
        """
        states = [*self.filled(x).unbind(1)]
        found = []
        for step in range(steps):
            ahead = None if forcing is None else forcing[:, step]
            found.append(self.state_after(states, ahead))
            states = [*states[1:], self.filled(found[-1])]
        return torch.stack(found, dim=1)

    @torch.no_grad()
    def lead_scores(self, batches: Iterable[Any]) -> LeadScores:
        """Return the scores of forecasts in the units of the channels.

        Parameters
        ----------
        batches
            A data loader of windows: :func:`deepsphere_pyg.training.forecast_windows`.
        """
        training = self.training
        self.eval()
        try:
            kept = [
                self.kept(self.outputs(batch), batch)[0]
                for batch in (self.placed(b) for b in batches)
            ]
        finally:
            self.train(training)
        return lead_scores(torch.cat(kept))

    def placed(self, batch: Any) -> Any:
        """Return a batch on the device and in the dtype of the network."""
        like = next(self.network.parameters())
        return type(batch)(
            *(
                part.to(like.device, like.dtype if part.is_floating_point() else None)
                for part in batch
            )
        )

    @torch.no_grad()
    def rollout(
        self,
        x0: npt.ArrayLike | Tensor,
        steps: SupportsIndex,
        forcing: npt.ArrayLike | Tensor | None = None,
        *,
        batch_size: SupportsIndex = 4,
        progress: bool = True,
    ) -> npt.NDArray[Any]:
        """Forecast many steps from one state, or from several.

        Parameters
        ----------
        x0
            The last H states, shape ``(H, V, C)``, or ``(N, H, V, C)`` for several
            starts; if H is 1, ``(V, C)`` or ``(N, V, C)``. Missing values are NaN.
        steps
            Number of states to predict.
        forcing
            At the times of these states, shape ``(steps, V, n_forcing)``, or
            ``(N, steps, V, n_forcing)``.
        batch_size
            Rollouts at once.
        progress
            Whether to show a progress bar on a terminal.

        Returns
        -------
        array
            Shape ``(steps, V, C)``, or ``(N, steps, V, C)`` for several starts; NaN
            where the mask of the task is False.

        Raises
        ------
        TypeError, ValueError
            If shapes do not fit, the forcing is missing or not known, or a forecast is
            not finite.
        """
        n_steps = integer_argument("steps", steps, 1)
        size = integer_argument("batch_size", batch_size, 1)
        shape = (self.history, len(self.sampling), self.targets.channels)
        x, several = known_states(x0, shape)
        ahead = known_forcing(forcing, len(x), n_steps, shape[1], self.n_forcing)
        like = next(self.network.parameters())
        training = self.training
        self.eval()
        found = []
        starts = range(0, len(x), size)
        hidden = None if progress else True
        try:
            for start in tqdm(starts, desc="forecasting", leave=False, disable=hidden):
                part = slice(start, start + size)
                given, later = (
                    torch.from_numpy(array[part]).to(like.device, like.dtype)
                    for array in (x, ahead)
                )
                states = self.forecast(given, n_steps, later)
                refuse_diverged(states)
                found.append(torch.where(self.valid, states, torch.nan).cpu().numpy())
        finally:
            self.train(training)
        answers = np.concatenate(found)
        return answers if several else answers[0]

    def predict(self, X: npt.ArrayLike | Tensor, **options: Any) -> npt.NDArray[Any]:
        """Return the next states: see :meth:`rollout`, of which they are the first.

        Parameters
        ----------
        X
            States, shape ``(N, V, C)`` or ``(N, H, V, C)``.
        **options
            Those of :meth:`rollout`.

        Returns
        -------
        array
            Shape ``(N, V, C)``.
        """
        return self.rollout(X, 1, **options)[..., 0, :, :]
