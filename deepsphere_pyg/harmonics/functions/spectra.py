"""Power spectra and cross-spectra of signals, which rotations leave unchanged."""

from __future__ import annotations

from typing import SupportsIndex

import torch
from torch import Tensor

from deepsphere_pyg.harmonics.layout.checks import (
    as_layout,
    check_pair,
    checked_coefficients,
)
from deepsphere_pyg.harmonics.layout.fragment_rows import by_degree
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout


def power_spectrum(
    coefficients: Tensor,
    layout: HarmonicLayout | SupportsIndex,
    other: Tensor | None = None,
) -> Tensor:
    r"""Return the mean square of each fragment, or mean product with another signal's.

    .. math:: C_{l,t} = \frac{1}{2l+1} \sum_{m=-l}^{l} a_{ltm} b_{ltm}, \quad b = a

    unless another signal's :math:`b` is given (the cross-spectrum). The mean of
    :math:`f^2` over the sphere is :math:`\sum_l (2l + 1) C_l / 4\pi` (Parseval).

    Parameters
    ----------
    coefficients
        Coefficients of real signals.
    layout
        Layout of the rows; an integer L stands for ``HarmonicLayout(L)``.
    other
        Coefficients of other signals, of the same dtype, whose shape broadcasts with
        that of ``coefficients``.

    Returns
    -------
    Tensor
        One row for each fragment, by degree, then t: row l if tau is 1.

    Shapes
    ------
    coefficients : ``(*batch, row, channel)`` -> ``(*batch, fragment, channel)``

    Raises
    ------
    TypeError, ValueError
        As :func:`checked_coefficients`; if the two dtypes differ, or the shapes do not
        broadcast.

    Notes
    -----
    Equivariance: exactly invariant. Differentiable to every order, unlike norms, which
    are not at zero.

    Examples
    --------
    >>> power_spectrum(torch.tensor([[1.0], [1.0], [2.0], [2.0]]), 2)
    tensor([[1.],
            [3.]])
    """
    layout = as_layout(layout)
    a = b = checked_coefficients(coefficients, layout)
    if other is not None:
        b = checked_coefficients(other, layout, "other")
        check_pair(a, b)
    means = [part.mean(dim=-2) for part in by_degree(a * b, layout)]
    return torch.cat(means, dim=-2)
