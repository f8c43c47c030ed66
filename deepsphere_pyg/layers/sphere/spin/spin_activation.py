"""Pointwise nonlinearity of fields of several spins on vertices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import SupportsIndex

from torch import Tensor, nn

from deepsphere_pyg.harmonics.spin.several_spins import (
    channels_argument,
    check_number,
    checked_fields,
)
from deepsphere_pyg.layers.activations import checked_activation
from deepsphere_pyg.layers.graph import MagnitudeActivation
from deepsphere_pyg.signals import tensor_argument


class SpinActivation(nn.Module):
    r"""Activate scalars, and the magnitudes of fields of other spins.

    .. math::
        y^0 = \sigma(f^0), \qquad y^s = f^s\, S(a |f^s| + b), \quad s > 0

    at each vertex and in each channel, with the logistic function S and the learned
    slopes a and biases b of :class:`~deepsphere_pyg.layers.MagnitudeActivation`.

    Parameters
    ----------
    channels
        Number of channels of each spin, such as ``{0: 4, 1: 2}``.
    activation
        Module or function of scalars ``(*batch, vertex, channel)`` that treats all
        vertices alike; ReLU by default.

    Attributes
    ----------
    magnitudes
        For each spin above 0, as a string, a
        :class:`~deepsphere_pyg.layers.MagnitudeActivation`.

    Shapes
    ------
    A dictionary from spins of fields, ``(*batch, vertex, channel)`` of spin 0,
    ``(*batch, vertex, 2, channel)`` of others, to the same.

    Raises
    ------
    TypeError, ValueError
        If channels are not a mapping from spins to numbers of at least 1, or the
        activation cannot be called; in ``forward``, if spins or channels are not those
        expected.

    Notes
    -----
    Equivariance: exact, for turns of the frames at each vertex, by any angles;
    reflections; permutations of vertices. In a network on coefficients it is
    approximate for rotations, since it makes degrees beyond those that the grid
    resolves: see :class:`~deepsphere_pyg.layers.SpinBlock`.

    Source: Esteves, Makadia and Daniilidis 2020 (arXiv:2006.10731), section 4, whose
    magnitudes pass through a ReLU; here through a smooth gate.

    Examples
    --------
    >>> import torch
    >>> layer = SpinActivation({0: 1, 1: 1})
    >>> y = layer({0: torch.tensor([[-1.0]]), 1: torch.tensor([[[0.3], [0.4]]])})
    >>> y[0].tolist(), y[1].detach().flatten()
    ([[0.0]], tensor([0.1500, 0.2000]))
    """

    def __init__(
        self,
        channels: Mapping[int, SupportsIndex],
        *,
        activation: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.channels = channels_argument("channels", channels)
        self.activation = checked_activation(activation)
        self.magnitudes = nn.ModuleDict(
            {str(s): MagnitudeActivation(n) for s, n in self.channels.items() if s}
        )

    def forward(self, fields: Mapping[int, Tensor]) -> dict[int, Tensor]:
        """Return the activated fields."""
        activated = {}
        for spin, x in checked_fields(fields, self.channels).items():
            if spin:
                activated[spin] = self.magnitudes[str(spin)](x)
                continue
            tensor_argument("fields of spin 0", x, "(*batch, vertex, channel)")
            check_number("fields", spin, x, self.channels[spin])
            activated[spin] = self.activation(x)
        return activated

    def extra_repr(self) -> str:
        """Channels, for ``repr``."""
        return f"{self.channels}"
