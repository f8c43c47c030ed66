"""Base of the linear maps that commute with rotations: degree by degree."""

from __future__ import annotations

from abc import abstractmethod
from math import prod
from typing import SupportsIndex

import torch
from torch import Tensor, nn

from deepsphere_pyg.fixed_tensors.float64_tensors import Float64Tensors
from deepsphere_pyg.harmonics.layout.checks import (
    check_channels,
    checked_operand,
    numbered_layout,
)
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from samplings.arguments import flag_argument


class DegreeWise(Float64Tensors):
    """Linear maps of the fragments and channels of each degree.

    By the lemma of Schur, all linear maps that commute with rotations are of this kind.
    Subclasses define the weights and how they map the coefficients of one degree.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels; None for any number, which is kept.
    layout, layout_out
        Rows of the input and the output; an integer L stands for ``HarmonicLayout(L)``.
    bias
        Whether to add a learned constant to the coefficients of degree 0.

    Raises
    ------
    ValueError
        If the output has a degree that the input lacks, or there is no degree 0 for a
        bias.
    """

    bias: nn.Parameter | None

    def __init__(
        self,
        in_channels: int | None,
        out_channels: int | None,
        layout: HarmonicLayout | SupportsIndex,
        layout_out: HarmonicLayout | SupportsIndex,
        bias: bool = False,
    ) -> None:
        super().__init__(None)
        self.layout = numbered_layout(layout)
        self.layout_out = numbered_layout(layout_out, "layout_out")
        _check_degrees(self.layout, self.layout_out)
        self.in_channels, self.out_channels = in_channels, out_channels
        self._degrees = [d for d, tau in enumerate(self.layout_out.tau) if tau]
        # Pairs stay in order; the keys of a dict would be sorted, 10 before 2.
        self.weights = nn.ParameterDict(
            (str(degree), torch.empty(self._weight_shape(degree), dtype=self.dtype))
            for degree in self._degrees
        )
        self.register_parameter("bias", None)
        if flag_argument("bias", bias):
            tau = self.layout_out.tau[0]
            if not tau:
                raise ValueError(
                    f"bias is added to degree 0, of which {self.layout_out} has no "
                    "fragments; pass bias=False"
                )
            constants = torch.empty(tau, out_channels or 1, dtype=self.dtype)
            self.bias = nn.Parameter(constants)
        self.reset_parameters()

    @abstractmethod
    def _weight_shape(self, degree: int) -> tuple[int, ...]:
        """Return the shape of the weights of a degree."""

    @abstractmethod
    def _terms(self, degree: int) -> int:
        """Return the number of inputs that each output of a degree sums."""

    @abstractmethod
    def _mapped(self, part: Tensor, weight: Tensor) -> Tensor:
        """Map ``(fragment, order, signal, channel)`` of one degree."""

    def reset_parameters(self) -> None:
        """Draw new weights and set the bias to zero."""
        for degree, weight in self.weights.items():
            nn.init.normal_(weight, std=self._terms(int(degree)) ** -0.5)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, coefficients: Tensor) -> Tensor:
        """Return the coefficients of the mapped signals."""
        like = next(iter(self.weights.values()))
        x = checked_operand(coefficients, self.layout, like, self.dtype)
        if self.in_channels is not None:
            check_channels(x, self.in_channels)
        *batch, n_rows, channels = x.shape
        n_signals = prod(batch)
        # Rows come first, as after tensor products, by far the largest inputs.
        rows = x.movedim(-2, 0).reshape(n_rows, n_signals, channels)
        # One split: its gradient is assembled once, not degree by degree.
        heights = [tau * (2 * degree + 1) for degree, tau in enumerate(self.layout.tau)]
        degrees = torch.split(rows, heights)
        parts = []
        with torch.autocast(x.device.type, enabled=False):
            for degree in self._degrees:
                weight = self.weights[str(degree)]
                sizes = (self.layout.tau[degree], 2 * degree + 1, n_signals, channels)
                mapped = self._mapped(degrees[degree].reshape(sizes), weight)
                if degree == 0 and self.bias is not None:
                    mapped = mapped + self.bias[:, None, None]
                parts.append(mapped.flatten(0, 1))
            y = torch.cat(parts)
        return y.reshape(self.layout_out.n_rows, *batch, y.shape[-1]).movedim(0, -2)


def _check_degrees(layout: HarmonicLayout, layout_out: HarmonicLayout) -> None:
    for degree, tau in enumerate(layout_out.tau):
        if tau and (degree >= layout.L or not layout.tau[degree]):
            raise ValueError(
                "linear maps that commute with rotations make no new degrees, but "
                f"layout_out has degree {degree} (L={layout_out.L}, tau={tau}), which "
                f"{layout} lacks; lower L of layout_out, or set tau[{degree}] to 0"
            )
