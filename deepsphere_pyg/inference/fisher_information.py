"""Loss that maximises the Fisher information of summaries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, SupportsFloat, SupportsIndex

import numpy.typing as npt
import torch
from torch import Tensor, nn

from deepsphere_pyg.compilers import has_values
from deepsphere_pyg.inference.arguments import checked_steps, moment_dtype
from deepsphere_pyg.losses.arguments import check_floating
from deepsphere_pyg.processes import everywhere, in_parts, value_of_sums
from samplings.arguments import (
    choice_argument,
    counted,
    integer_argument,
    nonnegative_argument,
)

PENALTIES = ("jacobian", "covariance")


class _Moments(NamedTuple):
    """Covariance ``(S, S)`` of summaries, and their derivatives per step ``(d, S)``.

    Variances ``round_off (S,)`` are those that summation alone may leave.
    """

    covariance: Tensor
    derivatives: Tensor
    round_off: Tensor


class FisherInformationLoss(nn.Module):
    r"""Negative logarithm of the determinant of the Fisher matrix of summaries.

    .. math:: \mathcal L = -\log \det F + \lambda R, \qquad
        F_{ab} = \partial_a \mu^\top C^{-1} \partial_b \mu, \qquad
        \partial_a \mu = \left\langle \frac{s(\theta_0 + \Delta_a)
            - s(\theta_0 - \Delta_a)}{2 \Delta_a} \right\rangle

    with the covariance C of the summaries s of simulations at :math:`\theta_0`, and
    simulations at :math:`\theta_0 \pm \Delta_a` with the same seeds, for each parameter
    a. All linear transformations of the summaries have the same F. The penalty R
    chooses one of them:

    - ``"jacobian"``, for as many summaries as parameters: the mean square of
      :math:`\Delta_a \partial_a \mu_b - \pm \delta_{ab}`. Summaries then measure the
      parameters about :math:`\theta_0`, in steps, up to their signs. These follow the
      network, since descent cannot take the determinant through zero: it would end
      there if a network that starts with the other sign were drawn to the identity.
    - ``"covariance"``, for any number: the mean of those of :math:`C - 1` and
      :math:`C^{-1} - 1`. Summaries then have unit variance, and no correlations.

    Parameters
    ----------
    steps
        The differences :math:`\Delta_a`, one for each of d parameters.
    n_summaries
        Number S of outputs of the network, at least d; d by default.
    penalty
        ``"jacobian"`` or ``"covariance"``.
    weight
        Weight λ of the penalty.

    Shapes
    ------
    ``summaries (batch, 1 + 2 d, S) -> ()``: on the second axis the summaries at
    :math:`\theta_0`, then those at :math:`\theta_0 + \Delta_a`, then those at
    :math:`\theta_0 - \Delta_a`; on the first one the seeds.

    Raises
    ------
    TypeError
        If an argument has another type; in ``forward``, if the summaries are not a
        tensor of floating-point numbers.
    ValueError
        If a step or number is out of range, or there are more parameters than
        summaries; in ``forward``, if shapes do not fit, and in training mode if the
        batch has no more seeds than summaries, or, on the CPU, the summaries depend
        linearly on each other, so that their covariance has no inverse. In evaluation
        mode the loss is then NaN, since only that of all batches together counts.

    Notes
    -----
    Equivariance: the loss is the same for all orders of the seeds, and without the
    penalty for all regular linear transformations of the summaries.

    Moments are summed in float64 where the device has it, which is the dtype of the
    loss, over all processes of a data-parallel training.

    Source: Charnock, Lavaux and Wandelt 2018, Phys. Rev. D 97, 083004
    (arXiv:1802.03537); the penalty of the Jacobian after Fluri et
    al. 2021, Phys. Rev. D 104, 123526 (arXiv:2107.09002), that of the covariance, with
    a fixed weight, after Makinen et al. 2021, JCAP 11, 049 (arXiv:2107.07405).

    Examples
    --------
    Two independent numbers of variance one, each the measurement of a parameter:

    >>> normal = torch.randn(5000, 1, 2, generator=torch.Generator().manual_seed(0))
    >>> shifts = torch.tensor([[0.0, 0.0], [1, 0], [0, 1], [-1, 0], [0, -1]])
    >>> loss = FisherInformationLoss([1.0, 1.0])
    >>> abs(loss(normal + shifts).item()) < 0.1
    True
    """

    def __init__(
        self,
        steps: SupportsFloat | Iterable[SupportsFloat] | npt.ArrayLike,
        n_summaries: SupportsIndex | None = None,
        *,
        penalty: str = "jacobian",
        weight: SupportsFloat = 100.0,
    ) -> None:
        super().__init__()
        self._steps: tuple[float, ...] = tuple(checked_steps(steps).tolist())
        d = len(self._steps)
        given = d if n_summaries is None else n_summaries
        self.n_summaries = integer_argument("n_summaries", given, 1)
        self.penalty = choice_argument("penalty", penalty, PENALTIES)
        self.weight = nonnegative_argument("weight", weight, "pass 100")
        if self.n_summaries < d:
            raise ValueError(
                f"n_summaries must be at least the number of parameters, {d}, got "
                f"{self.n_summaries}; fewer summaries determine no {d} parameters"
            )
        if self.penalty == "jacobian" and self.n_summaries != d:
            raise ValueError(
                "the penalty of the Jacobian is for as many summaries as parameters, "
                f"got {self.n_summaries} and {d}; pass penalty='covariance', or "
                f"n_summaries={d}"
            )

    @property
    def steps(self) -> tuple[float, ...]:
        """Differences of the parameters from those of the simulations in the middle."""
        return self._steps

    @property
    def config(self) -> dict[str, Any]:
        """Arguments that rebuild the loss."""
        return {
            "steps": [*self._steps],
            "n_summaries": self.n_summaries,
            "penalty": self.penalty,
            "weight": self.weight,
        }

    def forward(self, summaries: Tensor) -> Tensor:
        """Return the loss of a batch of seeds, a scalar."""
        x = self._checked(summaries)
        d = len(self._steps)
        middle, change = x[:, 0], x[:, 1 : 1 + d] - x[:, 1 + d :]
        sums = torch.cat(
            [
                x.new_full((1,), len(x)),
                middle.sum(0),
                (middle.T @ middle).flatten(),
                change.sum(0).flatten() / 2,
            ]
        )
        return value_of_sums(self.of_sums, sums)

    def of_sums(self, sums: Tensor) -> Tensor:
        """Return the loss from sums over seeds, which may be added."""
        covariance, derivatives, round_off = self._moments(sums)
        root, failed = torch.linalg.cholesky_ex(covariance)
        # Squares of the diagonal are variances that other summaries do not explain.
        own = root.diagonal().square() > round_off
        regular = (failed == 0) & own.all() & (sums[0] > self.n_summaries)
        if self.training and has_values(sums) and not bool(regular):
            raise everywhere(
                ValueError(
                    f"the covariance of the {self.n_summaries} summaries must have an "
                    f"inverse, got a singular one of {int(sums[0])} seeds; summaries "
                    "that are constant or depend linearly on others have none: use "
                    "larger batches, a lower learning rate or fewer summaries"
                )
            )
        whitened = torch.linalg.solve_triangular(root, derivatives.T, upper=False)
        fisher = whitened.T @ whitened
        steps = sums.new_tensor(self._steps)
        information = torch.linalg.slogdet(fisher)[1] - 2 * steps.log().sum()
        loss = -information + self.weight * self._penalty(root, covariance, derivatives)
        return torch.where(regular, loss, torch.nan)

    def _moments(self, sums: Tensor) -> _Moments:
        """Return covariance and derivatives from sums over seeds."""
        d, size = len(self._steps), self.n_summaries
        count, total, squares, change = torch.split(sums, [1, size, size**2, d * size])
        mean, second = total / count, squares.reshape(size, size)
        spread = second - count * mean[:, None] * mean
        # One seed has no covariance; the loss is NaN then.
        covariance = spread / (count - 1).clamp_min(1)
        # A difference of sums of many terms of the size of the squares.
        round_off = 16 * torch.finfo(sums.dtype).eps * second.diagonal() / count
        return _Moments(covariance, change.reshape(d, size) / count, round_off)

    def _penalty(self, root: Tensor, covariance: Tensor, derivatives: Tensor) -> Tensor:
        one = torch.eye(self.n_summaries, dtype=root.dtype, device=root.device)
        if self.penalty == "jacobian":
            return (derivatives * _signs(derivatives) - one).square().mean()
        inverse = torch.cholesky_inverse(root)
        parts = (covariance - one).square(), (inverse - one).square()
        return (parts[0].mean() + parts[1].mean()) / 2

    def _checked(self, summaries: Tensor) -> Tensor:
        """Return checked summaries in the dtype of the moments."""
        d = len(self._steps)
        check_floating("summaries", summaries, "(batch, 1 + 2 d, S)")
        wanted = (1 + 2 * d, self.n_summaries)
        if summaries.ndim != 3 or summaries.shape[1:] != wanted:
            raise ValueError(
                f"summaries must have shape (batch, {wanted[0]}, {wanted[1]}): those "
                f"at theta_0, and on both sides for each of {counted(d, 'parameter')}, "
                f"got {tuple(summaries.shape)}; build the network with "
                f"out_channels={wanted[1]}"
            )
        if self.training and not in_parts() and len(summaries) <= self.n_summaries:
            raise ValueError(
                f"a batch must have more seeds than the {self.n_summaries} summaries, "
                f"whose covariance is singular otherwise, got {len(summaries)}; use a "
                "larger batch_size"
            )
        return summaries.to(moment_dtype(summaries))

    def extra_repr(self) -> str:
        """Arguments, for ``repr``."""
        return (
            f"steps={self._steps}, n_summaries={self.n_summaries}, "
            f"penalty={self.penalty!r}, weight={self.weight:g}"
        )


def _signs(jacobian: Tensor) -> Tensor:
    """Return signs of the columns with which a determinant is positive.

    They are those of the diagonal, but for the smallest entry if that takes one more.
    """
    with torch.no_grad():
        diagonal = jacobian.diagonal()
        signs = torch.where(diagonal < 0, -1.0, 1.0).to(jacobian.dtype)
        wrong = torch.linalg.det(jacobian) * signs.prod() < 0
        smallest = torch.arange(len(signs), device=signs.device)
        smallest = smallest == diagonal.abs().argmin()
        return torch.where(wrong & smallest, -signs, signs)
