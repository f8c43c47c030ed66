"""Convolution with learned filters on discs, which may be oriented."""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from deepsphere_pyg.compilers import has_values
from deepsphere_pyg.layers.graph.disco.disco_operator import DiscoOperator
from deepsphere_pyg.layers.graph.disco.filter_basis import FilterBasis
from deepsphere_pyg.signals import checked_signal, tensor_argument
from samplings.arguments import flag_argument, instance_argument, integer_argument

# Numbers in the stacked integrals of a signal, 1 MB in float32, from which signals of a
# batch are taken one by one: copies of larger ones would not stay in a core's cache.
# HEALPix nside 32, 4 signals, 64 channels, PiecewiseLinearBasis(3, 4): 30 ms instead of
# 87 (one core of an AMD EPYC, best of nine).
LARGE = 2**18


class DiscoConv(nn.Module):
    r"""Convolve with learned filters on discs: a discrete-continuous convolution.

    .. math:: y = \sum_{b=0}^{B-1} K_b\, x\, W_b + c

    where :math:`K_b` integrates the signal times function b of a basis over a disc
    about each vertex. Filters may be oriented, as those of images are: north, south,
    east and west have different weights. Operators between two samplings make it a
    convolution that changes the resolution.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    basis
        The functions that the operator was made with, such as
        ``PiecewiseLinearBasis(3, 4)``.
    groups
        Number of groups of channels that do not mix; it divides both numbers.
    bias
        Whether to add a learned constant to each channel.

    Attributes
    ----------
    weight
        Shape ``(B, in_channels / groups, out_channels)``; ``weight[b]`` multiplies
        :math:`K_b`. Drawn with variance ``2 groups / (in_channels B)``, as those of
        :class:`~deepsphere_pyg.layers.ChebConv`.
    bias
        Shape ``(out_channels,)``, zero at first; None without.

    Shapes
    ------
    ``x : (*batch, V_in, in_channels) -> (*batch, V_out, out_channels)``

    Raises
    ------
    TypeError
        If ``basis`` is not a basis; in ``forward``, if ``operator`` is not made by
        :func:`~deepsphere_pyg.layers.disco_operator`, or ``x`` is not of its dtype.
    ValueError
        If a number is below 1, or ``groups`` does not divide the numbers of channels;
        in ``forward``, if channels, vertices or the number of functions differ.

    Notes
    -----
    Source: Ocampo, Price and McEwen 2023, arXiv:2209.13603; torch-harmonics,
    ``DiscreteContinuousConvS2``, whose weights have shape
    ``(out_channels, in_channels / groups, B)``.

    Equivariance: with isotropic functions, exact for the rotations and reflections that
    map the samplings onto themselves, approximate for other rotations, with the error
    of the quadrature. With oriented functions, exact for rotations about the polar axis
    that map the samplings onto themselves (shifts along the parallels of a grid),
    approximate for other rotations about this axis, and none for rotations that move
    it, since filters are aligned with the meridians. The direction of north is
    undefined at the poles, where filters are replaced by their means over azimuth.

    Examples
    --------
    >>> from deepsphere_pyg.layers import PiecewiseLinearBasis, disco_operator
    >>> from samplings import HEALPix
    >>> basis = PiecewiseLinearBasis(3, 4)
    >>> operator = disco_operator(HEALPix(4), HEALPix(2), basis=basis)
    >>> DiscoConv(3, 5, basis)(torch.ones(2, 192, 3), operator).shape
    torch.Size([2, 48, 5])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        basis: FilterBasis,
        *,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.in_channels = integer_argument("in_channels", in_channels, 1)
        self.out_channels = integer_argument("out_channels", out_channels, 1)
        remedy = "pass the one of the operator, such as PiecewiseLinearBasis(3, 4)"
        self.basis = instance_argument("basis", basis, FilterBasis, remedy)
        # As text, since compilers trace neither dataclasses nor their representation.
        self._basis = repr(basis)
        self.groups = integer_argument("groups", groups, 1)
        for name in ("in_channels", "out_channels"):
            if getattr(self, name) % self.groups:
                raise ValueError(
                    f"groups must divide {name}={getattr(self, name)}, got {groups}; "
                    "use 1, or a divisor of both numbers of channels"
                )
        shape = (basis.n_basis, self.in_channels // self.groups, self.out_channels)
        self.weight = nn.Parameter(torch.empty(shape))
        constants = torch.empty(self.out_channels)
        self.bias = nn.Parameter(constants) if flag_argument("bias", bias) else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights and set the bias to zero."""
        n_basis, n_in, _ = self.weight.shape
        nn.init.normal_(self.weight, std=(2 / (n_in * n_basis)) ** 0.5)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, x: Tensor, operator: DiscoOperator) -> Tensor:
        """Return the filtered signals."""
        remedy = "make one with deepsphere_pyg.disco_operator"
        instance_argument("operator", operator, DiscoOperator, remedy)
        n_basis = len(self.weight)
        if operator.n_basis != n_basis:
            raise ValueError(
                f"operator must have {n_basis} functions like the layer's "
                f"{self._basis}, got {operator.n_basis}; make it with this basis"
            )
        shape = tensor_argument("x", x).shape
        if x.ndim > 1 and shape[-1] != self.in_channels:
            raise ValueError(
                f"expected {self.in_channels} input channels, got {shape[-1]}; "
                "x must have shape (*batch, vertex, channel)"
            )
        x = checked_signal(x, operator.n_in, operator.weight)
        count = prod(shape[:-2])
        if count < 2 or operator.n_out * self.in_channels < LARGE or not has_values(x):
            return self._mixed(operator(x), operator.n_out // n_basis)
        flat = x.reshape(count, *shape[-2:])
        ys = [self._mixed(operator(one), operator.n_out // n_basis) for one in flat]
        return torch.stack(ys).view(*shape[:-2], *ys[0].shape)

    def _mixed(self, y: Tensor, n_out: int) -> Tensor:
        """Mix the functions and channels of stacked integrals."""
        n_basis, n_in, _ = self.weight.shape
        shape = *y.shape[:-2], n_out
        if self.groups == 1:
            flat = y.reshape(*shape, n_basis * n_in)
            return F.linear(flat, self.weight.flatten(0, 1).T, self.bias)
        apart = y.reshape(*shape, n_basis, self.groups, n_in)
        weight = self.weight.view(n_basis, n_in, self.groups, -1)
        y = torch.einsum("...bgi,bigo->...go", apart, weight).flatten(-2)
        return y if self.bias is None else y + self.bias.to(y.dtype)

    def extra_repr(self) -> str:
        """Sizes, for ``repr``."""
        return (
            f"{self.in_channels}, {self.out_channels}, {self._basis}, "
            f"groups={self.groups}, bias={self.bias is not None}"
        )
