"""Pointwise nonlinearities, on a grid of rotations, of functions by coefficients."""

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
    r"""Go to a grid of rotations, apply a nonlinearity to each value, and come back.

    .. math:: f \mapsto \mathrm{SO3T}(\sigma(\mathrm{ISO3T}(f)))

    A nonlinearity makes degrees beyond L and orders beyond N, which the grid takes for
    lower ones as far as it does not resolve them. More points than the bandlimits need
    push that error down, at the cost of larger transforms.

    Parameters
    ----------
    L, N
        Bandlimits of the input, as for :func:`so3_layout`.
    activation
        Module or function on values ``(*batch, point, channel)``, of which it must
        treat points alike, whatever their order; ReLU by default.
    oversampling
        Bandlimits of the grid over those of the input, at least 1; they are rounded up.
        Functions of order 0 alone, N = 1, stay such, so that their grid has one turn.
    scheme
        As for :class:`~samplings.SO3Grid`.
    L_out, N_out
        Bandlimits of the output, at most those of the input, which they are by default.
        What is not wanted need not be computed.

    Attributes
    ----------
    grid
        Where the nonlinearity acts.
    synthesis, analysis
        The :class:`~deepsphere_pyg.harmonics.ISO3Transform` and
        :class:`~deepsphere_pyg.harmonics.SO3Transform`.
    layout, layout_out
        Rows of the input and the output.

    Shapes
    ------
    ``(*batch, layout.n_rows, channel) -> (*batch, layout_out.n_rows, channel)``, or as
    many channels as the activation returns.

    Raises
    ------
    TypeError
        If a number is not one, or the activation cannot be called.
    ValueError
        If a bandlimit is below 1, N above L, those of the output above the input's,
        ``oversampling`` below 1, or the scheme unknown; in ``forward``, if the number
        of rows is not the layout's, or the activation changes the number of points.

    Notes
    -----
    Equivariance: approximate. Relative errors of ReLU under random rotations, of
    coefficients that all have the same variance, at L = 10, without oversampling:

    =======================  =====  =====  =====  =====  =====  ======
    scheme                   N = 1  N = 2  N = 3  N = 4  N = 6  N = 10
    =======================  =====  =====  =====  =====  =====  ======
    ``"mcewen-wiaux"``       0.30   0.37   0.36   0.35   0.32   0.26
    ``"gauss-legendre"``     0.24   0.33   0.33   0.31   0.29   0.23
    ``"driscoll-healy"``     0.146  0.135  0.185  0.197  0.195  0.153
    ``"kostelec-rockmore"``  0.145  0.134  0.185  0.196  0.194  0.153
    =======================  =====  =====  =====  =====  =====  ======

    The published figure is 0.37. With 1.5, 2, 3 and 4 times the bandlimits it is, on
    McEwen and Wiaux's points, 0.055, 0.020, 0.0052 and 0.0021 for N = 2, and 0.042,
    0.016, 0.0041 and 0.0017 for N = 10.

    Source: Cohen et al. 2018 (arXiv:1801.10130) use it; Cobb et al. 2021
    (arXiv:2010.11661) measure its error.

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
        activation: Callable[[Tensor], Tensor] | None = None,
        *,
        oversampling: SupportsFloat = 1.0,
        scheme: str = "mcewen-wiaux",
        L_out: SupportsIndex | None = None,
        N_out: SupportsIndex | None = None,
    ) -> None:
        super().__init__()
        bandlimit, azimuthal = checked_bandlimits(L, N)
        out = output_layout(bandlimit, L_out, azimuthal, N_out)
        azimuthal_out = azimuthal_bandlimit(out)
        if azimuthal_out > azimuthal:
            raise ValueError(
                f"N_out must be at most N = {azimuthal}, that of the input, got "
                f"{azimuthal_out}; let an SO3Conv make more orders"
            )
        self.activation = checked_activation(activation)
        more = _checked_oversampling(oversampling)
        self.grid = SO3Grid(
            _ceil(more * bandlimit),
            _ceil(more * azimuthal) if azimuthal > 1 else 1,
            scheme,
        )
        self.synthesis = ISO3Transform(self.grid, bandlimit, azimuthal)
        self.analysis = SO3Transform(self.grid, out.L, azimuthal_out)
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
        """Return the coefficients of the activated functions.

        Parameters
        ----------
        coefficients
            Shape ``(*batch, layout.n_rows, channel)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, layout_out.n_rows, channel)``.
        """
        # To what treats points alike their order does not matter.
        f = self.activation(self.synthesis.values(coefficients))
        return self.analysis.from_values(f)


def _checked_oversampling(value: SupportsFloat) -> float:
    remedy = "pass 1 for the fewest points, 2 for twice the bandlimits"
    more = positive_argument("oversampling", value, remedy)
    if more < 1:
        raise ValueError(f"oversampling must be at least 1, got {more}; {remedy}")
    return more


def _ceil(bandlimit: float) -> int:
    """Round up, but for round-off: 1.1 * 10 is 11."""
    return math.ceil(round(bandlimit, 9))
