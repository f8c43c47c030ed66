"""Summaries of maps that are learned from groups of maps, without targets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, SupportsFloat

import numpy.typing as npt
from torch import Tensor, nn

from deepsphere_pyg.inference import FisherInformationLoss, VICRegLoss
from deepsphere_pyg.training.options import TrainingOptions
from deepsphere_pyg.training.tasks.base import Task, checked_network


class _SummaryTask(Task):
    """A task whose samples are groups of maps, and whose loss compares their summaries.

    The loss is a function of sums over all groups, in training over those of a batch.
    """

    monitor: ClassVar[str] = "loss"
    lowest: ClassVar[bool] = True
    loss: nn.Module

    def outputs(self, batch: Any) -> Tensor:
        """Return the summaries of a batch of groups, ``(batch, group, summary)``."""
        x = batch.x
        if x.ndim != 4:
            raise ValueError(
                "batches must have x of shape (batch, group, V, C), groups of maps, "
                f"got {tuple(x.shape)}; take samples of FisherMaps or RotatedPairs"
            )
        summaries: Tensor = self(x.flatten(0, 1))
        return summaries.reshape(*x.shape[:2], *summaries.shape[1:])

    def loss_of(self, outputs: Tensor, batch: Any) -> Tensor:
        """Return the loss of the summaries of a batch."""
        loss: Tensor = self.loss(outputs)
        return loss

    def prediction(self, outputs: Tensor) -> Tensor:
        """Return the summaries."""
        return outputs


class FisherTask(_SummaryTask):
    r"""Train a network to summarise maps with the most Fisher information.

    Each sample is a seed: maps of it at parameters :math:`\theta_0` and, for each
    parameter, on both sides. :class:`~deepsphere_pyg.datasets.FisherMaps` makes samples
    of arrays, and :func:`~deepsphere_pyg.training.fit_summaries` trains. Afterwards,
    :func:`~deepsphere_pyg.inference.fisher_forecast` of summaries of other simulations
    gives the errors of the parameters, and estimates of these.

    Parameters
    ----------
    network
        Maps ``(batch, vertex, channel)`` to summaries ``(batch, S)``.
    steps
        Distances :math:`\Delta_a` of the simulations from :math:`\theta_0`, one for
        each of d parameters.
    out_channels
        Number S of summaries; by default the network's own.
    penalty, weight
        As for :class:`~deepsphere_pyg.inference.FisherInformationLoss`.
    in_channels, options, notes
        As for :class:`Task`. A batch must have more seeds than there are summaries;
        tens of them are needed for a covariance worth its name.

    Shapes
    ------
    Batches have ``x (batch, 1 + 2 d, V, C)``: the map at :math:`\theta_0`, those at
    :math:`\theta_0 + \Delta_a`, and those at :math:`\theta_0 - \Delta_a`.

    Raises
    ------
    TypeError
        If the network does not tell its number of outputs, and it is not given.
    ValueError
        As :class:`~deepsphere_pyg.inference.FisherInformationLoss`; while training, if
        the loss is not finite.

    Examples
    --------
    >>> from deepsphere_pyg import SphericalClassifier
    >>> from samplings import HEALPix
    >>> network = SphericalClassifier(1, 2, HEALPix(2), widths=(4,))
    >>> FisherTask(network, [0.1, 0.05]).config["steps"]
    [0.1, 0.05]
    """

    loss: FisherInformationLoss

    def __init__(
        self,
        network: nn.Module,
        steps: Iterable[SupportsFloat] | npt.ArrayLike,
        *,
        out_channels: int | None = None,
        penalty: str = "jacobian",
        weight: SupportsFloat = 100.0,
        in_channels: int | None = None,
        options: TrainingOptions | None = None,
        notes: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(network, in_channels=in_channels, options=options, notes=notes)
        size = _n_summaries(network, out_channels)
        self.loss = FisherInformationLoss(steps, size, penalty=penalty, weight=weight)

    @property
    def config(self) -> dict[str, Any]:
        """Arguments, beside the network, that rebuild the task."""
        own = self.loss.config
        own["out_channels"] = own.pop("n_summaries")
        return {**super().config, **own}


class RotationTask(_SummaryTask):
    """Train a network to summarise maps alike when they are rotated, without targets.

    Each sample is a pair of copies of a map. They may differ in more than a rotation,
    such as in noise: summaries keep what the copies have in common.
    :class:`~deepsphere_pyg.datasets.RotatedPairs` makes samples of arrays, and
    :func:`~deepsphere_pyg.training.fit_summaries` trains.

    Parameters
    ----------
    network
        Maps ``(batch, vertex, channel)`` to summaries ``(batch, S)``.
    out_channels
        Number S of summaries; by default the network's own.
    invariance, variance, covariance
        Weights of the terms of :class:`~deepsphere_pyg.inference.VICRegLoss`.
    in_channels, options, notes
        As for :class:`Task`. A batch must have at least two maps; tens of them are
        needed for variances worth their name.

    Shapes
    ------
    Batches have ``x (batch, 2, V, C)``.

    Raises
    ------
    TypeError
        If the network does not tell its number of outputs, and it is not given.
    ValueError
        If a weight is negative; while training, if the loss is not finite.

    Examples
    --------
    >>> from deepsphere_pyg import SphericalClassifier
    >>> from samplings import HEALPix
    >>> network = SphericalClassifier(1, 8, HEALPix(2), widths=(4,))
    >>> RotationTask(network).loss
    VICRegLoss(n_summaries=8, invariance=25, variance=25, covariance=1, eps=0.0001)
    """

    loss: VICRegLoss

    def __init__(
        self,
        network: nn.Module,
        *,
        out_channels: int | None = None,
        invariance: SupportsFloat = 25.0,
        variance: SupportsFloat = 25.0,
        covariance: SupportsFloat = 1.0,
        in_channels: int | None = None,
        options: TrainingOptions | None = None,
        notes: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(network, in_channels=in_channels, options=options, notes=notes)
        self.loss = VICRegLoss(
            _n_summaries(network, out_channels),
            invariance=invariance,
            variance=variance,
            covariance=covariance,
        )

    @property
    def config(self) -> dict[str, Any]:
        """Arguments, beside the network, that rebuild the task."""
        own = self.loss.config
        own["out_channels"] = own.pop("n_summaries")
        own.pop("eps")
        return {**super().config, **own}


def _n_summaries(network: nn.Module, given: int | None) -> int:
    """Return the number of outputs of a network."""
    found = getattr(checked_network(network), "out_channels", None)
    count = found if given is None else given
    if count is None:
        raise TypeError(
            f"{type(network).__name__} has no attribute out_channels; pass "
            "out_channels=, the number of its summaries"
        )
    return count
