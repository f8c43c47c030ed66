"""Loss of summaries that are the same for rotated copies of a map."""

from __future__ import annotations

from typing import Any, SupportsFloat, SupportsIndex

import torch
from torch import Tensor, nn

from deepsphere_pyg.inference.arguments import moment_dtype
from deepsphere_pyg.losses.arguments import check_floating
from deepsphere_pyg.processes import in_parts, value_of_sums
from samplings.arguments import (
    integer_argument,
    nonnegative_argument,
    positive_argument,
)


class VICRegLoss(nn.Module):
    r"""Variance, invariance and covariance of summaries of two copies of each map.

    .. math::
        \mathcal L &= \frac{\lambda}{N} \sum_n \lVert s_n - s'_n \rVert^2
            + \mu \left[v(s) + v(s')\right] + \nu \left[c(s) + c(s')\right] \\
        v(s) &= \frac1S \sum_j \max\left(0,
            1 - \sqrt{\operatorname{Var} s_j + \epsilon}\right), \qquad
        c(s) = \frac1S \sum_{i \ne j} \operatorname{Cov}(s_i, s_j)^2

    The first term makes the S summaries of two copies of a map equal, such as of two
    rotations; the second keeps each of them from being the same for all maps; the third
    keeps them from telling the same. It needs no parameters of the maps.

    Parameters
    ----------
    n_summaries
        Number S of outputs of the network.
    invariance, variance, covariance
        Weights λ, μ and ν.
    eps
        Variance ε that is added under the square root.

    Shapes
    ------
    ``summaries (batch, 2, S) -> ()``: on the second axis the two copies.

    Raises
    ------
    TypeError
        If an argument is not a number; in ``forward``, if the summaries are not a
        tensor of floating-point numbers.
    ValueError
        If a number is out of range; in ``forward``, if shapes do not fit, and in
        training mode if there is one map, which has no variance.

    Notes
    -----
    Equivariance: the loss is the same for all orders of the maps, for exchanged copies,
    and for all orders of the summaries.

    Moments are summed in float64 where the device has it, which is the dtype of the
    loss, over all processes of a data-parallel training.

    Source: Bardes, Ponce and LeCun 2022, ICLR (arXiv:2105.04906), equations 1 to 6. The
    authors' program divides the invariance by S and the variance by 2.

    Examples
    --------
    >>> loss = VICRegLoss(2)
    >>> round(loss(torch.zeros(4, 2, 2)).item(), 2)  # all equal: v = 1 - 0.01
    49.5
    """

    def __init__(
        self,
        n_summaries: SupportsIndex,
        *,
        invariance: SupportsFloat = 25.0,
        variance: SupportsFloat = 25.0,
        covariance: SupportsFloat = 1.0,
        eps: SupportsFloat = 1e-4,
    ) -> None:
        super().__init__()
        self.n_summaries = integer_argument("n_summaries", n_summaries, 1)
        remedy = "pass 0 to leave the term out"
        self.invariance = nonnegative_argument("invariance", invariance, remedy)
        self.variance = nonnegative_argument("variance", variance, remedy)
        self.covariance = nonnegative_argument("covariance", covariance, remedy)
        self.eps = positive_argument("eps", eps, "pass 1e-4")

    @property
    def config(self) -> dict[str, Any]:
        """Arguments that rebuild the loss."""
        return {
            "n_summaries": self.n_summaries,
            "invariance": self.invariance,
            "variance": self.variance,
            "covariance": self.covariance,
            "eps": self.eps,
        }

    def forward(self, summaries: Tensor) -> Tensor:
        """Return the loss of a batch of pairs, a scalar."""
        check_floating("summaries", summaries, "(batch, 2, S)")
        size = self.n_summaries
        if summaries.ndim != 3 or summaries.shape[1:] != (2, size):
            raise ValueError(
                f"summaries must have shape (batch, 2, {size}), those of two copies of "
                f"each map, got {tuple(summaries.shape)}; build the network with "
                f"out_channels={size}"
            )
        if self.training and not in_parts() and len(summaries) < 2:
            raise ValueError(
                "a batch must have at least two maps, since a single one has no "
                f"variance, got {len(summaries)}; use a larger batch_size"
            )
        x = summaries.to(moment_dtype(summaries))
        copies = x.movedim(1, 0)
        sums = torch.cat(
            [
                x.new_full((1,), len(x)),
                (copies[0] - copies[1]).square().sum()[None],
                copies.sum(1).flatten(),
                (copies.mT @ copies).flatten(),
            ]
        )
        return value_of_sums(self.of_sums, sums)

    def of_sums(self, sums: Tensor) -> Tensor:
        """Return the loss from sums over maps, which may be added."""
        size = self.n_summaries
        parts = torch.split(sums, [1, 1, 2 * size, 2 * size**2])
        count, apart, total, squares = parts
        mean = (total / count).reshape(2, size)
        spread = (
            squares.reshape(2, size, size) - count * mean[..., None] * mean[:, None]
        )
        # One map has no covariance; the loss is NaN then.
        each = spread / (count - 1)
        own = each.diagonal(dim1=-2, dim2=-1)
        # Round-off may leave a variance below zero.
        std = (own.clamp_min(0) + self.eps).sqrt()
        short = (1 - std).clamp_min(0).sum() / size
        shared = (each.square().sum() - own.square().sum()) / size
        terms = self.invariance * apart[0] / count[0] + self.variance * short
        loss: Tensor = terms + self.covariance * shared
        return loss

    def extra_repr(self) -> str:
        """Arguments, for ``repr``."""
        return (
            f"n_summaries={self.n_summaries}, invariance={self.invariance:g}, "
            f"variance={self.variance:g}, covariance={self.covariance:g}, "
            f"eps={self.eps:g}"
        )
