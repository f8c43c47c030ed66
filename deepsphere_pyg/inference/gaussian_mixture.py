"""Mixtures of Gaussians, as densities of parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, SupportsIndex

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from deepsphere_pyg.inference.arguments import check_last_axis, checked_generator
from deepsphere_pyg.inference.triangles import inverses, precision_factors
from deepsphere_pyg.losses.arguments import check_floating
from samplings.arguments import array_argument, integer_argument, shown


@dataclass(frozen=True, eq=False)
class GaussianMixture:
    r"""Densities of d parameters, each a mixture of K Gaussians.

    .. math:: q(\theta) = \sum_k w_k\, \mathcal N(\theta; \mu_k, \Sigma_k), \qquad
        w = \operatorname{softmax}(a), \qquad \Sigma_k^{-1} = P_k P_k^\top

    with lower triangular :math:`P_k` of positive diagonal. Networks predict the factor
    of the inverse covariance, since the density then needs no inverse.

    Parameters
    ----------
    logits
        Logarithms :math:`a` of the weights, up to a constant, shape ``(*batch, K)``.
    means
        Shape ``(*batch, K, d)``.
    precision_cholesky
        The factors :math:`P_k`, shape ``(*batch, K, d, d)``.

    Raises
    ------
    TypeError
        If an argument is not a tensor of floating-point numbers.
    ValueError
        If the shapes do not fit.

    Notes
    -----
    Equivariance: the density is the same for all orders of the components.

    Source: Bishop 1994, Mixture density networks, NCRG/94/004; Williams 1996, Neural
    Comput. 8, 843, for the factor of the inverse covariance.

    Examples
    --------
    >>> mixture = GaussianMixture.from_covariances([1.0], [[0.0, 1.0]], [torch.eye(2)])
    >>> round(mixture.log_prob(torch.tensor([0.0, 1.0], dtype=torch.float64)).item(), 4)
    -1.8379
    >>> mixture.sample(5, torch.Generator().manual_seed(0)).shape
    torch.Size([5, 2])
    """

    logits: Tensor
    means: Tensor
    precision_cholesky: Tensor

    def __post_init__(self) -> None:
        check_floating("logits", self.logits, "(*batch, K)")
        check_floating("means", self.means, "(*batch, K, d)")
        check_floating("precision_cholesky", self.precision_cholesky, "(.., K, d, d)")
        given = self.means.shape
        if self.logits.ndim < 1 or not self.logits.shape[-1]:
            raise ValueError(
                "logits must have shape (*batch, K), one for each of at least one "
                f"component, got {tuple(self.logits.shape)}; pass zeros for equal "
                "weights"
            )
        if given[:-1] != self.logits.shape or not given[-1]:
            raise ValueError(
                f"means must have shape {(*self.logits.shape, 'd')}, those of each "
                f"component, got {tuple(given)}; its axes are those of the logits, and "
                "the parameters"
            )
        if self.precision_cholesky.shape != (*given, given[-1]):
            raise ValueError(
                f"precision_cholesky must have shape {(*given, given[-1])}, a matrix "
                f"for each mean, got {tuple(self.precision_cholesky.shape)}; make the "
                "mixture of covariances with GaussianMixture.from_covariances"
            )

    @classmethod
    def from_covariances(
        cls, weights: Any, means: Any, covariances: Any
    ) -> GaussianMixture:
        """Return the mixture of given weights, means and covariances, in float64.

        Parameters
        ----------
        weights
            Positive, on any scale, shape ``(*batch, K)``.
        means, covariances
            Shapes ``(*batch, K, d)`` and ``(*batch, K, d, d)``.

        Raises
        ------
        TypeError
            If an argument does not hold real numbers.
        ValueError
            If shapes do not fit, a weight is not positive, a number is not finite, or a
            covariance is not symmetric and positive definite.
        """
        w, mean, covariance = (
            _finite(name, values)
            for name, values in (
                ("weights", weights),
                ("means", means),
                ("covariances", covariances),
            )
        )
        if not bool((w > 0).all()):
            raise ValueError(
                f"weights must be positive, got {float(w.min()):g}; leave out the "
                "components that have none"
            )
        return cls(w.log(), mean, precision_factors(covariance))

    def __getitem__(self, index: Any) -> GaussianMixture:
        """Return the densities of some maps; ``index`` is one of the axes of the batch.

        Raises
        ------
        IndexError
            If there is no such map.
        """
        try:
            rows = np.arange(math.prod(self.batch_shape)).reshape(self.batch_shape)
            place = index.cpu().numpy() if isinstance(index, Tensor) else index
            chosen = torch.as_tensor(rows[place], device=self.logits.device)
        except (TypeError, IndexError, ValueError, RuntimeError):
            chosen = None
        if chosen is None or not self.batch_shape:
            raise IndexError(
                f"index must be one into {tuple(self.batch_shape)} densities, got "
                f"{shown(index)}; a mixture without a batch is a single density"
            )
        axes = len(self.batch_shape)
        return GaussianMixture(
            *(
                part.flatten(0, axes - 1)[chosen]
                for part in (self.logits, self.means, self.precision_cholesky)
            )
        )

    @property
    def batch_shape(self) -> torch.Size:
        """Shape of the batch of densities."""
        return self.logits.shape[:-1]

    @property
    def n_parameters(self) -> int:
        """Number d of the parameters."""
        return self.means.shape[-1]

    @property
    def weights(self) -> Tensor:
        """Weights of the components, which sum to one, shape ``(*batch, K)``."""
        return self.logits.softmax(-1)

    @property
    def mean(self) -> Tensor:
        """Mean of each density, shape ``(*batch, d)``."""
        return (self.weights[..., None] * self.means).sum(-2)

    @property
    def covariance(self) -> Tensor:
        """Covariance of each density, shape ``(*batch, d, d)``."""
        inverse = inverses(self.precision_cholesky)
        offset = self.means - self.mean[..., None, :]
        spread = offset[..., :, None] * offset[..., None, :]
        each = (inverse[..., :, None] * inverse[..., None, :]).sum(-3) + spread
        return (self.weights[..., None, None] * each).sum(-3)

    @property
    def std(self) -> Tensor:
        """Standard deviation of each parameter, shape ``(*batch, d)``."""
        return self.covariance.diagonal(dim1=-2, dim2=-1).sqrt()

    def log_prob(self, theta: Tensor) -> Tensor:
        """Return the logarithm of the density.

        Parameters
        ----------
        theta
            Parameters, shape ``(*sample, *batch, d)``.

        Returns
        -------
        Tensor
            Shape ``(*sample, *batch)``.

        Raises
        ------
        TypeError
            If ``theta`` is not a tensor of floating-point numbers.
        ValueError
            If its shape does not fit.
        """
        d = self.n_parameters
        remedy = "the last axis is that of the parameters"
        check_last_axis("theta", theta, d, "numbers of each density", remedy)
        try:
            np.broadcast_shapes(theta.shape[:-1], self.batch_shape)
        except ValueError:
            raise ValueError(
                f"theta must have shape (*sample, *{tuple(self.batch_shape)}, {d}), "
                f"got {tuple(theta.shape)}; several points of each density come first, "
                "as in theta[:, None]"
            ) from None
        factors = self.precision_cholesky
        offset = theta[..., None, :] - self.means
        # Sums, since autocast would round the terms of products of matrices.
        whitened = (factors * offset[..., None]).sum(-2)
        # log det of the inverse covariance, halved.
        volume = factors.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        squares = whitened.square().sum(-1) + d * math.log(2 * math.pi)
        joint = self.logits.log_softmax(-1) + volume - squares / 2
        return joint.logsumexp(-1)

    def sample(self, count: SupportsIndex, generator: torch.Generator) -> Tensor:
        """Draw parameters from each density, without gradients.

        Parameters
        ----------
        count
            Number of draws.
        generator
            Source of the random numbers, on the device of the mixture.

        Returns
        -------
        Tensor
            Shape ``(count, *batch, d)``.

        Raises
        ------
        TypeError
            If the count is not an integer, or the generator not one of PyTorch.
        ValueError
            If the count is below 1, or a weight is not finite.
        """
        n = integer_argument("count", count, 1)
        source = checked_generator(generator)
        d, k = self.n_parameters, self.logits.shape[-1]
        with torch.no_grad():
            weights = self.weights.reshape(-1, k)
            if not bool(weights.isfinite().all()):
                raise ValueError(
                    "the weights of the mixture must be finite, got NaN; the network "
                    "that predicted them has diverged"
                )
            component = torch.multinomial(weights, n, True, generator=source).T
            row = torch.arange(len(weights), device=component.device)
            means = self.means.reshape(-1, k, d)[row, component]
            roots = inverses(self.precision_cholesky).mT.reshape(-1, k, d, d)
            normal = torch.empty_like(means).normal_(generator=source)
            drawn = means + (roots[row, component] * normal[..., None, :]).sum(-1)
        return drawn.reshape(n, *self.batch_shape, d)

    def scaled(self, scale: Tensor, shift: Tensor) -> GaussianMixture:
        """Return the densities of ``scale * theta + shift``, for other units.

        Parameters
        ----------
        scale, shift
            Positive factors and offsets of the parameters, shape ``(d,)``.
        """
        d = self.n_parameters
        for name, values in (("scale", scale), ("shift", shift)):
            check_floating(name, values, f"({d},)")
            if values.shape != (d,):
                raise ValueError(
                    f"{name} must have shape ({d},), one number for each parameter, "
                    f"got {tuple(values.shape)}; pass one for each"
                )
        if not bool((scale > 0).all()):
            raise ValueError(
                f"scale must be positive, got {float(scale.min()):g}; pass the sizes "
                "of the units"
            )
        means = self.means * scale + shift
        factors = self.precision_cholesky / scale[:, None]
        return GaussianMixture(self.logits, means, factors)

    def to(self, target: torch.device | torch.dtype | str) -> GaussianMixture:
        """Return the mixture on another device, or in another dtype."""
        parts = (self.logits, self.means, self.precision_cholesky)
        return GaussianMixture(*(part.to(target) for part in parts))


def _finite(name: str, values: npt.ArrayLike | Tensor) -> Tensor:
    """Return finite numbers as a float64 tensor on the CPU."""
    if isinstance(values, Tensor):
        values = values.detach().cpu().numpy()
    found = torch.from_numpy(array_argument(name, values))
    if not bool(found.isfinite().all()):
        raise ValueError(
            f"{name} must be finite, got {float(found[~found.isfinite()][0])}; leave "
            "out the components that are not known"
        )
    return found
