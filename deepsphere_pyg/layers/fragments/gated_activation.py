"""Nonlinearity of scalars, and gates computed from them for other degrees."""

from __future__ import annotations

from collections.abc import Callable
from typing import SupportsIndex

import torch
from torch import Tensor, nn

from deepsphere_pyg.fixed_tensors.float64_tensors import Float64Tensors
from deepsphere_pyg.harmonics.layout.checks import (
    check_channels,
    checked_operand,
    numbered_layout,
)
from deepsphere_pyg.harmonics.layout.fragment_rows import fragment_of_row
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.layers.activations import checked_activation
from samplings.arguments import integer_argument


class GatedActivation(Float64Tensors):
    r"""Activate scalars, and multiply fragments of other degrees by learned gates.

    .. math::
        y_{0t} = \sigma(f_{0t}), \qquad
        y_{ltm} = S\Big(b_{lt} + \sum_{t'} w_{t'lt} f_{0t'}\Big)\, f_{ltm}
        \quad (l > 0)

    for each channel, with the logistic function S.

    Parameters
    ----------
    channels
        Number of channels.
    layout
        Rows of the coefficients, with degree 0; an integer L stands for
        ``HarmonicLayout(L)``.
    activation
        Module or function of the scalars; SiLU by default.

    Attributes
    ----------
    weight
        Shape ``(tau of degree 0, n_gates, channels)``, with one gate for each fragment
        of a degree above 0. Drawn from a normal distribution that gives the sums the
        variance of the scalars.
    bias
        Shape ``(n_gates, channels)``, zero at first.

    Shapes
    ------
    ``(*batch, row, channels) -> (*batch, row, channels)``

    Raises
    ------
    TypeError
        If ``activation`` cannot be called; in ``forward``, if the coefficients are not
        of the dtype of the weights.
    ValueError
        If the layout has no degree 0, or a number is below 1; in ``forward``, if rows
        or channels are not those expected.

    Notes
    -----
    Equivariance: exact, to round-off. Under autocast the layer keeps its own precision.

    Source: Weiler et al. 2018 (arXiv:1807.02547), section 4.3, where gates are further
    scalars; here they are computed from the scalars of the signal.

    Examples
    --------
    >>> gate = GatedActivation(8, HarmonicLayout(3, [4, 2, 1]))
    >>> gate(torch.ones(5, 15, 8)).shape, gate.weight.shape
    (torch.Size([5, 15, 8]), torch.Size([4, 3, 8]))
    """

    row_gates: Tensor

    def __init__(
        self,
        channels: SupportsIndex,
        layout: HarmonicLayout | SupportsIndex,
        *,
        activation: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__(None)
        self.layout = numbered_layout(layout)
        self.channels = integer_argument("channels", channels, 1)
        self.n_scalars = self.layout.tau[0]
        if not self.n_scalars:
            raise ValueError(
                f"gates are computed from degree 0, of which {self.layout} has no "
                "fragments; add some, or take NormActivation"
            )
        self.activation = checked_activation(activation, nn.SiLU)
        n_gates = self.layout.n_fragments - self.n_scalars
        shape = (self.n_scalars, n_gates, self.channels)
        self.weight = nn.Parameter(torch.empty(shape, dtype=self.dtype))
        self.bias = nn.Parameter(torch.empty(shape[1:], dtype=self.dtype))
        gates = fragment_of_row(self.layout)[self.n_scalars :] - self.n_scalars
        self.keep("row_gates", gates)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights and set the bias to zero."""
        if self.weight.numel():
            nn.init.normal_(self.weight, std=self.n_scalars**-0.5)
            nn.init.zeros_(self.bias)

    def forward(self, coefficients: Tensor) -> Tensor:
        """Return the coefficients of activated scalars and gated fragments."""
        x = checked_operand(coefficients, self.layout, self.weight, self.dtype)
        check_channels(x, self.channels)
        with torch.autocast(x.device.type, enabled=False):
            sizes = [self.n_scalars, self.layout.n_rows - self.n_scalars]
            scalars, others = torch.split(x, sizes, dim=-2)
            sums = (scalars[..., None, :] * self.weight).sum(-3) + self.bias
            gates = sums.sigmoid().index_select(-2, self.row_gates)
            # An activation in place would change the caller's coefficients.
            if getattr(self.activation, "inplace", True):
                scalars = scalars.clone()
            return torch.cat([self.activation(scalars), gates * others], dim=-2)

    def extra_repr(self) -> str:
        """Layout and channels, for ``repr``."""
        return f"{self.channels}, {self.layout}"
