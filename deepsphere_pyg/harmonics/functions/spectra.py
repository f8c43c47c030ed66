"""Power spectra and cross-spectra of signals, which rotations leave unchanged."""

from __future__ import annotations

import torch
from torch import Tensor

from deepsphere_pyg.harmonics.layout.checks import checked_coefficients
from deepsphere_pyg.harmonics.layout.fragment_rows import by_degree
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout


def power_spectrum(
    coefficients: Tensor, layout: HarmonicLayout, other: Tensor | None = None
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
        Layout of the rows; :class:`HarmonicLayout` ``(L)`` on the sphere.
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
    >>> power_spectrum(torch.tensor([[1.0], [1.0], [2.0], [2.0]]), HarmonicLayout(2))
    tensor([[1.],
            [3.]])
    """
    a = b = checked_coefficients(coefficients, layout)
    if other is not None:
        b = checked_coefficients(other, layout)
        _check_pair(a, b)
    means = [part.mean(dim=-2) for part in by_degree(a * b, layout)]
    return torch.cat(means, dim=-2)


def _check_pair(a: Tensor, b: Tensor) -> None:
    if a.dtype != b.dtype:
        raise TypeError(
            f"other must be {a.dtype} like the coefficients, got {b.dtype}; convert "
            f"it with .to({a.dtype})"
        )
    sizes = zip(reversed(a.shape), reversed(b.shape), strict=False)
    if any(m != n and 1 not in (m, n) for m, n in sizes):
        raise ValueError(
            f"other must have the shape {tuple(a.shape)} of the coefficients, or one "
            f"that broadcasts with it, got {tuple(b.shape)}; add axes of length 1 to "
            "pair every signal with every other"
        )
