"""Regression: numbers for each vertex, or for a whole map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy.typing as npt
import torch
from torch import Tensor, nn

from deepsphere_pyg.inference import GaussianMixture, PosteriorLoss
from deepsphere_pyg.layers import Standardize
from deepsphere_pyg.losses import L2Loss
from deepsphere_pyg.metrics.error_sums import ErrorSums, error_sums, merged
from deepsphere_pyg.training.options import TrainingOptions
from deepsphere_pyg.training.tasks.base import (
    Task,
    refuse_diverged,
    refuse_other_outputs,
    sampling_of,
)
from deepsphere_pyg.training.tasks.vertex_parts import relative_areas
from samplings import Sampling, from_config
from samplings.arguments import counted, names_argument


class _Numbers(Task):
    """A task whose targets are numbers in units, standardized for the network."""

    score_names: ClassVar[tuple[str, ...]] = ("rmse", "mae")
    monitor: ClassVar[str] = "rmse"
    lowest: ClassVar[bool] = True

    def __init__(
        self,
        network: nn.Module,
        out_channels: int | None,
        out_names: Sequence[str] | None,
        loss: nn.Module | None,
        options: Mapping[str, Any],
    ) -> None:
        super().__init__(network, **options)
        count = getattr(network, "out_channels", None)
        count = count if out_channels is None else out_channels
        if count is None:
            raise TypeError(
                f"{type(network).__name__} has no attribute out_channels; pass "
                "out_channels=, the number of its outputs"
            )
        self.targets = Standardize(count)
        count = self.targets.channels
        numbered = [f"output{i}" for i in range(count)]
        self.out_names = names_argument(
            "out_names", numbered if out_names is None else out_names
        )
        if len(self.out_names) != count:
            raise ValueError(
                "out_names must be one per output, got "
                f"{counted(len(self.out_names), 'name')} for "
                f"{counted(count, 'output')}"
            )
        self.loss = L2Loss() if loss is None else loss
        each = self._outputs_each()
        if each is not None:
            several = "" if each == 1 else f", {each} times"
            purpose = f"one for each channel of the targets{several}"
            refuse_other_outputs(network, each * count, purpose)

    def _outputs_each(self) -> int | None:
        """Return the number of outputs for each target; None if it is not known."""
        if isinstance(self.loss, PosteriorLoss):
            return None
        each = getattr(self.loss, "outputs", 1)
        return each if isinstance(each, int) else None

    @property
    def config(self) -> dict[str, Any]:
        """Arguments, beside the network, that rebuild the task."""
        own = {"out_channels": self.targets.channels, "out_names": [*self.out_names]}
        return {**super().config, **own}

    def prediction(self, outputs: Tensor) -> Tensor:
        """Return the outputs in the units of the targets."""
        return outputs * self.targets.std + self.targets.mean

    def scores(self, *kept: Tensor) -> dict[str, float]:
        """Root mean square and mean absolute error, averaged over the outputs."""
        sums = ErrorSums(*merged(kept[0]))
        return {"rmse": float(sums.rmse.mean()), "mae": float(sums.mae.mean())}


class RegressionTask(_Numbers):
    """Train a network to predict numbers at every vertex: maps from maps.

    Targets are standardized with the statistics of the training maps, which
    checkpoints keep; predictions and scores are in the units of the targets. Vertices
    count by the areas of their cells, in the loss and in the scores.

    Parameters
    ----------
    network
        Maps ``(batch, vertex, channel)`` to ``(batch, vertex, output)``.
    sampling
        Where the vertices are; by default the network's own.
    out_channels
        Number of outputs; by default the network's own.
    out_names
        One name per output.
    loss
        A loss of :mod:`deepsphere_pyg.losses` for numbers, by default the mean squared
        error of the standardized targets.
    in_channels, options, notes
        As for :class:`Task`.

    Shapes
    ------
    Batches have ``x (batch, V, C)``, ``y (batch, V, output)`` and ``mask (batch, V)``.

    Raises
    ------
    TypeError
        If the network does not tell its sampling or number of outputs, and they are not
        given.
    ValueError
        If a number is below 1, or the names do not fit; while training, if the loss is
        not finite.
    """

    vertex_axes: ClassVar[Mapping[str, int]] = {"x": 1, "y": 1, "mask": 1}
    area: Tensor

    def __init__(
        self,
        network: nn.Module,
        sampling: Sampling | Mapping[str, Any] | None = None,
        *,
        out_channels: int | None = None,
        out_names: Sequence[str] | None = None,
        loss: nn.Module | None = None,
        in_channels: int | None = None,
        options: TrainingOptions | None = None,
        notes: Mapping[str, Any] | None = None,
    ) -> None:
        given = {"in_channels": in_channels, "options": options, "notes": notes}
        if isinstance(loss, PosteriorLoss):
            raise ValueError(
                f"{type(loss).__name__} is for numbers of whole maps, not for numbers "
                "at vertices; use a GlobalRegressionTask, with targets (N, targets)"
            )
        super().__init__(network, out_channels, out_names, loss, given)
        if isinstance(sampling, Mapping):
            sampling = from_config(sampling)
        self.sampling = sampling_of(network, sampling)
        self.keep("area", relative_areas(self.sampling), torch.float32)

    @property
    def config(self) -> dict[str, Any]:
        """Arguments, beside the network, that rebuild the task."""
        return {**super().config, "sampling": self.sampling.config}

    def loss_of(self, outputs: Tensor, batch: Any) -> Tensor:
        """Return the loss of the standardized targets over the valid vertices."""
        wanted = self.targets(batch.y)
        loss: Tensor = self.loss(outputs, wanted, self.area, batch.mask)
        return loss

    def kept(self, outputs: Tensor, batch: Any) -> tuple[Tensor, ...]:
        """Keep the sums of the errors of a batch."""
        found = self.prediction(outputs)
        sums = error_sums(found, batch.y, self.area, batch.mask, torch.float64)
        return (sums[None],)


class GlobalRegressionTask(_Numbers):
    """Train a network to predict numbers for a whole map, such as its year.

    Targets are standardized with the statistics of the training maps, which
    checkpoints keep; predictions and scores are in the units of the targets.

    With a :class:`~deepsphere_pyg.inference.PosteriorLoss` the outputs of the network
    are a summary, from which the loss predicts a density of the targets:
    :meth:`~Task.predict` returns its mean, :meth:`posterior` the density. Parameters of
    the loss are trained with those of the network and kept in checkpoints, and the
    checkpoint is selected by the loss of validation.

    Parameters
    ----------
    network
        Maps ``(batch, vertex, channel)`` to ``(batch, output)``.
    out_channels
        Number of targets; by default the number of the network's outputs, or that of
        the loss's targets.
    out_names
        One name per target.
    loss
        A loss of :mod:`deepsphere_pyg.losses` for numbers, by default the mean squared
        error of the standardized targets; or one of :mod:`deepsphere_pyg.inference` for
        densities, or its description.
    in_channels, options, notes
        As for :class:`Task`.

    Shapes
    ------
    Batches have ``x (batch, V, C)`` and ``y (batch, target)``.

    Raises
    ------
    TypeError
        If the network does not tell its number of outputs, and it is not given.
    ValueError
        If a number is below 1, the names do not fit, or the loss is for other numbers
        of outputs or targets; while training, if the loss is not finite.

    Examples
    --------
    >>> from deepsphere_pyg import SphericalClassifier
    >>> from deepsphere_pyg.inference import MutualInformationLoss
    >>> from samplings import HEALPix
    >>> network = SphericalClassifier(1, 4, HEALPix(2), widths=(4,))
    >>> task = GlobalRegressionTask(network, loss=MutualInformationLoss(2))
    >>> task.posterior(torch.zeros(3, 48, 1), progress=False).covariance.shape
    torch.Size([3, 2, 2])
    """

    monitor: str  # type: ignore[misc]  # the loss, if it is one of densities
    vertex_axes: ClassVar[Mapping[str, int]] = {"x": 1}

    def __init__(
        self,
        network: nn.Module,
        *,
        out_channels: int | None = None,
        out_names: Sequence[str] | None = None,
        loss: nn.Module | Mapping[str, Any] | None = None,
        in_channels: int | None = None,
        options: TrainingOptions | None = None,
        notes: Mapping[str, Any] | None = None,
    ) -> None:
        given = {"in_channels": in_channels, "options": options, "notes": notes}
        if isinstance(loss, Mapping):
            loss = PosteriorLoss.from_description(loss)
        if isinstance(loss, PosteriorLoss):
            loss.check_sizes(getattr(network, "out_channels", None), out_channels)
            out_channels = loss.n_targets
        super().__init__(network, out_channels, out_names, loss, given)
        if isinstance(loss, PosteriorLoss):
            self.monitor = "loss"

    @property
    def config(self) -> dict[str, Any]:
        """Arguments, beside the network, that rebuild the task."""
        own = {}
        if isinstance(self.loss, PosteriorLoss):
            own["loss"] = self.loss.description
        return {**super().config, **own}

    def prediction(self, outputs: Tensor) -> Tensor:
        """Return the answers in the units of the targets: the means of densities."""
        if isinstance(self.loss, PosteriorLoss):
            outputs = self.loss.posterior(outputs).mean
        return super().prediction(outputs)

    @torch.no_grad()
    def posterior(
        self, X: npt.ArrayLike | Tensor, *, batch_size: int = 4, progress: bool = True
    ) -> GaussianMixture:
        """Return the densities of the targets of many inputs, in their units.

        Parameters
        ----------
        X, batch_size, progress
            As for :meth:`~Task.predict`.

        Returns
        -------
        GaussianMixture
            N densities, in the order of the inputs, on the CPU: with ``mean``,
            ``covariance``, ``sample`` and ``log_prob``.

        Raises
        ------
        TypeError
            If the loss of the task is not one of densities.
        ValueError
            If a mean is not finite.
        """
        loss = self.loss
        if not isinstance(loss, PosteriorLoss):
            raise TypeError(
                "the loss must be one of densities to predict posteriors, got a "
                f"{type(loss).__name__}; train with a MutualInformationLoss or a "
                "GaussianLikelihoodLoss of deepsphere_pyg.inference"
            )

        def densities(outputs: Tensor) -> tuple[Tensor, ...]:
            found = loss.posterior(outputs)
            refuse_diverged(found.mean)
            return found.logits, found.means, found.precision_cholesky

        parts = self._for_batches(densities, X, batch_size, progress)
        mixture = GaussianMixture(
            *(torch.cat(part) for part in zip(*parts, strict=True))
        )
        return mixture.scaled(self.targets.std, self.targets.mean).to("cpu")

    def loss_of(self, outputs: Tensor, batch: Any) -> Tensor:
        """Return the loss of the standardized targets."""
        loss: Tensor = self.loss(outputs, self.targets(batch.y))
        return loss

    def kept(self, outputs: Tensor, batch: Any) -> tuple[Tensor, ...]:
        """Keep the sums of the errors of a batch."""
        found = self.prediction(outputs)
        return (error_sums(found, batch.y, None, None, torch.float64)[None],)
