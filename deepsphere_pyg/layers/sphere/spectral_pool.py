"""Change the bandlimit of coefficients."""

from __future__ import annotations

from typing import SupportsIndex

import torch
from torch import Tensor, nn

from deepsphere_pyg.harmonics.layout.checks import (
    as_layout,
    checked_coefficients,
    in_full_precision,
    numbered_layout,
)
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout


class SpectralPool(nn.Module):
    r"""Drop the degrees from a lower bandlimit on.

    .. math:: y_{lm} = f_{lm}, \quad l < L'

    Among all signals of degrees below :math:`L'`, y is the nearest to f.

    Parameters
    ----------
    layout
        Rows of the input; an integer L stands for ``HarmonicLayout(L)``.
    layout_out
        Rows of the output; an integer L' stands for those of ``layout`` below L'.

    Shapes
    ------
    ``(*batch, layout.n_rows, channel) -> (*batch, layout_out.n_rows, channel)``

    Raises
    ------
    TypeError
        If a bandlimit is not an integer.
    ValueError
        If the output's bandlimit is below 1 or above the input's, its fragments are not
        those of the input, or it has no fragments; in ``forward``, if the number of
        rows is not the layout's.

    Notes
    -----
    Equivariance: exact, without round-off.

    Source: Esteves et al. 2018 (arXiv:1711.06721).

    Examples
    --------
    >>> SpectralPool(8, 4)(torch.ones(2, 64, 3)).shape
    torch.Size([2, 16, 3])
    """

    def __init__(
        self,
        layout: HarmonicLayout | SupportsIndex,
        layout_out: HarmonicLayout | SupportsIndex,
    ) -> None:
        super().__init__()
        self.layout = numbered_layout(layout)
        self.layout_out = _lower(self.layout, layout_out, "layout_out")

    def forward(self, coefficients: Tensor) -> Tensor:
        """Return the rows of the lower degrees."""
        x = checked_coefficients(in_full_precision(coefficients), self.layout)
        return x[..., : self.layout_out.n_rows, :]

    def extra_repr(self) -> str:
        """Both layouts, for ``repr``."""
        return f"{self.layout}, {self.layout_out}"


class SpectralUnpool(nn.Module):
    r"""Append zeros for the degrees up to a higher bandlimit: the same signal.

    .. math:: y_{lm} = f_{lm} \text{ if } l < L, \text{ else } 0

    This is the adjoint of :class:`SpectralPool`.

    Parameters
    ----------
    layout
        Rows of the input; an integer L stands for those of ``layout_out`` below L.
    layout_out
        Rows of the output; an integer L' stands for ``HarmonicLayout(L')``.

    Shapes
    ------
    ``(*batch, layout.n_rows, channel) -> (*batch, layout_out.n_rows, channel)``

    Raises
    ------
    TypeError
        If a bandlimit is not an integer.
    ValueError
        If the input's bandlimit is below 1 or above the output's, its fragments are not
        those of the output, or it has no fragments; in ``forward``, if the number of
        rows is not the layout's.

    Notes
    -----
    Equivariance: exact, without round-off.

    Examples
    --------
    >>> SpectralUnpool(4, 8)(torch.ones(2, 16, 3)).shape
    torch.Size([2, 64, 3])
    """

    def __init__(
        self,
        layout: HarmonicLayout | SupportsIndex,
        layout_out: HarmonicLayout | SupportsIndex,
    ) -> None:
        super().__init__()
        self.layout_out = numbered_layout(layout_out, "layout_out")
        self.layout = _lower(self.layout_out, layout, "layout")

    def forward(self, coefficients: Tensor) -> Tensor:
        """Return the rows, and zeros after them."""
        x = checked_coefficients(in_full_precision(coefficients), self.layout)
        added = self.layout_out.n_rows - self.layout.n_rows
        return torch.nn.functional.pad(x, (0, 0, 0, added))

    def extra_repr(self) -> str:
        """Both layouts, for ``repr``."""
        return f"{self.layout}, {self.layout_out}"


def _lower(
    layout: HarmonicLayout, lower: HarmonicLayout | SupportsIndex, name: str
) -> HarmonicLayout:
    """Return the rows of a layout below a bandlimit, given as such or as a layout."""
    given = isinstance(lower, HarmonicLayout)
    bandlimit = as_layout(lower, name).L
    if bandlimit > layout.L:
        raise ValueError(
            f"L must be at most {layout.L}, that of {layout}, got {bandlimit}; "
            "SpectralPool goes to lower bandlimits, SpectralUnpool to higher ones"
        )
    tau = layout.tau[:bandlimit]
    if not any(tau):
        raise ValueError(
            f"{layout} has no fragment below degree L = {bandlimit}; take a higher L"
        )
    rows = numbered_layout(HarmonicLayout(bandlimit, tau))
    if given and lower != rows:
        raise ValueError(
            f"fragments must be those of {layout} below L = {bandlimit}, got {lower}; "
            f"pass {bandlimit}"
        )
    return rows
