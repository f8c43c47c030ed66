"""Classifier of whole spheres by layers that are equivariant to round-off."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import SupportsIndex

import torch
from torch import Tensor, nn

from deepsphere_pyg.harmonics import HarmonicLayout, so3_layout
from deepsphere_pyg.layers import (
    FragmentNorm,
    GeneralizedConv,
    LocalGrid,
    SO3Conv,
    SO3GridActivation,
    SphereToSO3Conv,
    TensorProductActivation,
)
from deepsphere_pyg.layers.rotation_group.group_square import (
    GroupSquare,
    RotationGroupNorm,
    resolving,
)
from deepsphere_pyg.models.blocks import DenseHead, level_sizes, refuse_rising
from deepsphere_pyg.models.harmonic_classifier import HarmonicClassifier
from samplings import Sampling
from samplings.arguments import choice_argument, integer_argument, integers_argument

# Sample points of the filters: the first layer's are as wide as a stroke of a digit,
# those of the next ones, on coarser signals, wider.
FIRST = LocalGrid(3, 8, max_beta=math.pi / 6)
NEXT = LocalGrid(2, 6, max_beta=math.pi / 4)
ACTIVATIONS = ("square", "silu")


class GeneralizedClassifier(HarmonicClassifier):
    r"""Classify whole spheres, with the same result for every rotation of them.

    Coefficients are lifted to SO(3) and convolved there with local filters; a pointwise
    nonlinearity on a grid follows each convolution. Then a generalized convolution
    makes channels of the fragments, and each block multiplies fragments within channels
    and mixes the products. Degree 0 of every layer is invariant: a dense network
    computes logits from it.

    Parameters
    ----------
    in_channels, out_channels
        Channels of the input, and classes.
    sampling
        Sampling of the inputs, such as ``Equiangular(60, 60, "driscoll-healy")``.
    lift_bandlimits, lift_channels
        Sizes of each convolution on SO(3), the first of which is the lift; bandlimits
        must not rise, nor be below the first of ``bandlimits``.
    N
        Azimuthal bandlimit on SO(3): filters have up to that many angular orders.
    activation
        On SO(3): ``"square"``, :math:`x + x^2 / 2` on a grid that resolves it; or
        ``"silu"`` on the same grid, which resolves it only in part.
    bandlimits, channels
        Sizes of the input of the blocks, then of the output of each.
    mixing
        Degrees to multiply: ``"full"``, ``"mst"`` or ``"rmst"``.
    hidden
        Widths of the dense network.

    Attributes
    ----------
    n_invariants
        Number of inputs of the dense network.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> logits (*batch, out_channels)``

    Raises
    ------
    TypeError
        If an argument has another type; in ``forward``, if ``x`` has another dtype.
    ValueError
        If bandlimits rise, the numbers of bandlimits and channels differ, or a layer
        refuses its sizes; in ``forward``, if ``x`` does not fit.

    Notes
    -----
    Invariance: with squares exact to round-off for given coefficients, which have the
    error of the sampling's transform. With SiLU it is approximate, and a network
    trained on signals of one orientation exploits that: trained on unrotated digits for
    three epochs, it classified 97.6 % of them correctly, but only 95.6 % of rotated
    ones.

    Source: Cobb et al. 2021 (arXiv:2010.11661), whose network has ReLU on SO(3);
    squares and sizes are ours.

    Examples
    --------
    >>> from samplings import GaussLegendre
    >>> sizes = {"bandlimits": (4, 2), "channels": (4, 4)}
    >>> sizes |= {"lift_bandlimits": (6,), "lift_channels": (2,), "N": 2}
    >>> model = GeneralizedClassifier(1, 10, GaussLegendre(8), **sizes).eval()
    >>> model(torch.zeros(2, 128, 1)).shape
    torch.Size([2, 10])
    """

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        sampling: Sampling,
        *,
        lift_bandlimits: Sequence[SupportsIndex] = (16, 10),
        lift_channels: Sequence[SupportsIndex] = (8, 16),
        N: SupportsIndex = 3,
        activation: str = "square",
        bandlimits: Sequence[SupportsIndex] = (8, 4, 1),
        channels: Sequence[SupportsIndex] = (24, 24, 24),
        mixing: str = "mst",
        hidden: Sequence[SupportsIndex] = (64,),
    ) -> None:
        lifts, widths = level_sizes(
            lift_bandlimits=lift_bandlimits, lift_channels=lift_channels
        )
        degrees, of_blocks = level_sizes(bandlimits=bandlimits, channels=channels)
        refuse_rising("bandlimits", [lifts[-1], degrees[0]])
        choice_argument("activation", activation, ACTIVATIONS)
        super().__init__(in_channels, out_channels, sampling, lifts[0])
        orders = integer_argument("N", N, 1)
        dense = [*integers_argument("hidden", hidden, 1)]
        self._config = {
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "lift_bandlimits": lifts,
            "lift_channels": widths,
            "N": orders,
            "activation": activation,
            "bandlimits": degrees,
            "channels": of_blocks,
            "mixing": mixing,
            "hidden": dense,
        }
        before = self.in_channels
        self.lifts = nn.ModuleList()
        counts = [before]
        for i, width in enumerate(widths):
            L, L_out = [*lifts, degrees[0]][i : i + 2]
            N = min(orders, L)
            conv: SphereToSO3Conv | SO3Conv = (
                SO3Conv(before, width, L, N, N_out=N, local=NEXT, bias=False)
                if i
                else SphereToSO3Conv(before, width, L, N, local=FIRST, bias=False)
            )
            bend = _bend(activation, L, N, L_out, min(orders, L_out))
            # The norm subtracts the mean, and a bias with it.
            self.lifts.append(nn.Sequential(conv, RotationGroupNorm(width), bend))
            counts.append(width)
            before = width
        layout = HarmonicLayout(degrees[0])
        lifted = so3_layout(degrees[0], min(orders, degrees[0]))
        self.blocks = nn.ModuleList()
        first = GeneralizedConv(before, of_blocks[0], lifted, layout)
        self.blocks.append(nn.Sequential(first, FragmentNorm(of_blocks[0], layout)))
        for L, (before, width) in zip(degrees[1:], pairwise(of_blocks), strict=True):
            product = TensorProductActivation(layout, mixing=mixing, L_out=L)
            layout = HarmonicLayout(L)
            mixed = GeneralizedConv(before, width, product.layout_out, layout)
            block = nn.Sequential(product, mixed, FragmentNorm(width, layout))
            self.blocks.append(block)
        self.n_invariants = sum([*counts, *of_blocks])
        self.head = DenseHead(self.n_invariants, self.out_channels, dense)

    def invariants(self, coefficients: Tensor) -> Tensor:
        """Return degree 0 of input and all layers, ``(*batch, n_invariants)``."""
        x = coefficients
        found = [x[..., 0, :]]
        for layer in (*self.lifts, *self.blocks):
            x = layer(x)
            found.append(x[..., 0, :])
        return torch.cat(found, dim=-1)

    def of_coefficients(self, coefficients: Tensor) -> Tensor:
        """Return logits of signals given by coefficients, ``(*batch, classes)``."""
        y: Tensor = self.head(self.invariants(coefficients))
        return y


def _bend(activation: str, L: int, N: int, L_out: int, N_out: int) -> nn.Module:
    """Nonlinearity on SO(3)."""
    if activation == "square":
        return GroupSquare(L, N, L_out=L_out, N_out=N_out)
    # Rounded up for both: little above the number below.
    rings, turns = resolving(L, L_out) - 0.99, resolving(N, N_out) - 0.99
    return SO3GridActivation(
        L,
        N,
        activation=nn.SiLU(),
        oversampling=max(rings / L, turns / N, 1),
        scheme="gauss-legendre",
        L_out=L_out,
        N_out=N_out,
    )
