"""Forecasts: the next states of a field, from states that the network feeds back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, SupportsFloat, SupportsIndex, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from deepsphere_pyg.layers import Standardize
from deepsphere_pyg.losses import CRPSLoss
from deepsphere_pyg.processes import mean_of_losses
from deepsphere_pyg.training.options import TrainingOptions
from deepsphere_pyg.training.tasks.forecast_arguments import (
    checked_static,
    checked_step_weights,
    checked_valid,
    encoded,
)
from deepsphere_pyg.training.tasks.lead_scores import (
    lead_scores,
    lead_sums,
    score_names,
)
from deepsphere_pyg.training.tasks.regression import RegressionTask
from deepsphere_pyg.training.tasks.rollout_training import (
    check_members,
    checked_growth,
    grown_weights,
    noisy_members,
    together,
)
from deepsphere_pyg.training.tasks.rollouts import Rollouts
from samplings import Sampling
from samplings.arguments import (
    flag_argument,
    integer_argument,
    nonnegative_argument,
)
from samplings.arrays import IntArray


class ForecastTask(Rollouts, RegressionTask):
    r"""Train a network to step a field in time, with its own output fed back.

    .. math::
        \hat x_{t+1} = x_t + \mu + \sigma\, f(x_{t-H+1}, \dots, x_t, g_{t+1}, s)

    with the network f, states x, forcing g that is known in advance, such as the
    insolation, static fields s, such as the topography, and mean μ and standard
    deviation σ of the increments of a step; or, without ``residual``,
    :math:`\hat x_{t+1} = \mu + \sigma f` with those of the states. The training loss is
    the weighted mean of the losses of the first ``steps`` states of a rollout.

    Parameters
    ----------
    network
        Maps ``(batch, V, H * C + n_forcing + n_static)``, the states oldest first, then
        forcing and static fields, to ``(batch, V, C)``.
    sampling
        Where the vertices are; by default the network's own.
    history
        Number H of states that the network sees.
    steps
        Length of the rollouts in the training loss.
    step_weights
        Weight of each of these steps in the loss; equal by default.
    scored_steps
        Number of lead times in validation; ``steps`` by default.
    growth
        Share of the training in which rollouts grow from one step to ``steps``, by
        weights of later steps that rise one after another; 0 for full ones at once.
    noise
        Standard deviation of white noise in the states from which rollouts start in
        training, over that of the channel; networks learn to remove it.
    members
        Number M of forecasts of an ensemble, which start with noise of their own, in
        training and in validation; the scores are those of their mean. The loss is a
        :class:`~deepsphere_pyg.losses.CRPSLoss` of as many members, the default.
    save_memory
        Whether each step is computed once more for the gradient, so that the memory of
        a training does not grow with the steps but for the states.
    residual
        Whether the network predicts the increment of a step, or the state.
    n_forcing
        Number of forcing channels.
    static
        Fields that do not change, shape ``(V, n_static)``.
    mask
        True where the field exists, shape ``(V,)`` or ``(V, C)``, such as the ocean.
        Elsewhere nothing is scored, and the mean of the channel is fed back.
    out_channels, out_names
        Number and names of the channels of the state; by default the network's own.
    loss
        A loss of :mod:`deepsphere_pyg.losses` for numbers, of errors in standard
        deviations of the increments, or of the states without ``residual``; by default
        the mean squared error.
    options, notes
        As for :class:`Task`.

    Attributes
    ----------
    targets, increments
        Mean and standard deviation of the states, and of their increments of a step;
        checkpoints keep both. :meth:`fit_` sets them.
    climatology
        Mean state, shape ``(V, C)``, about which anomalies are counted.

    Shapes
    ------
    Batches have ``x (batch, H, V, C)``, ``y (batch, S, V, C)``, ``mask (batch, S, V,
    C)`` and ``forcing (batch, S, V, n_forcing)``, as those of
    :func:`~deepsphere_pyg.training.forecast_windows`. Missing values of x are NaN.

    Raises
    ------
    TypeError
        If the network does not tell its sampling or number of outputs, and they are not
        given; if an argument has another type.
    ValueError
        If a number is below 1, or names, weights, static fields, the mask or the
        network's input channels do not fit; while training, if the loss is not finite.

    Notes
    -----
    Scores are logged for each lead time: ``rmse_1`` in standard deviations of the
    states; ``skill_1``, one minus the error over that of persistence; and ``acc_1``,
    the anomaly correlation; averaged over the channels. ``rmse``, averaged over the
    lead times too, selects the checkpoint.

    A subclass may change how states become the input (:meth:`inputs_of`), and how the
    output becomes the next state (:meth:`next_state`).
    """

    score_names: tuple[str, ...]  # type: ignore[misc]  # as many as lead times
    monitor: ClassVar[str] = "rmse"
    vertex_axes: ClassVar[Mapping[str, int]] = {"x": 2, "y": 2, "mask": 2, "forcing": 2}

    climatology: Tensor
    static: Tensor
    valid: Tensor

    def __init__(
        self,
        network: nn.Module,
        sampling: Sampling | Mapping[str, Any] | None = None,
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
        n_forcing: SupportsIndex = 0,
        static: npt.ArrayLike | Mapping[str, Any] | None = None,
        mask: npt.ArrayLike | Mapping[str, Any] | None = None,
        out_channels: int | None = None,
        out_names: Sequence[str] | None = None,
        loss: nn.Module | None = None,
        options: TrainingOptions | None = None,
        notes: Mapping[str, Any] | None = None,
    ) -> None:
        past = integer_argument("history", history, 1)
        forcings = integer_argument("n_forcing", n_forcing, 0)
        fixed = checked_static(static)
        n_static = 0 if fixed is None else fixed.shape[1]
        count = getattr(network, "out_channels", None)
        if out_channels is not None:
            count = integer_argument("out_channels", out_channels, 1)
        copies = integer_argument("members", members, 1)
        spread = nonnegative_argument("noise", noise, "pass 0 for no noise")
        if copies > 1 and loss is None:
            loss = CRPSLoss(copies)
        check_members(copies, spread, loss)
        # Without a number of outputs, the base raises.
        total = None if count is None else past * count + forcings + n_static
        super().__init__(
            network,
            sampling,
            out_channels=out_channels,
            out_names=out_names,
            loss=loss,
            in_channels=total,
            options=options,
            notes=notes,
        )
        taken = getattr(network, "in_channels", total)
        if taken != total:
            raise ValueError(
                f"the network must take {past} states of {count} channels, {forcings} "
                f"forcing and {n_static} static channels, in all {total}, got one that "
                f"takes {taken}; build it with in_channels={total}"
            )
        self.history, self.n_forcing = past, forcings
        self.steps = integer_argument("steps", steps, 1)
        self.step_weights = checked_step_weights(step_weights, self.steps)
        scored = self.steps if scored_steps is None else scored_steps
        self.scored_steps = integer_argument("scored_steps", scored, 1)
        self.growth = checked_growth(growth)
        self.noise, self.members = spread, copies
        self.save_memory = flag_argument("save_memory", save_memory)
        self._grown = self.step_weights
        self._drawn = (0, 0)
        self.residual = flag_argument("residual", residual)
        self.score_names = score_names(self.scored_steps)
        n, channels = len(self.sampling), self.targets.channels
        self.increments = Standardize(channels)
        self.register_buffer("climatology", torch.zeros(n, channels))
        empty = np.zeros((n, 0), np.float32)
        self._fields: dict[str, npt.NDArray[Any]] = {
            "static": cast(Any, checked_static(empty if fixed is None else fixed, n)),
            "valid": checked_valid(mask, n, channels),
        }
        self._vertices: Tensor | None = None
        for name, field in self._fields.items():
            self.keep(name, field)

    @property
    def config(self) -> dict[str, Any]:
        """Arguments, beside the network, that rebuild the task."""
        common = super().config
        common.pop("in_channels", None)
        # Those of all vertices, also where this process has some of them.
        static, valid = self._fields["static"], self._fields["valid"]
        return {
            **common,
            "history": self.history,
            "steps": self.steps,
            "step_weights": [*self.step_weights],
            "scored_steps": self.scored_steps,
            "growth": self.growth,
            "noise": self.noise,
            "members": self.members,
            "save_memory": self.save_memory,
            "residual": self.residual,
            "n_forcing": self.n_forcing,
            "static": encoded(static) if static.shape[1] else None,
            "mask": None if valid.all() else encoded(valid),
        }

    def _outputs_each(self) -> int | None:
        """Return 1: members of an ensemble are forecasts, not outputs."""
        return 1

    def fit_(
        self, states: Any, increments: Any, climatology: npt.ArrayLike | Tensor
    ) -> ForecastTask:
        """Set the statistics in place and return the task.

        Parameters
        ----------
        states, increments
            Mean and standard deviation of the states, and of their increments of a
            step: pairs of one number per channel.
        climatology
            Mean state, shape ``(V, C)``.
        """
        self.targets.fit_(*states)
        self.increments.fit_(*increments)
        normal = torch.as_tensor(np.asarray(climatology), dtype=torch.float32)
        # Where the field does not exist, nothing is scored.
        self.climatology.copy_(torch.nan_to_num(normal))
        return self

    def take_vertices(
        self,
        vertices: IntArray | None,
        vertex_sums: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        """Take batches of some vertices, or of all, as for :class:`Task`."""
        super().take_vertices(vertices, vertex_sums)
        self._vertices = None if vertices is None else torch.from_numpy(vertices)
        for name, field in self._fields.items():
            part = field if vertices is None else field[vertices]
            self.keep(name, part, getattr(self, name).dtype)

    # -- training and scores ----------------------------------------------------------
    def on_train_batch_start(self, batch: Any, batch_index: int) -> None:
        """Set the learning rate and the length of the rollouts."""
        super().on_train_batch_start(batch, batch_index)
        self._drawn = (self.current_epoch, batch_index)
        if self.growth:
            step, total = self._position(batch_index)
            done = min(1.0, step / (self.growth * total))
            self._grown = grown_weights(self.step_weights, done)

    def outputs(self, batch: Any) -> Tensor:
        """Return the forecasts of a batch, ``(batch, S, V, C)``.

        In training they start from noisy states. Members of an ensemble, ``(batch, S,
        V, C * M)``, always do, and those of a channel stand together.
        """
        noisy = self.members > 1 or (self.training and self.noise > 0)
        steps = len(self._grown) if self.training else batch.y.shape[1]
        if not noisy:
            return self.forecast(batch.x, steps, batch.forcing)
        # Noise depends on the step, so that a training that was resumed has the same.
        seed = (self.options.seed, *(self._drawn if self.training else ()))
        spread = self.noise * self.targets.std.to(batch.x.dtype)
        part = self._vertices
        whole = None if part is None else (part, len(self._fields["valid"]))
        x = noisy_members(batch.x, self.members, spread, seed, whole)
        forcing = batch.forcing.repeat_interleave(self.members, dim=0)
        return together(self.forecast(x, steps, forcing), self.members)

    def apart(self, outputs: Tensor) -> Tensor:
        """Return the members of forecasts on an axis of their own, the last."""
        return outputs.view(*outputs.shape[:-1], -1, self.members)

    def loss_of(self, outputs: Tensor, batch: Any) -> Tensor:
        """Return the weighted mean of the losses of the first steps."""
        valid = batch.mask & self.valid
        if self.residual:
            present = batch.x[:, -1]
            origin, scale = self.filled(present), self.increments.std
            # From an unknown state, the increment is not known either.
            valid = valid & torch.isfinite(present)[:, None]
        else:
            origin, scale = self.targets.mean, self.targets.std
        counted = self._grown if self.training else self.step_weights
        weights = counted[: outputs.shape[1]]
        losses = []
        for step in range(len(weights)):
            found, wanted = outputs[:, step], batch.y[:, step]
            # From their origin, lest small increments lose digits.
            each = (self.apart(found) - origin[..., None]) / scale[..., None]
            pair = (each.flatten(-2), (wanted - origin) / scale)
            losses.append(self.loss(*pair, self.area, valid[:, step]))
        return mean_of_losses(losses, weights)

    def kept(self, outputs: Tensor, batch: Any) -> tuple[Tensor, ...]:
        """Keep the sums of a batch for each lead time."""
        present = self.filled(batch.x[:, -1])
        valid = batch.mask & self.valid
        normal = self.climatology
        if self._vertices is not None:
            # The checkpoint keeps that of all vertices.
            normal = normal[self._vertices.to(normal.device)]
        mean = self.apart(outputs).mean(-1)
        fields = (mean, batch.y, present, normal, self.area, valid)
        return (lead_sums(*fields, self.vertex_sums),)

    def scores(self, *kept: Tensor) -> dict[str, float]:
        """Errors, skill against persistence and anomaly correlation by lead time."""
        return lead_scores(kept[0]).summary(self.targets.std)
