"""Nonlinearity of the size of fragments, which keeps their direction."""

from __future__ import annotations

from collections.abc import Callable
from typing import SupportsIndex

import torch
from torch import Tensor, nn

from deepsphere_pyg.fixed_tensors.float64_tensors import Float64Tensors
from deepsphere_pyg.harmonics.functions.spectra import power_spectrum
from deepsphere_pyg.harmonics.layout.checks import (
    check_channels,
    checked_operand,
    numbered_layout,
)
from deepsphere_pyg.harmonics.layout.fragment_rows import fragment_of_row
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.layers.activations import checked_activation
from samplings.arguments import integer_argument, positive_argument


class NormActivation(Float64Tensors):
    r"""Change the size of each fragment by a nonlinearity.

    .. math::
        y_{ltm} = \frac{\sigma(r_{lt} + b_{lt})
        - \epsilon \, \sigma(b_{lt}) / r_{lt}^2}{r_{lt}} f_{ltm}, \qquad
        r_{lt} = \sqrt{\tfrac{1}{2l+1} \sum_m f_{ltm}^2 + \epsilon}

    for each channel. Fragments of degree 0 are single numbers and keep their sign.
    Sizes far above :math:`\sqrt\epsilon` become :math:`\sigma(r + b)`. A zero fragment
    has no direction, so :math:`\sigma(b)` is subtracted near zero; much smaller
    fragments are scaled by :math:`\sigma'(b)`, and round-off is not amplified.

    Parameters
    ----------
    channels
        Number of channels.
    layout
        Rows of the coefficients; an integer L stands for ``HarmonicLayout(L)``.
    activation
        Elementwise module or function of the sizes; SiLU by default.
    eps
        Mean square below which a fragment counts as zero. The slope is at most
        about :math:`|\sigma'| + 0.6 |\sigma(b)| / \sqrt\epsilon`.

    Attributes
    ----------
    bias
        Shape ``(n_fragments, channels)``, zero at first.

    Shapes
    ------
    ``(*batch, row, channels) -> (*batch, row, channels)``

    Raises
    ------
    TypeError
        If ``activation`` cannot be called; in ``forward``, if the coefficients are not
        of the dtype of the bias.
    ValueError
        If a number is below 1 or ``eps`` is not positive; in ``forward``, if rows or
        channels are not those expected.

    Notes
    -----
    Equivariance: exact, to round-off. Under autocast the layer keeps its own precision.

    Source: Worrall et al. 2017 (arXiv:1612.04642), section 4, for the circle; the
    behaviour near zero is ours.

    Examples
    --------
    >>> layer = NormActivation(1, 2, activation=torch.nn.ReLU())
    >>> _ = torch.nn.init.constant_(layer.bias, -1.0)
    >>> y = layer(torch.tensor([[-3.0], [2.0], [2.0], [-2.0]]))
    >>> y.flatten().round(decimals=3).tolist()
    [-2.0, 1.0, 1.0, -1.0]
    """

    row_fragments: Tensor

    def __init__(
        self,
        channels: SupportsIndex,
        layout: HarmonicLayout | SupportsIndex,
        *,
        activation: Callable[[Tensor], Tensor] | None = None,
        eps: float = 1e-4,
    ) -> None:
        super().__init__(None)
        self.layout = numbered_layout(layout)
        self.channels = integer_argument("channels", channels, 1)
        self.activation = checked_activation(activation, nn.SiLU)
        self.eps = positive_argument("eps", eps, "take 1e-4")
        shape = (self.layout.n_fragments, self.channels)
        self.bias = nn.Parameter(torch.zeros(shape, dtype=self.dtype))
        self.keep("row_fragments", fragment_of_row(self.layout))

    def reset_parameters(self) -> None:
        """Set the bias to zero."""
        nn.init.zeros_(self.bias)

    def forward(self, coefficients: Tensor) -> Tensor:
        """Return the coefficients with activated sizes."""
        x = checked_operand(coefficients, self.layout, self.bias, self.dtype)
        check_channels(x, self.channels)
        with torch.autocast(x.device.type, enabled=False):
            square = power_spectrum(x, self.layout) + self.eps
            size = square.sqrt()
            # A copy: activations may work in place, or depend on the shape.
            at_zero = self.activation(self.bias.expand_as(size).clone())
            activated = self.activation(size + self.bias)
            factor = (activated - at_zero * (self.eps / square)) / size
            return x * factor.index_select(-2, self.row_fragments)

    def extra_repr(self) -> str:
        """Layout, channels and eps, for ``repr``."""
        return f"{self.channels}, {self.layout}, eps={self.eps}"
