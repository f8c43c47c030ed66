"""Strictly equivariant networks on coefficients, and their invariants."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, SupportsIndex

import torch
from torch import Tensor, nn

from deepsphere_pyg.harmonics import HarmonicLayout
from deepsphere_pyg.layers import (
    ConstrainedGeneralizedConv,
    FragmentNorm,
    GeneralizedConv,
    TensorProductActivation,
)
from deepsphere_pyg.models.base import SavedModel
from samplings.arguments import integer_argument, integers_argument, positive_argument

CONVOLUTIONS = {
    "constrained": ConstrainedGeneralizedConv,
    "unconstrained": GeneralizedConv,
}


def falling_type(L: SupportsIndex, tau_max: float) -> HarmonicLayout:
    r"""Return a layout whose number of fragments falls with the degree.

    .. math:: \tau^l = \left\lceil \tau_{\max} / \sqrt{2l + 1} \right\rceil

    Parameters
    ----------
    L
        Bandlimit.
    tau_max
        Fragments of degree 0, at least; any positive number.

    Raises
    ------
    TypeError, ValueError
        If L is not an integer of at least 1, or ``tau_max`` not positive.

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
    r"""Give coefficients labels that do not change when the sphere is turned.

    A generalized convolution makes several fragments of each degree; then each block
    multiplies fragments within channels, mixes the products down to a type, and brings
    them to size one. Degree 0 of the input, and of every layer, does not rotate: a
    dense network makes labels of all of it.

    Parameters
    ----------
    in_channels
        Channels of the input.
    out_channels
        Labels; None for the invariants themselves, ``(*batch, n_invariants)``.
    bandlimits
        Of the input, then of what each block makes; they must not rise.
    channels
        Of the first convolution, then of what each block makes.
    tau_max
        Types are :func:`falling_type`.
    mixing
        ``"full"``, ``"mst"`` or ``"rmst"``: which degrees are multiplied.
    convolution
        ``"constrained"`` or ``"unconstrained"``, after products.
    hidden
        Widths of the dense network.
    dropout
        Share of invariants left out in training.

    Attributes
    ----------
    standardize
        The first layer: a :class:`~deepsphere_pyg.layers.FragmentNorm`, whose ``fit_``
        fixes the sizes of the input's fragments to those of the training data. Without
        it they are those of each batch, in evaluation of all lately.
    n_invariants
        Numbers that go into the dense network.

    Shapes
    ------
    ``(*batch, L * L, in_channels) -> (*batch, out_channels)``

    Raises
    ------
    TypeError, ValueError
        If bandlimits rise, there are not as many of them as channels, or none, or
        ``"rmst"`` has one degree to thin; as for the layers; in ``forward``, if the
        coefficients do not fit, or there is one signal in training.

    Notes
    -----
    Invariance: exact, to round-off.

    Source: Cobb et al. 2021 (arXiv:2010.11661). Their networks start with a convolution
    and ReLU on SO(3); widths, and how invariants are joined, are ours.

    Examples
    --------
    >>> model = GeneralizedSphericalCNN(1, 10, bandlimits=(6, 4, 2), channels=(4, 4, 4))
    >>> model.eval()(torch.zeros(3, 36, 1)).shape
    torch.Size([3, 10])
    """

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex | None,
        bandlimits: Sequence[SupportsIndex] = (10, 6, 3),
        channels: Sequence[SupportsIndex] = (16, 16, 16),
        *,
        tau_max: float = 5,
        mixing: str = "mst",
        convolution: str = "constrained",
        hidden: Sequence[SupportsIndex] = (128,),
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        degrees = [*integers_argument("bandlimits", bandlimits, 1)]
        widths = [*integers_argument("channels", channels, 1)]
        _check_blocks(degrees, widths, mixing)
        dense = [*integers_argument("hidden", hidden, 1)]
        if convolution not in CONVOLUTIONS:
            raise ValueError(
                f"convolution must be one of {', '.join(CONVOLUTIONS)}, "
                f"got {convolution!r}"
            )
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
            else dense_head(
                self.n_invariants,
                dense,
                out_channels,
                dropout,
            )
        )

    @property
    def config(self) -> dict[str, Any]:
        """Arguments of the constructor, JSON-serialisable."""
        return {**self._config}

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
        """Return labels, ``(*batch, out_channels)``."""
        features = self.invariants(coefficients)
        # Batch normalisation takes one axis of samples.
        flat = self.head(features.reshape(-1, features.shape[-1]))
        y: Tensor = flat.view(*features.shape[:-1], flat.shape[-1])
        return y


class InvariantNorm(nn.BatchNorm1d):
    """Batch normalisation of invariants, ``(signal, invariant)``.

    Raises
    ------
    ValueError
        In training, if there is one signal, which has no spread.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised invariants."""
        if self.training and len(input) == 1:
            raise ValueError(
                "in training invariants are normalised over the batch, which must have "
                "two signals or more, got one; pass more at once, or call eval()"
            )
        return super().forward(input)


def dense_head(
    n_in: int, hidden: Sequence[int], n_out: int, dropout: float = 0.0
) -> nn.Sequential:
    """Dense network on invariants, which it normalises first."""
    layers: list[nn.Module] = [InvariantNorm(n_in)]
    if dropout:
        layers.append(nn.Dropout(dropout))
    for width in hidden:
        layers += [nn.Linear(n_in, width), nn.SiLU()]
        n_in = width
    layers.append(nn.Linear(n_in, n_out))
    return nn.Sequential(*layers)


def _check_blocks(degrees: Sequence[int], widths: Sequence[int], mixing: str) -> None:
    """Refuse settings that are not one for each layer, or rise."""
    if len(degrees) != len(widths) or len(degrees) < 2:
        raise ValueError(
            "bandlimits and channels must have one number for the first convolution "
            f"and one for each block, got {len(degrees)} and {len(widths)}; pass at "
            "least two of each"
        )
    for before, after in pairwise(degrees):
        if after > before:
            raise ValueError(
                f"bandlimits must not rise, got {after} after {before}; "
                "start with a higher one"
            )
    if mixing == "rmst" and min(degrees[:-1]) < 2:
        raise ValueError(
            "mixing='rmst' needs bandlimits of 2 or more but for the last, got "
            f"{tuple(degrees)}: blocks of one degree have no tree to thin; pass "
            "mixing='mst'"
        )
