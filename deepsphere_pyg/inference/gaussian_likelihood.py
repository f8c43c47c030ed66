"""Gaussian likelihood of parameters, whose mean and covariance a network predicts."""

from __future__ import annotations

import math
from typing import Any, SupportsFloat, SupportsIndex

import torch
from torch import Tensor

from deepsphere_pyg.inference.gaussian_mixture import GaussianMixture
from deepsphere_pyg.inference.posterior_loss import PosteriorLoss
from deepsphere_pyg.inference.triangles import lower_triangle, n_entries
from samplings.arguments import integer_argument, nonnegative_argument


class GaussianLikelihoodLoss(PosteriorLoss):
    r"""Negative logarithm of a Gaussian density of predicted mean and covariance.

    .. math:: \mathcal L = \tfrac12 \lVert P^\top (\theta - \mu) \rVert^2
        - \log \det P + \tfrac d2 \log 2\pi
        - \tfrac12 \lambda(t)\, \lVert P \rVert_F, \qquad \Sigma^{-1} = P P^\top

    averaged over the maps of the batch. The network predicts, for d parameters,
    ``n_summaries = d + d (d + 1) / 2`` numbers: the mean μ, the logarithms of the
    diagonal of the lower triangular factor P of the inverse covariance, and its entries
    below the diagonal, row by row.

    The last term is a regularisation of the first steps, as Tikhonov's but with the
    other sign: it rewards large P, which keeps a network from settling at a covariance
    far too wide. It decays as half a cosine,
    :math:`\lambda(t) = \lambda_0 (1 + \cos(\pi t / T)) / 2`, and is zero after T steps
    and in evaluation mode. Since the outputs are logarithms of the diagonal, networks
    seldom need it, and large weights take hundreds of steps to recover from.

    Parameters
    ----------
    n_targets
        Number d of parameters.
    tikhonov
        Weight :math:`\lambda_0` at the first step; 0, by default, for none. The
        published value is 20.
    decay_steps
        Number T of steps until it vanishes: batches in training mode. Checkpoints keep
        the number t of those that are done.

    Attributes
    ----------
    n_summaries
        Number of outputs that the network must have.

    Shapes
    ------
    ``prediction (*batch, n_summaries)``, ``target (*batch, n_targets)`` ``-> ()``.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number, or too low; in ``forward``, if an argument is
        not a tensor of floating-point numbers, shapes do not fit, or, on the CPU, a
        target is not finite.

    Notes
    -----
    Equivariance: the loss depends on the network's output alone, and is invariant if
    that is.

    Computations are in float32 at least, also under autocast. The published loss is
    twice this one, without the constant; the weight means the same.

    Source: Fluri et al. 2019, Phys. Rev. D 100, 063514 (arXiv:1906.03156), equation 17;
    regularisation and values of Thomsen et al. 2025 (arXiv:2511.04681).

    Examples
    --------
    >>> loss = GaussianLikelihoodLoss(2)
    >>> loss.n_summaries, round(loss(torch.zeros(3, 5), torch.ones(3, 2)).item(), 4)
    (5, 2.8379)
    """

    step: Tensor

    def __init__(
        self,
        n_targets: SupportsIndex,
        *,
        tikhonov: SupportsFloat = 0.0,
        decay_steps: SupportsIndex = 3000,
    ) -> None:
        super().__init__()
        self.n_targets = integer_argument("n_targets", n_targets, 1)
        self.n_summaries = self.n_targets + n_entries(self.n_targets)
        remedy = "pass 0 for no regularisation"
        self._tikhonov = nonnegative_argument("tikhonov", tikhonov, remedy)
        self._decay_steps = integer_argument("decay_steps", decay_steps, 1)
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    @property
    def config(self) -> dict[str, Any]:
        """Arguments that rebuild the loss."""
        return {
            "n_targets": self.n_targets,
            "tikhonov": self._tikhonov,
            "decay_steps": self._decay_steps,
        }

    def posterior(self, prediction: Tensor) -> GaussianMixture:
        """Return the predicted Gaussians, mixtures of one component.

        Parameters
        ----------
        prediction
            Outputs of the network, shape ``(*batch, n_summaries)``.
        """
        x = self.checked_summary(prediction)[..., None, :]
        d = self.n_targets
        factors = lower_triangle(x[..., d:], d)
        return GaussianMixture(x.new_zeros(x.shape[:-1]), x[..., :d], factors)

    def regularized(self, losses: Tensor, posterior: GaussianMixture) -> Tensor:
        """Return the losses of the maps, with the regularisation of this step."""
        if not (self.training and self._tikhonov):
            return losses
        share = (self.step.to(losses.dtype) / self._decay_steps).clamp_max(1.0)
        strength = self._tikhonov * (1 + (math.pi * share).cos()) / 2
        size = torch.linalg.matrix_norm(posterior.precision_cholesky)[..., 0]
        with torch.no_grad():
            self.step += 1
        regularized: Tensor = losses - strength / 2 * size
        return regularized

    def extra_repr(self) -> str:
        """Arguments, for ``repr``."""
        return (
            f"n_targets={self.n_targets}, tikhonov={self._tikhonov:g}, "
            f"decay_steps={self._decay_steps}"
        )
