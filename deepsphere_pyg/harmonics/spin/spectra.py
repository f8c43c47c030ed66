"""Power spectra of spin fields: EE, BB, EB."""

from __future__ import annotations

from typing import SupportsIndex

import torch
from torch import Tensor

from deepsphere_pyg.harmonics.functions.spectra import power_spectrum
from deepsphere_pyg.harmonics.spin.degree_factors import checked_pair


def spin_power_spectrum(
    coefficients: Tensor, L: SupportsIndex, other: Tensor | None = None
) -> Tensor:
    r"""Return the power spectra of E and B, and their cross-spectra.

    .. math:: C^{ij}_l = \frac{1}{2l+1} \sum_{m=-l}^{l} a^i_{lm} b^j_{lm}, \quad
        i, j \in \{E, B\}, \quad b = a

    unless the coefficients b of another field are given. The mean of
    :math:`f_0^2 + f_1^2` over the sphere is
    :math:`\sum_l (2l+1) (C^{EE}_l + C^{BB}_l) / 4\pi`. For a wind (spin 1), half of the
    sum of both is its kinetic energy by degree.

    Parameters
    ----------
    coefficients
        E and B, as :class:`SpinSHT` returns them.
    L
        Bandlimit.
    other
        E and B of other fields, of the same dtype, whose shape broadcasts with that of
        ``coefficients``. For TE and TB of polarization, take :func:`power_spectrum` of
        ``c[..., 0, :]`` or ``c[..., 1, :]`` and of the temperature.

    Returns
    -------
    Tensor
        Entry (0, 0) of each degree is EE, (1, 1) BB, (0, 1) EB, and (1, 0) BE.

    Shapes
    ------
    coefficients : ``(*batch, L * L, 2, channel)`` -> ``(*batch, L, 2, 2, channel)``

    Raises
    ------
    TypeError, ValueError
        As :func:`power_spectrum`; if there are not two sets.

    Notes
    -----
    Equivariance: exactly invariant. EB and BE change sign under reflections.

    Examples
    --------
    >>> c = torch.ones(4, 2, 1)
    >>> c[:, 1] = 2.0
    >>> spin_power_spectrum(c, 2)[1, ..., 0]
    tensor([[1., 2.],
            [2., 4.]])
    """
    a = b = checked_pair(coefficients, L)
    if other is not None:
        b = checked_pair(other, L, "other")
    # Each set of the one against each of the other, as two more batch axes.
    first = a.movedim(-2, 0)[:, None]
    second = b.movedim(-2, 0)[None]
    if first.ndim != second.ndim:
        n = max(first.ndim, second.ndim)
        first, second = (
            x.reshape(*x.shape[:2], *(1,) * (n - x.ndim), *x.shape[2:])
            for x in (first, second)
        )
    spectra = power_spectrum(first, L, second)
    return torch.movedim(spectra, (0, 1), (-3, -2))
