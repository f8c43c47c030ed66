"""Second-order features that are invariant under rotations."""

from __future__ import annotations

from typing import SupportsIndex

import torch
from torch import Tensor, nn

from deepsphere_pyg.harmonics.functions.spectra import power_spectrum
from deepsphere_pyg.harmonics.layout.checks import (
    checked_coefficients,
    in_full_precision,
    numbered_layout,
)
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout


class PowerSpectrumReadout(nn.Module):
    r"""Compute the power of each fragment and channel: invariant numbers.

    .. math:: y_{lt} = \frac{1}{2l + 1} \sum_{m=-l}^{l} f_{ltm}^2

    The coefficients of degree 0 are invariant themselves, and by default replace their
    squares, which lack the sign.

    Parameters
    ----------
    layout
        Rows of the coefficients; an integer L stands for ``HarmonicLayout(L)``.
    scalars
        Whether to keep the coefficients of degree 0 in place of their squares.

    Shapes
    ------
    ``(*batch, row, channel) -> (*batch, n_fragments * channel)``, fragment after
    fragment, as ``nn.Linear`` takes them.

    Raises
    ------
    TypeError
        If ``layout`` is neither a layout nor an integer; in ``forward``, if the
        coefficients are not float32 or float64.
    ValueError
        If L is below 1; in ``forward``, if the number of rows is not the layout's.

    Notes
    -----
    Equivariance: invariant, to round-off. The power spectrum does not distinguish
    signals whose degrees are rotated independently; convolutions and nonlinearities
    before it reduce this loss.

    Source: Kazhdan et al. 2003, Symposium on Geometry Processing.

    Examples
    --------
    >>> c = torch.tensor([[-3.0], [1.0], [2.0], [2.0]])
    >>> PowerSpectrumReadout(2)(c), PowerSpectrumReadout(2, scalars=False)(c)
    (tensor([-3.,  3.]), tensor([9., 3.]))
    """

    def __init__(
        self, layout: HarmonicLayout | SupportsIndex, *, scalars: bool = True
    ) -> None:
        super().__init__()
        self.layout = numbered_layout(layout)
        self.scalars = scalars

    def forward(self, coefficients: Tensor) -> Tensor:
        """Return the invariants."""
        x = checked_coefficients(in_full_precision(coefficients), self.layout)
        power = power_spectrum(x, self.layout)
        if self.scalars:
            count = self.layout.tau[0]
            power = torch.cat([x[..., :count, :], power[..., count:, :]], dim=-2)
        return power.flatten(-2)

    def extra_repr(self) -> str:
        """Layout, for ``repr``."""
        return f"{self.layout}, scalars={self.scalars}"
