"""Base of convolutions with filters on the rotation group."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import SupportsIndex

import numpy as np
import torch
from torch import Tensor, nn

from deepsphere_pyg.fixed_tensors.float64_tensors import Float64Tensors
from deepsphere_pyg.harmonics.layout.checks import (
    check_channels,
    checked_operand,
    numbered_layout,
)
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.harmonics.rotations.rotation import Rotation
from deepsphere_pyg.harmonics.rotations.wigner import wigner_matrices
from deepsphere_pyg.layers.rotation_group.local_grid import LocalGrid, checked_local
from deepsphere_pyg.layers.rotation_group.so3_bandlimits import azimuthal_bandlimit
from samplings.arguments import flag_argument, integer_argument
from samplings.arrays import FloatArray


class RotationFilters(Float64Tensors, ABC):
    r"""Multiply the fragments of each degree by a learned matrix.

    .. math:: y^l = f^l w^l, \quad l < L'

    where rows of :math:`f^l` are orders m, and columns are fragments and channels.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    layout, layout_out
        Rows of the input and the output.
    local
        Sample points of the filters; None for weights of each degree.
    bias
        Whether to add a learned constant to each channel.
    """

    table: Tensor

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        layout: HarmonicLayout,
        layout_out: HarmonicLayout,
        local: LocalGrid | None,
        bias: bool,
    ) -> None:
        super().__init__(None)
        self.in_channels = integer_argument("in_channels", in_channels, 1)
        self.out_channels = integer_argument("out_channels", out_channels, 1)
        self.layout = numbered_layout(layout)
        self.layout_out = numbered_layout(layout_out)
        self.local = checked_local(local)
        self._pairs = [
            before * after
            for before, after in zip(layout.tau, layout_out.tau, strict=False)
        ]
        n_weights = sum(self._pairs)
        if self.local is not None:
            # Computed on the CPU, whatever the device in force.
            with torch.device("cpu"):
                matrix = _filter_table(self._points(self.local), layout, layout_out)
            self.keep("table", matrix)
            n_weights = matrix.shape[1]
        shape = (n_weights, self.in_channels, self.out_channels)
        self.weight = nn.Parameter(torch.empty(shape, dtype=self.dtype))
        self.bias = (
            nn.Parameter(torch.empty(self.out_channels, dtype=self.dtype))
            if flag_argument("bias", bias)
            else None
        )
        self.reset_parameters()

    @staticmethod
    @abstractmethod
    def _points(local: LocalGrid) -> Rotation:
        """Return the sample points, as rotations."""

    @property
    def L(self) -> int:
        """Bandlimit of the input."""
        return self.layout.L

    @property
    def L_out(self) -> int:
        """Bandlimit of the output."""
        return self.layout_out.L

    @property
    def N_out(self) -> int:
        """Azimuthal bandlimit of the output."""
        return azimuthal_bandlimit(self.layout_out)

    def reset_parameters(self) -> None:
        """Draw new weights and set the bias to zero."""
        if self.local is not None:
            fan_in = float(self.in_channels * len(self.weight))
            nn.init.normal_(self.weight, std=fan_in**-0.5)
        else:
            nn.init.normal_(self.weight)
            fans = [self.in_channels * tau for tau in self.layout.tau[: self.L_out]]
            scale = torch.from_numpy(np.repeat(fans, self._pairs) ** -0.5)
            with torch.no_grad():
                self.weight.mul_(scale.to(self.weight)[:, None, None])
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def response(self) -> list[Tensor]:
        """Return the matrix of each degree of the output.

        Its shape is ``(tau, in_channels, tau_out, out_channels)``.
        """
        weights = self.weight
        if self.local is not None:
            weights = torch.tensordot(self.table, weights, 1)
        matrices = []
        for degree, part in enumerate(torch.split(weights, self._pairs)):
            before, after = self.layout.tau[degree], self.layout_out.tau[degree]
            sizes = (before, after, self.in_channels, self.out_channels)
            matrices.append(part.view(sizes).transpose(1, 2))
        return matrices

    def forward(self, coefficients: Tensor) -> Tensor:
        """Return the coefficients of the filtered signals."""
        x = checked_operand(coefficients, self.layout, self.weight, self.dtype)
        check_channels(x, self.in_channels)
        with torch.autocast(x.device.type, enabled=False):
            sizes = [
                tau * (2 * degree + 1) for degree, tau in enumerate(self.layout.tau)
            ]
            # Degrees from L_out on are not used.
            degrees = torch.split(x, sizes, dim=-2)
            parts = []
            for degree, w in enumerate(self.response()):
                before, _, after, _ = w.shape
                f = degrees[degree]
                # To rows of orders and columns of fragments and channels, and back.
                f = f.view(*f.shape[:-2], before, 2 * degree + 1, self.in_channels)
                f = f.transpose(-3, -2)
                y = f.flatten(-2) @ w.flatten(0, 1).flatten(1)
                y = y.view(*y.shape[:-1], after, self.out_channels).transpose(-3, -2)
                parts.append(y.flatten(-3, -2))
            if self.bias is not None:
                # A constant c on SO(3) has the coefficient c sqrt(8 pi^2) of degree 0.
                parts[0] = parts[0] + math.sqrt(8 * math.pi**2) * self.bias
            return torch.cat(parts, dim=-2)

    def extra_repr(self) -> str:
        """Sizes, for ``repr``."""
        local = "" if self.local is None else f", local={self.local}"
        return (
            f"{self.in_channels}, {self.out_channels}, {self._bandlimits()}{local}, "
            f"bias={self.bias is not None}"
        )

    @abstractmethod
    def _bandlimits(self) -> str:
        """Return the bandlimits, for ``repr``."""


def _filter_table(
    rotations: Rotation, layout: HarmonicLayout, layout_out: HarmonicLayout
) -> FloatArray:
    r"""Return the matrix of values at rotations to weights of all degrees.

    .. math:: w^l_{nk} = s \sum_i v_i D^l_{kn}(R_i)

    Its shape is ``(weights, P)`` for P rotations; the constant s is such that
    independent values of variance 1 / P keep the variance of coefficients.
    """
    parts, energy = [], 0.0
    matrices = filter_matrices(rotations, layout, layout_out)
    for degree, matrix in enumerate(matrices):
        part = matrix.numpy().transpose(2, 1, 0)
        parts.append(part.reshape(-1, part.shape[-1]))
        energy += (2 * degree + 1) * float(np.square(part).sum())
    table = np.concatenate(parts)
    scale = (layout_out.n_rows * table.shape[1] / energy) ** 0.5
    return np.ascontiguousarray(scale * table)


def filter_matrices(
    rotations: Rotation, layout: HarmonicLayout, layout_out: HarmonicLayout
) -> list[Tensor]:
    r"""Return :math:`D^l_{kn}(R)` of the orders k of the output and n of the input.

    There is one for each degree of the output, shape ``(*rotations, tau_out, tau)``,
    float64.
    """
    N = min(azimuthal_bandlimit(layout), layout_out.L)
    return [
        matrix[..., degree - after // 2 : degree + after // 2 + 1, :]
        for degree, (matrix, after) in enumerate(
            zip(
                wigner_matrices(rotations, layout_out.L, N), layout_out.tau, strict=True
            )
        )
    ]
