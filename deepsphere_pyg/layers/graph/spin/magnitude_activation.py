"""Nonlinearity of the magnitude of fields of spin, which keeps their direction."""

from __future__ import annotations

from typing import SupportsIndex

import torch
from torch import Tensor, nn

from deepsphere_pyg.layers.graph.spin.components import (
    checked_field,
    squared_magnitude,
)
from samplings.arguments import integer_argument, positive_argument


class MagnitudeActivation(nn.Module):
    r"""Let strong fields pass, and weaken others.

    .. math::
        y = f \, \sigma(a_c |f| + b_c), \qquad \sigma(x) = \frac{1}{1 + e^{-x}}, \qquad
        |f| = \sqrt{f_0^2 + f_1^2 + \epsilon}

    for each channel c, with learned slopes a and biases b.

    Parameters
    ----------
    channels
        Number of channels.
    eps
        Added to the square, so that the derivative at zero is finite.

    Attributes
    ----------
    slope, bias
        Shape ``(channels,)``, two and minus one at first: fields of magnitude one half
        are halved.

    Shapes
    ------
    ``x : (*batch, vertex, 2, channels) -> (*batch, vertex, 2, channels)``

    Raises
    ------
    TypeError, ValueError
        If ``channels`` is not an integer of at least 1, or ``eps`` is not positive; in
        ``forward``, if ``x`` is not a field of so many channels.

    Notes
    -----
    Source: gated nonlinearities of Weiler et al. 2018, arXiv:1807.02547, section 4.3,
    with the magnitude as its own gate.

    Equivariance: exact, for turns of frames, reflections and permutations of vertices.

    Examples
    --------
    >>> MagnitudeActivation(1)(torch.tensor([[[0.3], [0.4]]])).flatten()
    tensor([0.1500, 0.2000], grad_fn=<ViewBackward0>)
    """

    def __init__(self, channels: SupportsIndex, *, eps: float = 1e-8) -> None:
        super().__init__()
        self.channels = integer_argument("channels", channels, 1)
        self.eps = positive_argument("eps", eps, "take 1e-8")
        self.slope = nn.Parameter(torch.empty(self.channels))
        self.bias = nn.Parameter(torch.empty(self.channels))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set slopes to two, and biases to minus one."""
        nn.init.constant_(self.slope, 2.0)
        nn.init.constant_(self.bias, -1.0)

    def forward(self, x: Tensor) -> Tensor:
        """Return the fields with gated magnitudes."""
        magnitude = (
            squared_magnitude(checked_field(x, self.channels)) + self.eps
        ).sqrt()
        return x * torch.sigmoid(self.slope * magnitude + self.bias)

    def extra_repr(self) -> str:
        """Channels and eps, for ``repr``."""
        return f"{self.channels}, eps={self.eps}"
