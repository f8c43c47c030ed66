"""Normalisation of fields of several spins to magnitude one, by their coefficients."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import SupportsIndex

from torch import Tensor, nn

from deepsphere_pyg.harmonics.layout.checks import (
    checked_coefficients,
    in_full_precision,
)
from deepsphere_pyg.harmonics.spin.arguments import check_components
from deepsphere_pyg.harmonics.spin.several_spins import (
    channels_argument,
    checked_fields,
)
from deepsphere_pyg.layers.graph import MagnitudeNorm
from samplings.arguments import integer_argument


class SpinNorm(nn.Module):
    r"""Divide each channel of fields by its root mean square over the sphere.

    .. math::
        y = \frac{g_c\, f}{\sqrt{\langle |f|^2 \rangle / p + \epsilon}}, \qquad
        \langle |f|^2 \rangle = \frac{1}{4\pi} \int |f|^2
        = \frac{1}{4\pi} \sum_{lm} (E_{lm}^2 + B_{lm}^2)

    with p = 1 of scalars and p = 2 of other spins: components come to variance one. The
    mean is over the batch and the sphere, by Parseval's theorem; in evaluation it is
    that of the batches seen in training. No mean is subtracted: other spins than 0 have
    no constants, and scalars are treated alike.

    Parameters
    ----------
    channels
        Number of channels of each spin, such as ``{0: 4, 1: 2}``.
    L
        Bandlimit: degrees 0 ... L - 1.
    eps, momentum
        As for :class:`~deepsphere_pyg.layers.MagnitudeNorm`.

    Attributes
    ----------
    norms
        For each spin, as a string, a :class:`~deepsphere_pyg.layers.MagnitudeNorm`,
        whose running means are those of components.

    Shapes
    ------
    A dictionary from spins of coefficients, ``(*batch, L * L, channel)`` of spin 0,
    ``(*batch, L * L, 2, channel)`` of others, to the same.

    Raises
    ------
    TypeError, ValueError
        As for :class:`~deepsphere_pyg.layers.MagnitudeNorm`; if channels are not a
        mapping from spins; in ``forward``, if spins, rows or channels are not those
        expected.

    Notes
    -----
    Equivariance: exact, to round-off, also of the statistics in training: sums over the
    vertices of a grid, which are denser at the poles, would depend on the rotation.

    Source: batch normalisation, Ioffe and Szegedy 2015 (arXiv:1502.03167), without the
    means, as of spins other than 0 in Esteves et al. 2020 (arXiv:2006.10731).

    Examples
    --------
    A constant of 3 becomes the constant 1:

    >>> import torch
    >>> c = torch.zeros(4, 1).index_fill(0, torch.tensor(0), 3 * (4 * torch.pi) ** 0.5)
    >>> y = SpinNorm({0: 1}, L=2)({0: c})[0] / (4 * torch.pi) ** 0.5
    >>> y.detach().flatten().round(decimals=3).tolist()
    [1.0, 0.0, 0.0, 0.0]
    """

    def __init__(
        self,
        channels: Mapping[int, SupportsIndex],
        L: SupportsIndex,
        *,
        eps: float = 1e-5,
        momentum: float = 0.1,
    ) -> None:
        super().__init__()
        self.channels = channels_argument("channels", channels)
        self.L = integer_argument("L", L, 1)
        self.norms = nn.ModuleDict(
            {
                str(spin): MagnitudeNorm(number, eps=eps, momentum=momentum)
                for spin, number in self.channels.items()
            }
        )
        # Times this squared, the mean of squares over the rows is that over the sphere.
        self._scale = self.L / math.sqrt(4 * math.pi)

    def forward(self, coefficients: Mapping[int, Tensor]) -> dict[int, Tensor]:
        """Return the coefficients of normalised fields."""
        given = checked_fields(coefficients, self.channels, "coefficients")
        return {spin: self._normalised(spin, c) for spin, c in given.items()}

    def _normalised(self, spin: int, c: Tensor) -> Tensor:
        norm = self.norms[str(spin)]
        if spin == 0:
            c = checked_coefficients(in_full_precision(c), self.L)
            # Twice the same: half the squared magnitude is then that of the scalar.
            pair = (c * self._scale).unsqueeze(-2).expand(*c.shape[:-1], 2, c.shape[-1])
            y: Tensor = norm(pair)[..., 0, :] / self._scale
            return y
        check_components(f"coefficients of spin {spin}", c, "row")
        checked_coefficients(in_full_precision(c.flatten(-2)), self.L)
        y = norm(in_full_precision(c) * self._scale) / self._scale
        return y

    def extra_repr(self) -> str:
        """Channels and bandlimit, for ``repr``."""
        return f"{self.channels}, L={self.L}"
