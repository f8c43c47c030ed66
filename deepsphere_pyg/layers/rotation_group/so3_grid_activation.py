"""Pointwise nonlinearities of functions on SO(3), applied on a grid of rotations."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import SupportsFloat, SupportsIndex

from torch import Tensor, nn

from deepsphere_pyg.harmonics.layout.checks import numbered_layout
from deepsphere_pyg.harmonics.rotations.wigner_d import checked_bandlimits
from deepsphere_pyg.harmonics.so3.transform import ISO3Transform, SO3Transform
from deepsphere_pyg.layers.activations import checked_activation
from deepsphere_pyg.layers.rotation_group.so3_bandlimits import (
    azimuthal_bandlimit,
    output_layout,
)
from samplings import SO3Grid
from samplings.arguments import positive_argument


class SO3GridActivation(nn.Module):
    r"""Apply a nonlinearity to the values of a function on a grid of rotations.

    .. math:: f \mapsto \mathrm{SO3T}(\sigma(\mathrm{ISO3T}(f)))

    A nonlinearity makes degrees beyond L and orders beyond N, which the grid aliases to
    lower ones unless it resolves them. More points than the bandlimits need reduce this
    error, at the cost of larger transforms.

    Parameters
    ----------
    L, N
        Bandlimits of the input, as for :func:`so3_layout`.
    activation
        Module or function on values ``(*batch, point, channel)`` that treats all points
        alike, whatever their order; ReLU by default.
    oversampling
        Bandlimits of the grid relative to those of the input, at least 1; the products
        are rounded up. With N = 1 the output has order 0 alone, so the grid has one
        turn.
    scheme
        As for :class:`~samplings.SO3Grid`.
    L_out, N_out
        Bandlimits of the output, at most those of the input, which are the default.
        Higher degrees and orders are not computed.

    Attributes
    ----------
    grid
        Grid on which the nonlinearity acts.
    synthesis, analysis
        The :class:`~deepsphere_pyg.harmonics.ISO3Transform` and
        :class:`~deepsphere_pyg.harmonics.SO3Transform`.
    layout, layout_out
        Rows of the input and the output.

    Shapes
    ------
    ``(*batch, layout.n_rows, channel) -> (*batch, layout_out.n_rows, channel)``, with
    the number of channels that the activation returns.

    Raises
    ------
    TypeError
        If a bandlimit is not an integer, ``oversampling`` is not a number, or the
        activation cannot be called.
    ValueError
        If a bandlimit is below 1, N is above L, those of the output are above the
        input's, ``oversampling`` is below 1, or the scheme is unknown; in ``forward``,
        if the number of rows is not the layout's, or the activation changes the number
        of points.

    Notes
    -----
    Equivariance: approximate. Relative errors of ReLU under random rotations, of
    coefficients of equal variance, at L = 10, without oversampling:

    =======================  =====  =====  =====  =====  =====  ======
    scheme                   N = 1  N = 2  N = 3  N = 4  N = 6  N = 10
    =======================  =====  =====  =====  =====  =====  ======
    ``"mcewen-wiaux"``       0.30   0.37   0.36   0.35   0.32   0.26
    ``"gauss-legendre"``     0.24   0.33   0.33   0.31   0.29   0.23
    ``"driscoll-healy"``     0.146  0.135  0.185  0.197  0.195  0.153
    ``"kostelec-rockmore"``  0.145  0.134  0.185  0.196  0.194  0.153
    =======================  =====  =====  =====  =====  =====  ======

    The published error is 0.37. With ``oversampling`` of 1.5, 2, 3 and 4 on
    ``"mcewen-wiaux"`` it is 0.055, 0.020, 0.0052 and 0.0021 for N = 2, and 0.042,
    0.016, 0.0041 and 0.0017 for N = 10.

    Source: Cohen et al. 2018 (arXiv:1801.10130); errors, Cobb et al. 2021
    (arXiv:2010.11661).

    Examples
    --------
    >>> import torch
    >>> layer = SO3GridActivation(4, 2, oversampling=2)
    >>> layer.grid, layer(torch.ones(3, 46, 5)).shape
    (SO3Grid(8, 4, 'mcewen-wiaux') with 840 points, torch.Size([3, 46, 5]))
    """

    def __init__(
        self,
        L: SupportsIndex,
        N: SupportsIndex | None = None,
        *,
        activation: Callable[[Tensor], Tensor] | None = None,
        oversampling: SupportsFloat = 1.0,
        scheme: str = "mcewen-wiaux",
        L_out: SupportsIndex | None = None,
        N_out: SupportsIndex | None = None,
    ) -> None:
        super().__init__()
        bandlimit, azimuthal = checked_bandlimits(L, N)
        out = output_layout(bandlimit, L_out, azimuthal, N_out, most=azimuthal)
        self.activation = checked_activation(activation)
        more = _checked_oversampling(oversampling)
        self.grid = SO3Grid(
            _ceil(more * bandlimit),
            _ceil(more * azimuthal) if azimuthal > 1 else 1,
            scheme,
        )
        self.synthesis = ISO3Transform(self.grid, bandlimit, azimuthal)
        self.analysis = SO3Transform(self.grid, out.L, azimuthal_bandlimit(out))
        self.layout = numbered_layout(self.synthesis.layout)
        self.layout_out = numbered_layout(self.analysis.layout)

    @property
    def L(self) -> int:
        """Bandlimit of the input."""
        return self.synthesis.L

    @property
    def N(self) -> int:
        """Azimuthal bandlimit of the input."""
        return self.synthesis.N

    def forward(self, coefficients: Tensor) -> Tensor:
        """Return the coefficients of the activated functions."""
        # Values in the order of the transform, which the activation does not depend on.
        f = self.activation(self.synthesis.values(coefficients))
        return self.analysis.from_values(f)


def _checked_oversampling(value: SupportsFloat) -> float:
    remedy = "pass 1 for the fewest points, 2 for twice the bandlimits"
    more = positive_argument("oversampling", value, remedy)
    if more < 1:
        raise ValueError(f"oversampling must be at least 1, got {more}; {remedy}")
    return more


def _ceil(bandlimit: float) -> int:
    """Round up, ignoring round-off: 1.1 * 10 becomes 11."""
    return math.ceil(round(bandlimit, 9))
