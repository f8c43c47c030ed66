"""Convolution on the sphere with axisymmetric filters."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from deepsphere_pyg.fixed_tensors.float64_tensors import Float64Tensors
from deepsphere_pyg.harmonics.functions.legendre import associated_legendre
from deepsphere_pyg.harmonics.layout.checks import (
    check_channels,
    checked_operand,
    numbered_layout,
)
from samplings.arguments import flag_argument, integer_argument
from samplings.arrays import FloatArray


class ZonalConv(Float64Tensors):
    r"""Convolve signals on the sphere with learned zonal filters.

    .. math::
        y(x) = \int_{S^2} h(x \cdot x') f(x') \, dx' + b
        \quad\Longleftrightarrow\quad
        y_{lm} = f_{lm} w_l + \sqrt{4\pi}\, b\, \delta_{l0}

    with a matrix :math:`w_l` of input by output channels for each degree, the same for
    all orders. Every linear map of signals that commutes with rotations is of this
    form.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    L
        Bandlimit: degrees 0 ... L - 1.
    anchors
        If None, each degree has its own weights, and filters may cover the whole
        sphere. Otherwise n anchor degrees have weights, and those of other degrees are
        interpolated linearly; nine tenths of a filter's energy are then within about
        :math:`\pi n / L` of its axis. An integer n places anchors equally spaced from 0
        to L - 1; a list gives their degrees, the first 0 and the last L - 1.
    bias
        Whether to add a learned constant to each channel.

    Attributes
    ----------
    weight
        Shape ``(n, in_channels, out_channels)``, with n = L without anchors. Drawn from
        a normal distribution that gives the output the variance of an input whose
        coefficients have equal variance.
    bias
        Shape ``(out_channels,)``, zero at first; None without.

    Shapes
    ------
    ``(*batch, L * L, in_channels) -> (*batch, L * L, out_channels)``

    Raises
    ------
    TypeError
        If a number is not an integer; in ``forward``, if the coefficients are not of
        the dtype of the weights.
    ValueError
        If a number is below 1, or anchors do not go from 0 to L - 1; in ``forward``,
        if rows or channels are not those expected.

    Notes
    -----
    Equivariance: exact, to round-off. Under autocast it keeps its own precision.

    Source: Esteves et al. 2018 (arXiv:1711.06721). By the Funk-Hecke theorem
    :math:`w_l = \sqrt{4\pi / (2l + 1)}\, h_{l0}`; their integral over rotations rather
    than over the sphere adds a factor :math:`2\pi`.

    Examples
    --------
    >>> conv = ZonalConv(3, 5, L=8, anchors=4)
    >>> conv(torch.ones(2, 64, 3)).shape, conv.weight.shape
    (torch.Size([2, 64, 5]), torch.Size([4, 3, 5]))
    """

    interpolation: Tensor

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        L: SupportsIndex,
        *,
        anchors: SupportsIndex | Sequence[SupportsIndex] | None = None,
        bias: bool = True,
    ) -> None:
        super().__init__(None)
        self.in_channels = integer_argument("in_channels", in_channels, 1)
        self.out_channels = integer_argument("out_channels", out_channels, 1)
        self.layout = numbered_layout(integer_argument("L", L, 1))
        n_weights = self.L
        self.localised = anchors is not None
        if anchors is not None:
            table = anchor_interpolation(self.L, anchors)
            self.keep("interpolation", table)
            n_weights = table.shape[1]
        shape = (n_weights, self.in_channels, self.out_channels)
        self.weight = nn.Parameter(torch.empty(shape, dtype=self.dtype))
        self.bias = (
            nn.Parameter(torch.empty(self.out_channels, dtype=self.dtype))
            if flag_argument("bias", bias)
            else None
        )
        self.reset_parameters()

    @property
    def L(self) -> int:
        """Bandlimit: degrees 0 ... L - 1."""
        return self.layout.L

    def reset_parameters(self) -> None:
        """Draw new weights and set the bias to zero."""
        # Interpolated weights have less variance than those of the anchors.
        share = 1.0
        table = self._masters.get("interpolation")
        if table is not None:
            share = interpolated_variance(table)
        nn.init.normal_(self.weight, std=(share * self.in_channels) ** -0.5)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def response(self) -> Tensor:
        """Return the weights of each degree, ``(L, in_channels, out_channels)``."""
        if not self.localised:
            return self.weight
        weights: Tensor = torch.tensordot(self.interpolation, self.weight, 1)
        return weights

    def kernel(self, angle: npt.ArrayLike) -> Tensor:
        r"""Return the filters at angles from their axis.

        .. math:: h(\cos\gamma) = \sum_{l<L} \frac{2l + 1}{4\pi} w_l P_l(\cos\gamma)

        Parameters
        ----------
        angle
            In radian, from 0 to pi, shape ``(A,)``.

        Returns
        -------
        Tensor
            Per steradian, shape ``(A, in_channels, out_channels)``.

        Raises
        ------
        TypeError, ValueError
            If the angles are not real numbers from 0 to pi, along one axis.
        """
        _, legendre = next(iter(associated_legendre(angle, self.L)))
        norms = np.sqrt((2 * np.arange(self.L) + 1) / (4 * np.pi))
        table = torch.from_numpy(norms[:, None] * legendre).to(self.weight)
        values: Tensor = torch.tensordot(table.mT, self.response(), 1)
        return values

    def forward(self, coefficients: Tensor) -> Tensor:
        """Return the coefficients of the filtered signals."""
        x = checked_operand(coefficients, self.layout, self.weight, self.dtype)
        check_channels(x, self.in_channels)
        with torch.autocast(x.device.type, enabled=False):
            sizes = [2 * degree + 1 for degree in range(self.L)]
            degrees = torch.split(x, sizes, dim=-2)
            weights = self.response().unbind()
            parts = [part @ w for part, w in zip(degrees, weights, strict=True)]
            if self.bias is not None:
                parts[0] = parts[0] + (4 * np.pi) ** 0.5 * self.bias
            return torch.cat(parts, dim=-2)

    def extra_repr(self) -> str:
        """Sizes, for ``repr``."""
        anchors = f", anchors={len(self.weight)}" if self.localised else ""
        return (
            f"{self.in_channels}, {self.out_channels}, L={self.L}{anchors}, "
            f"bias={self.bias is not None}"
        )


def anchor_interpolation(
    L: int, anchors: SupportsIndex | Sequence[SupportsIndex]
) -> FloatArray:
    """Return the matrix of linear interpolation from anchors to degrees.

    Its shape is ``(L, n_anchors)``, and its rows sum to 1. Parameters and errors are
    those of :class:`ZonalConv`.

    Examples
    --------
    >>> anchor_interpolation(3, [0, 2])
    array([[1. , 0. ],
           [0.5, 0.5],
           [0. , 1. ]])
    """
    positions = _positions(L, anchors)
    degrees = np.arange(L)
    columns = [np.interp(degrees, positions, unit) for unit in np.eye(len(positions))]
    return np.stack(columns, axis=1)


def interpolated_variance(table: Tensor, first: int = 0) -> float:
    """Return the variance of interpolated weights, of anchors of variance one.

    It is the mean over the coefficients of all degrees from the first on, which have
    the rows of ``table``.

    Examples
    --------
    >>> interpolated_variance(torch.from_numpy(anchor_interpolation(2, 1)))
    1.0
    """
    degrees = np.arange(first, first + len(table))
    # Not by torch.arange, which another device in force would make there.
    orders = torch.from_numpy(2.0 * degrees + 1)
    return float(orders @ table.square().sum(1) / orders.sum())


def _positions(L: int, anchors: SupportsIndex | Sequence[SupportsIndex]) -> FloatArray:
    """Return the checked anchors, which need not be integers if given by number."""
    if isinstance(anchors, Sequence | np.ndarray) and not isinstance(anchors, str):
        listed = [integer_argument("anchors", anchor, 0) for anchor in anchors]
        ascends = all(a < b for a, b in pairwise(listed))
        if not listed or not ascends or (listed[0], listed[-1]) != (0, L - 1):
            raise ValueError(
                f"anchors must be degrees that ascend from 0 to L - 1 = {L - 1}, got "
                f"{listed}; include both ends, between which weights are interpolated"
            )
        return np.array(listed, dtype=float)
    count = integer_argument("anchors", anchors, 1)
    if count > L:
        raise ValueError(
            f"anchors must be at most the number of degrees L = {L}, got {count}; pass "
            "None for weights of every degree"
        )
    return np.linspace(0, L - 1, count)
