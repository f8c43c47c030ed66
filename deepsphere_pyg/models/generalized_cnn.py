"""Strictly equivariant networks on coefficients, and their sizes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any, SupportsIndex

import torch
from torch import Tensor, nn

from deepsphere_pyg.harmonics import HarmonicLayout
from deepsphere_pyg.harmonics.couplings.degree_mixing import KINDS
from deepsphere_pyg.layers import (
    ConstrainedGeneralizedConv,
    FragmentNorm,
    GeneralizedConv,
    TensorProductActivation,
)
from deepsphere_pyg.models.base import SavedModel
from deepsphere_pyg.models.blocks import DenseHead, level_sizes
from samplings.arguments import (
    choice_argument,
    integer_argument,
    integers_argument,
    positive_argument,
    probability_argument,
)

CONVOLUTIONS = {
    "constrained": ConstrainedGeneralizedConv,
    "unconstrained": GeneralizedConv,
}

#: Arguments of :class:`GeneralizedSphericalCNN` for networks with about as many weights
#: as those of the paper, by their data: rotated digits (58k parameters published; one
#: channel, 10 labels), atoms of QM7 (335k to 337k; in a :class:`MoleculeNetwork` of
#: width 256) and shapes of SHREC'17 (250k; 6 channels, 55 labels). Source of the
#: counts: Cobb et al. 2021, arXiv:2010.11661; widths are ours.
PUBLISHED_SIZES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "digits": MappingProxyType(
            {"bandlimits": (20, 10, 5), "channels": (24, 24, 24), "hidden": (72,)}
        ),
        "molecules": MappingProxyType(
            {"bandlimits": (10, 6, 1), "channels": (40, 40, 40)}
        ),
        "shapes": MappingProxyType(
            {"bandlimits": (20, 10, 5), "channels": (40, 40, 40), "hidden": (256,)}
        ),
    }
)


def falling_type(L: SupportsIndex, tau_max: float) -> HarmonicLayout:
    r"""Return a layout whose number of fragments falls with the degree.

    .. math:: \tau^l = \left\lceil \tau_{\max} / \sqrt{2l + 1} \right\rceil

    Parameters
    ----------
    L
        Bandlimit.
    tau_max
        Number of fragments of degree 0, which is rounded up; any positive number.

    Raises
    ------
    TypeError, ValueError
        If L is not an integer of at least 1, or ``tau_max`` is not positive.

    Examples
    --------
    >>> falling_type(4, 5).tau
    (5, 3, 3, 2)
    """
    bandlimit = integer_argument("L", L, 1)
    remedy = "pass a number of fragments of degree 0"
    most = positive_argument("tau_max", tau_max, remedy)
    tau = [math.ceil(most / math.sqrt(2 * l + 1)) for l in range(bandlimit)]  # noqa: E741
    return HarmonicLayout(bandlimit, tau)


class GeneralizedSphericalCNN(SavedModel):
    r"""Map coefficients to outputs that do not change when the sphere is rotated.

    A generalized convolution makes several fragments of each degree; then each block
    multiplies fragments within channels, mixes the products down to fewer fragments,
    and normalises them. Degree 0 of the input and of every layer is invariant: a dense
    network computes the outputs from it.

    Parameters
    ----------
    in_channels
        Channels of the input.
    out_channels
        Channels of the output, such as classes; None for the invariants themselves,
        ``(*batch, n_invariants)``.
    bandlimits
        Bandlimit of the input, then of the output of each block; they must not rise.
    channels
        Channels of the first convolution, then of each block.
    tau_max
        Fragments of each degree, by :func:`falling_type`.
    mixing
        Degrees to multiply: ``"full"``, ``"mst"`` or ``"rmst"``.
    convolution
        Layer after the products: ``"constrained"`` or ``"unconstrained"``.
    hidden
        Widths of the dense network.
    dropout
        Share of invariants left out in training.

    Attributes
    ----------
    standardize
        The first layer: a :class:`~deepsphere_pyg.layers.FragmentNorm`. Its ``fit_``
        sets the sizes by which fragments of the input are divided to those of the
        training data. Without it, they are those of each batch in training, and their
        running mean in evaluation.
    n_invariants
        Number of inputs of the dense network.

    Shapes
    ------
    ``(*batch, L * L, in_channels) -> (*batch, out_channels)``

    Raises
    ------
    TypeError, ValueError
        If bandlimits rise, there are fewer than two, the numbers of bandlimits and
        channels differ, ``"rmst"`` has only one degree to thin, or a layer refuses its
        sizes; in ``forward``, if the coefficients do not fit, or there is one signal in
        training.

    Notes
    -----
    Invariance: exact, to round-off.

    Source: Cobb et al. 2021 (arXiv:2010.11661). Their networks start with a convolution
    and ReLU on SO(3); widths, and the way invariants are joined, are ours.

    Examples
    --------
    >>> sizes = {"bandlimits": (6, 4, 2), "channels": (4, 4, 4)}
    >>> model = GeneralizedSphericalCNN(1, 10, **sizes)
    >>> model.eval()(torch.zeros(3, 36, 1)).shape
    torch.Size([3, 10])
    """

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex | None,
        *,
        bandlimits: Sequence[SupportsIndex] = (10, 6, 3),
        channels: Sequence[SupportsIndex] = (16, 16, 16),
        tau_max: float = 5,
        mixing: str = "mst",
        convolution: str = "constrained",
        hidden: Sequence[SupportsIndex] = (128,),
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        degrees, widths = level_sizes(2, bandlimits=bandlimits, channels=channels)
        choice_argument("mixing", mixing, KINDS)
        if mixing == "rmst" and min(degrees[:-1]) < 2:
            raise ValueError(
                "mixing='rmst' needs bandlimits of at least 2, except the last, got "
                f"{tuple(degrees)}: blocks of one degree have no tree to thin; pass "
                "mixing='mst'"
            )
        dense = [*integers_argument("hidden", hidden, 1)]
        rate = probability_argument("dropout", dropout)
        choice_argument("convolution", convolution, tuple(CONVOLUTIONS))
        self.in_channels = integer_argument("in_channels", in_channels, 1)
        if out_channels is not None:
            out_channels = integer_argument("out_channels", out_channels, 1)
        self.layout = HarmonicLayout(degrees[0])
        self._config = {
            "in_channels": self.in_channels,
            "out_channels": out_channels,
            "bandlimits": degrees,
            "channels": widths,
            "tau_max": tau_max,
            "mixing": mixing,
            "convolution": convolution,
            "hidden": dense,
            "dropout": dropout,
        }
        layout = falling_type(degrees[0], tau_max)
        self.standardize = FragmentNorm(self.in_channels, self.layout)
        self.first = nn.Sequential(
            GeneralizedConv(self.in_channels, widths[0], self.layout, layout),
            FragmentNorm(widths[0], layout),
        )
        counts = [self.in_channels, layout.tau[0] * widths[0]]
        blocks = []
        for L, (before, width) in zip(degrees[1:], pairwise(widths), strict=True):
            product = TensorProductActivation(layout, mixing=mixing, L_out=L)
            layout = falling_type(L, tau_max)
            conv = CONVOLUTIONS[convolution](before, width, product.layout_out, layout)
            blocks.append(nn.Sequential(product, conv, FragmentNorm(width, layout)))
            counts.append(layout.tau[0] * width)
        self.blocks = nn.ModuleList(blocks)
        self.n_invariants = sum(counts)
        self.head = (
            nn.Identity()
            if out_channels is None
            else DenseHead(self.n_invariants, out_channels, dense, rate)
        )

    def invariants(self, coefficients: Tensor) -> Tensor:
        """Return degree 0 of the input and of all layers.

        Parameters
        ----------
        coefficients
            Shape ``(*batch, L * L, in_channels)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, n_invariants)``.
        """
        x = self.standardize(coefficients)
        found = [x[..., 0, :]]
        for block in (self.first, *self.blocks):
            x = block(x)
            rows = block[-1].layout.rows(0)
            found.append(x[..., rows, :].flatten(-2))
        return torch.cat(found, dim=-1)

    def forward(self, coefficients: Tensor) -> Tensor:
        """Return outputs, ``(*batch, out_channels)``."""
        y: Tensor = self.head(self.invariants(coefficients))
        return y
