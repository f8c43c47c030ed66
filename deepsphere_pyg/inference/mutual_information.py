"""Variational mutual information of summaries and parameters."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise
from typing import Any, SupportsIndex

import torch
from torch import Tensor, nn

from deepsphere_pyg.inference.gaussian_mixture import GaussianMixture
from deepsphere_pyg.inference.posterior_loss import PosteriorLoss
from deepsphere_pyg.inference.triangles import lower_triangle, n_entries
from samplings.arguments import integer_argument, integers_argument


class MutualInformationLoss(PosteriorLoss):
    r"""Loss that maximises the mutual information of summaries and parameters.

    .. math:: \mathcal L = -\frac1N \sum_n \log q(\theta_n \mid s_n), \qquad
        I(\theta; s) \ge H(\theta) - \operatorname E \mathcal L

    with a Gaussian mixture q, whose weights, means and covariances a multilayer
    perceptron computes from the summary s of a map. The network of the summaries and
    the perceptron, which is part of the loss, are trained jointly: the loss is least if
    the summaries are sufficient and q is the posterior.

    Parameters
    ----------
    n_targets
        Number d of parameters.
    n_summaries
        Number of outputs of the network; ``2 * n_targets`` by default.
    components
        Number of Gaussians of the mixture, with full covariances.
    hidden
        Widths of the hidden layers of the perceptron.

    Attributes
    ----------
    head
        The perceptron.

    Shapes
    ------
    ``prediction (*batch, n_summaries)``, ``target (*batch, n_targets)`` ``-> ()``.

    Raises
    ------
    TypeError, ValueError
        If an argument is not an integer, or below 1; in ``forward``, if an argument is
        not a tensor of floating-point numbers, shapes do not fit, or, on the CPU, a
        target is not finite.

    Notes
    -----
    Equivariance: the loss depends on the network's output alone, and is invariant if
    that is.

    Computations are in float32 at least, also under autocast. Targets are best
    standardized, as tasks do: the mixtures start with components of about unit width at
    about zero.

    Source: Barber and Agakov 2003, NIPS 16, for the bound; Jeffrey, Alsing and Lanusse
    2021, MNRAS 501, 954 (arXiv:2009.08459), for summaries of maps; sizes of Thomsen et
    al. 2025 (arXiv:2511.04681).

    Examples
    --------
    >>> loss = MutualInformationLoss(2)
    >>> summary = torch.zeros(3, loss.n_summaries)
    >>> loss(summary, torch.zeros(3, 2)).shape, loss.posterior(summary).mean.shape
    (torch.Size([]), torch.Size([3, 2]))
    """

    def __init__(
        self,
        n_targets: SupportsIndex,
        n_summaries: SupportsIndex | None = None,
        *,
        components: SupportsIndex = 4,
        hidden: Iterable[SupportsIndex] = (128, 128),
    ) -> None:
        super().__init__()
        d = self.n_targets = integer_argument("n_targets", n_targets, 1)
        given = 2 * d if n_summaries is None else n_summaries
        self.n_summaries = integer_argument("n_summaries", given, 1)
        self.components = integer_argument("components", components, 1)
        self.hidden = integers_argument("hidden", hidden, 1)
        widths = (self.n_summaries, *self.hidden)
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Linear(before, after), nn.SiLU()]
        numbers = 1 + d + n_entries(d)
        self.head = nn.Sequential(
            *layers, nn.Linear(widths[-1], self.components * numbers)
        )

    @property
    def config(self) -> dict[str, Any]:
        """Arguments that rebuild the loss."""
        return {
            "n_targets": self.n_targets,
            "n_summaries": self.n_summaries,
            "components": self.components,
            "hidden": [*self.hidden],
        }

    def posterior(self, prediction: Tensor) -> GaussianMixture:
        """Return the mixtures that the summaries lead to.

        Parameters
        ----------
        prediction
            Outputs of the network, shape ``(*batch, n_summaries)``.
        """
        x = self.checked_summary(prediction)
        d = self.n_targets
        weight: Any = self.head[-1].weight
        # Logarithms of densities lose their meaning in half precision.
        with _without_autocast(x.device.type):
            numbers = self.head(x.to(weight.dtype)).to(x.dtype)
        numbers = numbers.unflatten(-1, (self.components, -1))
        logits, means = numbers[..., 0], numbers[..., 1 : 1 + d]
        factors = lower_triangle(numbers[..., 1 + d :], d)
        return GaussianMixture(logits, means, factors)

    def extra_repr(self) -> str:
        """Arguments, for ``repr``."""
        return (
            f"n_targets={self.n_targets}, n_summaries={self.n_summaries}, "
            f"components={self.components}, hidden={self.hidden}"
        )


def _without_autocast(device: str) -> AbstractContextManager[Any]:
    """Turn automatic rounding off, on devices that have it."""
    available = torch.amp.is_autocast_available(device)
    return torch.autocast(device, enabled=False) if available else nullcontext()
