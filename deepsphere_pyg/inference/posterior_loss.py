"""Base of losses that learn the density of parameters, given a summary of a map."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from deepsphere_pyg.inference.arguments import check_last_axis, check_parameters_known
from deepsphere_pyg.inference.gaussian_mixture import GaussianMixture
from deepsphere_pyg.losses.arguments import working_dtype
from deepsphere_pyg.processes import value_of_sums
from samplings.arguments import counted


class PosteriorLoss(nn.Module, ABC):
    r"""Mean of :math:`-\log q(\theta \mid s)` over the maps of a batch.

    A network reduces a map to a summary s; the loss turns this into a density q of the
    parameters θ. At the minimum over all densities q is the posterior of θ given s, for
    the prior from which the parameters of the training maps are drawn.

    A subclass defines :meth:`posterior` and :attr:`config`. It may have parameters of
    its own, which tasks train and keep in checkpoints.

    Attributes
    ----------
    n_targets
        Number of parameters θ.
    n_summaries
        Number of outputs of the network.

    Shapes
    ------
    ``prediction (*batch, n_summaries)``, ``target (*batch, n_targets)`` ``-> ()``.

    Raises
    ------
    TypeError
        In ``forward``, if an argument is not a tensor of floating-point numbers.
    ValueError
        In ``forward``, if shapes do not fit; on the CPU also if a target is not finite.
    """

    registry: ClassVar[dict[str, type[PosteriorLoss]]] = {}
    n_targets: int
    n_summaries: int

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        PosteriorLoss.registry[cls.__name__] = cls

    @property
    @abstractmethod
    def config(self) -> dict[str, Any]:
        """Arguments that rebuild the loss; JSON-able."""

    @abstractmethod
    def posterior(self, prediction: Tensor) -> GaussianMixture:
        """Return the densities of the parameters, given summaries.

        Parameters
        ----------
        prediction
            Outputs of the network, shape ``(*batch, n_summaries)``.
        """

    def regularized(self, losses: Tensor, posterior: GaussianMixture) -> Tensor:
        """Return the losses of the maps, which may be changed in training mode."""
        return losses

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Return the mean loss, a scalar of at least float32."""
        check_last_axis(
            "target",
            target,
            self.n_targets,
            f"the parameters of each map for this {type(self).__name__}",
            "build it for "
            f"{counted(target.shape[-1] if _has_axes(target) else 1, 'target')}",
        )
        posterior = self.posterior(prediction)
        if posterior.batch_shape != target.shape[:-1]:
            raise ValueError(
                "prediction and target must be of the same maps, got shapes "
                f"{tuple(prediction.shape)} and {tuple(target.shape)}; the axes before "
                "the last one are those of the batch"
            )
        check_parameters_known(target)
        losses = -posterior.log_prob(target.to(posterior.means.dtype))
        losses = self.regularized(losses, posterior)
        sums = torch.stack([losses.sum(), torch.ones_like(losses).sum()])
        return value_of_sums(self.of_sums, sums)

    def of_sums(self, sums: Tensor) -> Tensor:
        """Return the mean of losses, from their sum and their number."""
        return sums[0] / sums[1]

    def checked_summary(self, prediction: Tensor) -> Tensor:
        """Return summaries of at least float32, for :meth:`posterior`."""
        check_last_axis(
            "prediction",
            prediction,
            self.n_summaries,
            f"a summary of each map for this {type(self).__name__}",
            f"build the network with out_channels={self.n_summaries}",
        )
        return prediction.to(working_dtype(prediction))

    def check_sizes(self, outputs: int | None, targets: int | None) -> None:
        """Raise ``ValueError`` if a network or targets are of other sizes.

        Parameters
        ----------
        outputs, targets
            Number of outputs of the network, and of targets; None if not known.
        """
        name = type(self).__name__
        if outputs not in (None, self.n_summaries):
            raise ValueError(
                f"the network must have {counted(self.n_summaries, 'output')}, the "
                f"summaries of its {name}, got {outputs}; build it with "
                f"out_channels={self.n_summaries}"
            )
        if targets not in (None, self.n_targets):
            raise ValueError(
                f"there are {targets} targets, and the {name} is for {self.n_targets}; "
                f"build it with n_targets={targets}"
            )

    @property
    def description(self) -> dict[str, Any]:
        """Name of the class and arguments, from which checkpoints rebuild the loss."""
        return {"type": type(self).__name__, "config": self.config}

    @staticmethod
    def from_description(description: Mapping[str, Any]) -> PosteriorLoss:
        """Return the loss of a :attr:`description`, with parameters drawn anew.

        Raises
        ------
        ValueError
            If there is no such class.
        """
        name = description.get("type")
        if name not in PosteriorLoss.registry:
            raise ValueError(
                f"loss must be described by one of {', '.join(PosteriorLoss.registry)},"
                f" got {name!r}; import the module that defines it first"
            )
        return PosteriorLoss.registry[name](**description["config"])


def _has_axes(target: object) -> bool:
    """Whether the last axis of a target can be told."""
    return isinstance(target, Tensor) and target.ndim > 0
