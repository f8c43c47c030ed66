"""Change the bandlimit of coefficients."""

from __future__ import annotations

from typing import SupportsIndex

import torch
from torch import Tensor, nn

from deepsphere_pyg.harmonics.layout.checks import (
    checked_coefficients,
    in_full_precision,
    numbered_layout,
)
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from samplings.arguments import integer_argument


class SpectralPool(nn.Module):
    r"""Drop the degrees from a lower bandlimit on.

    .. math:: y_{lm} = f_{lm}, \quad l < L'

    Of all signals of degrees below :math:`L'`, y is the nearest to f.

    Parameters
    ----------
    layout
        Rows of the input; a number L stands for ``HarmonicLayout(L)``.
    L
        Bandlimit L' of the output, at most that of the input.

    Attributes
    ----------
    layout, layout_out
        Rows of the input and the output.

    Shapes
    ------
    ``(*batch, layout.n_rows, channel) -> (*batch, layout_out.n_rows, channel)``

    Raises
    ------
    TypeError
        If a number is not an integer.
    ValueError
        If L is below 1 or above the input's, or no fragment is left; in ``forward``,
        if the number of rows is not the layout's.

    Notes
    -----
    Equivariance: exact, without round-off.

    Source: Esteves et al. 2018 (arXiv:1711.06721).

    Examples
    --------
    >>> SpectralPool(8, L=4)(torch.ones(2, 64, 3)).shape
    torch.Size([2, 16, 3])
    """

    def __init__(self, layout: HarmonicLayout | SupportsIndex, L: SupportsIndex):
        super().__init__()
        self.layout = numbered_layout(layout)
        self.layout_out = _lower(self.layout, L)

    def forward(self, coefficients: Tensor) -> Tensor:
        """Return the rows of the lower degrees."""
        x = checked_coefficients(in_full_precision(coefficients), self.layout)
        return x[..., : self.layout_out.n_rows, :]

    def extra_repr(self) -> str:
        """Both layouts, for ``repr``."""
        return f"{self.layout}, L={self.layout_out.L}"


class SpectralUnpool(nn.Module):
    r"""Append zeros for the degrees up to a higher bandlimit: the same signal.

    .. math:: y_{lm} = f_{lm} \text{ if } l < L, \text{ else } 0

    This is the adjoint of :class:`SpectralPool`.

    Parameters
    ----------
    L
        Bandlimit of the input, at most that of the output.
    layout
        Rows of the output; a number L' stands for ``HarmonicLayout(L')``. The input has
        its fragments, as far as its degrees go.

    Attributes
    ----------
    layout, layout_out
        Rows of the input and the output.

    Shapes
    ------
    ``(*batch, layout.n_rows, channel) -> (*batch, layout_out.n_rows, channel)``

    Raises
    ------
    TypeError
        If a number is not an integer.
    ValueError
        If L is below 1 or above the output's, or the input had no fragment; in
        ``forward``, if the number of rows is not the layout's.

    Notes
    -----
    Equivariance: exact, without round-off.

    Examples
    --------
    >>> SpectralUnpool(4, layout=8)(torch.ones(2, 16, 3)).shape
    torch.Size([2, 64, 3])
    """

    def __init__(self, L: SupportsIndex, layout: HarmonicLayout | SupportsIndex):
        super().__init__()
        self.layout_out = numbered_layout(layout)
        self.layout = _lower(self.layout_out, L)

    def forward(self, coefficients: Tensor) -> Tensor:
        """Return the rows, and zeros after them."""
        x = checked_coefficients(in_full_precision(coefficients), self.layout)
        added = self.layout_out.n_rows - self.layout.n_rows
        return torch.nn.functional.pad(x, (0, 0, 0, added))

    def extra_repr(self) -> str:
        """Both layouts, for ``repr``."""
        return f"L={self.layout.L}, {self.layout_out}"


def _lower(layout: HarmonicLayout, L: SupportsIndex) -> HarmonicLayout:
    """Return the rows of the degrees below L."""
    bandlimit = integer_argument("L", L, 1)
    if bandlimit > layout.L:
        raise ValueError(
            f"L must be at most {layout.L}, that of {layout}, got {bandlimit}; "
            "SpectralPool goes to lower bandlimits, SpectralUnpool to higher ones"
        )
    tau = layout.tau[:bandlimit]
    if not any(tau):
        raise ValueError(
            f"{layout} has no fragment below degree L = {bandlimit}, so that nothing "
            "would be left; take a higher L"
        )
    return numbered_layout(HarmonicLayout(bandlimit, tau))
