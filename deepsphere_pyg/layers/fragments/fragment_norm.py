"""Bring fragments to size one, without touching their direction."""

from __future__ import annotations

import math
from typing import Any, SupportsIndex

import torch
from torch import Tensor, nn

from deepsphere_pyg.fixed_tensors.float64_tensors import Float64Tensors
from deepsphere_pyg.harmonics.functions.spectra import power_spectrum
from deepsphere_pyg.harmonics.layout.checks import (
    check_channels,
    checked_operand,
    numbered_layout,
)
from deepsphere_pyg.harmonics.layout.fragment_rows import fragment_of_row
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from samplings.arguments import choice_argument, integer_argument, positive_argument

STATISTICS = ("running", "instance")
# Squares of what float32 leaves of zero, next to signals of size one.
ROUND_OFF = 1e-13
# Number of batches that stands for sizes that are fixed. It is far below zero, and a
# power of two, so that an average of such states, rounded, is below zero too.
FITTED = -(2**15)


class FragmentNorm(Float64Tensors):
    r"""Divide fragments by their root mean square, and scale them as learned.

    .. math::
        y_{ltm} = \frac{s_{lt} f_{ltm}}{\sqrt{\langle f_{lt}^2 \rangle + \epsilon}}

    The mean is over the orders m, and over

    ==============  ================================================================
    statistics
    ==============  ================================================================
    ``"running"``   the batch, for each channel; in evaluation the mean of batches
                    seen in training, as in batch normalisation
    ``"instance"``  the channels, for each signal. Of a single channel, degree 0
                    keeps nothing but its sign
    ==============  ================================================================

    Nothing is subtracted: a constant added to a coefficient of a degree above 0 would
    distinguish a direction.

    Parameters
    ----------
    layout
        Rows of the coefficients; a number L stands for ``HarmonicLayout(L)``.
    channels
        Number of channels.
    statistics
        ``"running"`` or ``"instance"``.
    eps
        Added to the mean squares. Fragments much smaller than its root are taken for
        round-off, and stay small: by default 1e-4, between signals of size one and
        their errors in float32.
    momentum
        Of ``"running"``: share of a new batch in the running mean, once there were as
        many that it is the larger; until then the mean is that of all batches.

    Attributes
    ----------
    weight
        Scales :math:`s`, shape ``(n_fragments, channels)``, one at first.
    mean_square
        Running means, shape ``(n_fragments, channels)``, one at first, part of
        ``state_dict``; None for ``"instance"``.
    n_batches
        How many batches they are of, negative after :meth:`fit_`; part of
        ``state_dict``; None for ``"instance"``.

    Shapes
    ------
    ``(*batch, row, channels) -> (*batch, row, channels)``

    Raises
    ------
    TypeError
        If a number is none; in ``forward``, if the coefficients are not of the dtype of
        the weights.
    ValueError
        If ``statistics`` is unknown, ``eps`` not positive, or ``momentum`` not above 0
        and at most 1; in ``forward``, if rows or channels are not those expected.

    Notes
    -----
    Equivariance: exact, to round-off. A batch of no signals leaves the running means
    as they are. Under autocast the layer stays in its own precision.

    Source: batch normalisation, Ioffe and Szegedy 2015 (arXiv:1502.03167), without its
    means, and of fragments as in Kondor et al. 2018 (arXiv:1806.09231).

    Examples
    --------
    >>> norm = FragmentNorm(2, channels=1)
    >>> norm(torch.tensor([[[5.0], [1.0], [2.0], [2.0]]])).flatten()
    tensor([1.0000, 0.5774, 1.1547, 1.1547], grad_fn=<ViewBackward0>)
    """

    fragment_of_row: Tensor
    mean_square: Tensor | None
    n_batches: Tensor | None

    def __init__(
        self,
        layout: HarmonicLayout | SupportsIndex,
        channels: SupportsIndex,
        statistics: str = "running",
        *,
        eps: float = 1e-8,
        momentum: float = 0.1,
    ) -> None:
        super().__init__(None)
        self.layout = numbered_layout(layout)
        self.channels = integer_argument("channels", channels, 1)
        self.statistics = choice_argument("statistics", statistics, STATISTICS)
        self.eps = positive_argument("eps", eps, "take 1e-8")
        self.momentum = positive_argument("momentum", momentum, "take 0.1")
        if self.momentum > 1:
            raise ValueError(
                f"momentum must be at most 1, got {momentum}; 1 keeps nothing but the "
                "last batch"
            )
        shape = (self.layout.n_fragments, self.channels)
        self.weight = nn.Parameter(torch.ones(shape, dtype=self.dtype))
        running_means = statistics == "running"
        ones = torch.ones(shape, dtype=self.dtype)
        self.register_buffer("mean_square", ones if running_means else None)
        none_yet = torch.zeros((), dtype=torch.int64, device=self.weight.device)
        self.register_buffer("n_batches", none_yet if running_means else None)
        self.keep("fragment_of_row", fragment_of_row(self.layout))

    def reset_running_statistics(self) -> None:
        """Set the running means to one."""
        if self.mean_square is not None and self.n_batches is not None:
            self.mean_square.fill_(1)
            self.n_batches.zero_()

    def fit_(self, coefficients: Tensor) -> FragmentNorm:
        """Fix the mean squares to those of data; in training too they stay so.

        For what goes into a network, whose sizes span many decades, and of whose
        channels small batches may hold little. Fragments whose squares are below 1e-13
        of the largest are taken for round-off, and stay small.

        Parameters
        ----------
        coefficients
            Shape ``(*batch, row, channels)``.

        Returns
        -------
        FragmentNorm
            This layer.

        Raises
        ------
        ValueError
            If statistics are ``"instance"``, there are no signals, or they are all zero
            or not finite.
        """
        if self.mean_square is None or self.n_batches is None:
            raise ValueError(
                "statistics='instance' are of each signal and not fitted; "
                "use statistics='running'"
            )
        x = checked_operand(coefficients, self.layout, self.weight, self.dtype)
        check_channels(x, self.channels)
        with torch.no_grad():
            power = power_spectrum(x.double(), self.layout)
            mean = power.reshape(-1, *power.shape[-2:]).mean(0)
            largest = mean.max()
            if not bool(torch.isfinite(largest)) or float(largest) <= 0:
                raise ValueError(
                    "there must be signals, finite and not all zero, to fit sizes to; "
                    f"got {x.shape[:-2].numel()} of mean square {float(largest):g}"
                )
            self.mean_square.copy_(mean.clamp_min(ROUND_OFF * largest))
            self.n_batches.fill_(FITTED)
        return self

    def forward(self, coefficients: Tensor) -> Tensor:
        """Return the normalised coefficients.

        Parameters
        ----------
        coefficients
            Shape ``(*batch, row, channels)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, row, channels)``.
        """
        x = checked_operand(coefficients, self.layout, self.weight, self.dtype)
        check_channels(x, self.channels)
        with torch.autocast(x.device.type, enabled=False):
            factor = self.weight * self._mean_square(x).rsqrt()
            return x * factor.index_select(-2, self.fragment_of_row)

    def _mean_square(self, x: Tensor) -> Tensor:
        """Mean square of each fragment, which broadcasts against the weights."""
        if self.mean_square is None or self.n_batches is None:
            return power_spectrum(x, self.layout).mean(-1, keepdim=True) + self.eps
        fitted = self.n_batches < 0
        kept = self.mean_square + torch.where(fitted, 0.0, self.eps)
        if not self.training or x.shape[:-2].numel() == 0:
            return kept
        power = power_spectrum(x, self.layout)
        mean = power.reshape(-1, *power.shape[-2:]).mean(0)
        with torch.no_grad():
            self.n_batches.add_(~fitted)
            share = (1 / self.n_batches.clamp_min(1)).clamp_min(self.momentum)
            share = torch.where(fitted, 0.0, share).to(mean.dtype)
            self.mean_square.lerp_(mean.detach(), share)
        return torch.where(fitted, kept, mean + self.eps)

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, *others: Any
    ) -> None:
        """Load; files of before batches were counted hold means of many."""
        if self.n_batches is not None and f"{prefix}mean_square" in state_dict:
            many = torch.tensor(math.ceil(1 / self.momentum))
            given = state_dict.setdefault(f"{prefix}n_batches", many)
            # Sizes once fixed were told by -1, which averages round to zero.
            fitted = torch.full_like(given, FITTED)
            state_dict[f"{prefix}n_batches"] = torch.where(given < 0, fitted, given)
        super()._load_from_state_dict(state_dict, prefix, *others)

    def extra_repr(self) -> str:
        """Layout, channels and statistics, for ``repr``."""
        return (
            f"{self.layout}, {self.channels}, {self.statistics!r}, eps={self.eps}"
            + f", momentum={self.momentum}" * (self.mean_square is not None)
        )
