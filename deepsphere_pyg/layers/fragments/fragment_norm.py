"""Normalisation of fragments to size one, which keeps their direction."""

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
from deepsphere_pyg.processes import batch_mean
from samplings.arguments import choice_argument, integer_argument, positive_argument

STATISTICS = ("running", "instance")
# Squares of the round-off of float32, next to signals of size one.
ROUND_OFF = 1e-13
# Number of batches that marks fixed sizes. It is far below zero and a power of two, so
# that a rounded average of such states is below zero too.
FITTED = -(2**15)


class FragmentNorm(Float64Tensors):
    r"""Divide fragments by their root mean square, and multiply by learned scales.

    .. math::
        y_{ltm} = \frac{s_{lt} f_{ltm}}{\sqrt{\langle f_{lt}^2 \rangle + \epsilon}}

    The mean is over the orders m, and over

    ==============  ================================================================
    statistics
    ==============  ================================================================
    ``"running"``   the batch, for each channel; in evaluation the mean of the batches
                    seen in training, as in batch normalisation
    ``"instance"``  the channels, for each signal. With a single channel, degree 0 keeps
                    only its sign
    ==============  ================================================================

    No mean is subtracted: a constant added to a coefficient of a degree above 0 would
    distinguish a direction.

    Parameters
    ----------
    channels
        Number of channels.
    layout
        Rows of the coefficients; an integer L stands for ``HarmonicLayout(L)``.
    statistics
        ``"running"`` or ``"instance"``.
    eps
        Added to the mean squares. Fragments much smaller than its root are treated as
        round-off, and stay small. The default root of 1e-4 lies between signals of size
        one and their errors in float32.
    momentum
        For ``"running"``, weight of each new batch in the running mean. The first
        1 / momentum batches are averaged equally.

    Attributes
    ----------
    weight
        Scales :math:`s`, shape ``(n_fragments, channels)``, one at first.
    mean_square
        Running means, shape ``(n_fragments, channels)``, one at first, part of
        ``state_dict``; None for ``"instance"``.
    n_batches
        Number of batches in the running means, negative after :meth:`fit_`; part of
        ``state_dict``; None for ``"instance"``.

    Shapes
    ------
    ``(*batch, row, channels) -> (*batch, row, channels)``

    Raises
    ------
    TypeError
        If ``eps`` or ``momentum`` is not a number; in ``forward``, if the coefficients
        are not of the dtype of the weights.
    ValueError
        If ``statistics`` is unknown, ``eps`` is not positive, or ``momentum`` is not in
        (0, 1]; in ``forward``, if rows or channels are not those expected.

    Notes
    -----
    Equivariance: exact, to round-off. In data-parallel training by
    :mod:`deepsphere_pyg.training`, means are over the parts of the batch in all
    processes. An empty batch does not change the running means.
    Under autocast the layer keeps its own precision.

    Source: batch normalisation, Ioffe and Szegedy 2015 (arXiv:1502.03167), without the
    means, and applied to fragments as in Kondor et al. 2018 (arXiv:1806.09231).

    Examples
    --------
    >>> norm = FragmentNorm(1, 2)
    >>> norm(torch.tensor([[[5.0], [1.0], [2.0], [2.0]]])).flatten()
    tensor([1.0000, 0.5774, 1.1547, 1.1547], grad_fn=<ViewBackward0>)
    """

    fragment_of_row: Tensor
    mean_square: Tensor | None
    n_batches: Tensor | None

    def __init__(
        self,
        channels: SupportsIndex,
        layout: HarmonicLayout | SupportsIndex,
        *,
        statistics: str = "running",
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
                f"momentum must be at most 1, got {momentum}; 1 keeps the last batch"
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
        """Set the mean squares to those of data; training does not change them again.

        For the input of a network, whose sizes may span many decades, and whose
        channels may be nearly empty in small batches. Fragments whose squares are below
        1e-13 of the largest are treated as round-off, and stay small.

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
            If the statistics are ``"instance"``, or the signals are empty, all zero or
            not finite.
        """
        if self.mean_square is None or self.n_batches is None:
            raise ValueError(
                "statistics='instance' are computed for each signal, so that there is "
                "nothing to fit; use statistics='running'"
            )
        x = checked_operand(coefficients, self.layout, self.weight, self.dtype)
        check_channels(x, self.channels)
        with torch.no_grad():
            power = power_spectrum(x.double(), self.layout)
            mean = power.reshape(-1, *power.shape[-2:]).mean(0)
            largest = mean.max()
            if not bool(torch.isfinite(largest)) or float(largest) <= 0:
                raise ValueError(
                    "coefficients must be finite and not all zero, got "
                    f"{x.shape[:-2].numel()} signals of mean square "
                    f"{float(largest):g}; pass those of the training set"
                )
            self.mean_square.copy_(mean.clamp_min(ROUND_OFF * largest))
            self.n_batches.fill_(FITTED)
        return self

    def forward(self, coefficients: Tensor) -> Tensor:
        """Return the normalised coefficients."""
        x = checked_operand(coefficients, self.layout, self.weight, self.dtype)
        check_channels(x, self.channels)
        with torch.autocast(x.device.type, enabled=False):
            factor = self.weight * self._mean_square(x).rsqrt()
            return x * factor.index_select(-2, self.fragment_of_row)

    def _mean_square(self, x: Tensor) -> Tensor:
        """Return the mean square of each fragment, to broadcast with the weights."""
        if self.mean_square is None or self.n_batches is None:
            return power_spectrum(x, self.layout).mean(-1, keepdim=True) + self.eps
        fitted = self.n_batches < 0
        kept = self.mean_square + torch.where(fitted, 0.0, self.eps)
        if not self.training or x.shape[:-2].numel() == 0:
            return kept
        power = power_spectrum(x, self.layout)
        mean = batch_mean(power.reshape(-1, *power.shape[-2:]))
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
