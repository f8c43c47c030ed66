"""Averages of functions on SO(3): signals on the sphere, and invariants."""

from __future__ import annotations

import math
from typing import SupportsIndex

import numpy as np
from torch import Tensor, nn

from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from deepsphere_pyg.harmonics.layout.checks import (
    checked_coefficients,
    in_full_precision,
    numbered_layout,
)
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.harmonics.so3.tables import so3_layout
from deepsphere_pyg.layers.rotation_group.so3_bandlimits import azimuthal_bandlimit


class SO3ToSphere(FixedTensors):
    r"""Average functions on SO(3) over rotations about the pole.

    .. math::
        y(R z) = \frac{1}{2\pi} \int_0^{2\pi} f(R R_z(\gamma)) \, d\gamma
        \quad\Longleftrightarrow\quad
        y_{lm} = \frac{1}{\sqrt{2\pi}} f^l_{m0}

    Parameters
    ----------
    L, N
        Bandlimits of the input, as for :func:`so3_layout`.

    Attributes
    ----------
    layout, layout_out
        Rows of the input, ``so3_layout(L, N)``, and the output, ``HarmonicLayout(L)``.

    Shapes
    ------
    ``(*batch, layout.n_rows, channel) -> (*batch, L * L, channel)``

    Raises
    ------
    TypeError
        If a number is not an integer; in ``forward``, if the coefficients are not
        float32 or float64.
    ValueError
        If a number is below 1, or N is above L; in ``forward``, if the number of rows
        is not the layout's.

    Notes
    -----
    Equivariance: exact.

    Source: Cohen et al. 2018 (arXiv:1801.10130).

    Examples
    --------
    >>> import torch
    >>> SO3ToSphere(4, 2)(torch.ones(3, 46, 5)).shape
    torch.Size([3, 16, 5])
    """

    rows: Tensor

    def __init__(self, L: SupportsIndex, N: SupportsIndex | None = None) -> None:
        super().__init__()
        self.layout = numbered_layout(so3_layout(L, N))
        self.layout_out = numbered_layout(HarmonicLayout(self.layout.L))
        middle = [
            self.layout.fragment(degree, tau // 2)
            for degree, tau in enumerate(self.layout.tau)
        ]
        rows = [np.arange(part.start, part.stop) for part in middle]
        self.keep("rows", np.concatenate(rows))

    def forward(self, coefficients: Tensor) -> Tensor:
        """Return the coefficients of the averages."""
        x = checked_coefficients(in_full_precision(coefficients), self.layout)
        return x.index_select(-2, self.rows) / math.sqrt(2 * math.pi)

    def extra_repr(self) -> str:
        """Bandlimits, for ``repr``."""
        return _bandlimits(self.layout)


class SO3Mean(nn.Module):
    r"""Average functions on SO(3) over all rotations.

    .. math::
        y = \frac{1}{8\pi^2} \int_{SO(3)} f(R) \, dR = \frac{1}{\sqrt{8\pi^2}} f^0_{00}

    Parameters
    ----------
    L, N
        Bandlimits of the input, as for :func:`so3_layout`.

    Attributes
    ----------
    layout
        Rows of the input.

    Shapes
    ------
    ``(*batch, layout.n_rows, channel) -> (*batch, channel)``

    Raises
    ------
    TypeError, ValueError
        As for :class:`SO3ToSphere`.

    Notes
    -----
    Equivariance: invariant, exactly. Only the row of degree 0 is used, so that the
    layer before it need not compute others: ``SO3Mean(1)``.

    Source: Cohen et al. 2018 (arXiv:1801.10130).

    Examples
    --------
    >>> import torch
    >>> c = torch.tensor([[(8 * torch.pi**2) ** 0.5], [3.0], [3.0], [3.0]])
    >>> SO3Mean(2, 1)(c)
    tensor([1.])
    """

    def __init__(self, L: SupportsIndex, N: SupportsIndex | None = None) -> None:
        super().__init__()
        self.layout = numbered_layout(so3_layout(L, N))

    def forward(self, coefficients: Tensor) -> Tensor:
        """Return the averages."""
        x = checked_coefficients(in_full_precision(coefficients), self.layout)
        return x[..., 0, :] / math.sqrt(8 * math.pi**2)

    def extra_repr(self) -> str:
        """Bandlimits, for ``repr``."""
        return _bandlimits(self.layout)


def _bandlimits(layout: HarmonicLayout) -> str:
    """Return L and N of a layout, for ``repr``."""
    return f"L={layout.L}, N={azimuthal_bandlimit(layout)}"
