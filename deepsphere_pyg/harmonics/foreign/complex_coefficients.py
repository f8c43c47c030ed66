"""Conversion to and from complex coefficients of healpy, ducc0, torch-harmonics."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.harmonics.layout.checks import checked_coefficients
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from samplings.arguments import flag_argument
from samplings.arrays import FloatArray, IntArray

# Largest imaginary part of coefficients of order 0, relative to the largest
# coefficient: the square root of round-off. Rotations leave round-off there.
_IMAGINARY = {torch.complex64: 3e-4, torch.complex128: 1.5e-8}


def from_healpy(alm: Tensor) -> Tensor:
    r"""Convert complex coefficients of real signals, as healpy and ducc0 order them.

    .. math::
        c_{l0} = a_{l0}, \quad c_{lm} = \sqrt2 (-1)^m \operatorname{Re} a_{lm}, \quad
        c_{l,-m} = -\sqrt2 (-1)^m \operatorname{Im} a_{lm}, \quad m > 0

    Parameters
    ----------
    alm
        Coefficients of orders m >= 0, complex64 or complex128, at the entries
        ``m (2L - 1 - m) / 2 + l`` of healpy and ducc0 with ``lmax = mmax = L - 1``.
        From NumPy: ``torch.from_numpy(alm)``; a single set needs an axis:
        ``alm[None]``.

    Returns
    -------
    Tensor
        Real coefficients, row l² + l + m, with channels on the last axis.

    Shapes
    ------
    alm : ``(*batch, channel, L (L + 1) / 2)`` -> ``(*batch, L**2, channel)``

    Raises
    ------
    TypeError
        If ``alm`` is not a complex tensor.
    ValueError
        If its size is not L (L + 1) / 2 for any L, or a coefficient of order 0 is not
        real.

    Notes
    -----
    Both bases are orthonormal: sums of squares agree if complex coefficients of orders
    m > 0 count twice.

    Examples
    --------
    >>> alm = torch.tensor([[1, 2, 3 + 4j]])
    >>> from_healpy(alm)[:, 0]
    tensor([ 1.0000,  5.6569,  2.0000, -4.2426])
    """
    _check_complex("alm", alm, "(*batch, channel, L (L + 1) / 2)", 2)
    size = alm.shape[-1]
    bandlimit = (math.isqrt(8 * size + 1) - 1) // 2
    if size == 0 or bandlimit * (bandlimit + 1) // 2 != size:
        raise ValueError(
            f"alm must have L (L + 1) / 2 coefficients for some L, got {size}, which "
            f"lies between those of L = {bandlimit} and L = {bandlimit + 1}; with "
            "mmax < lmax, bring them to mmax = lmax first (healpy.resize_alm)"
        )
    layout = HarmonicLayout(bandlimit)
    orders = np.abs(layout.orders)
    entries = orders * (2 * bandlimit - 1 - orders) // 2 + layout.degrees
    return _to_real("alm", alm, layout, entries)


def to_healpy(coefficients: Tensor) -> Tensor:
    r"""Convert real coefficients to complex ones, as healpy and ducc0 order them.

    .. math:: a_{l0} = c_{l0}, \quad
        a_{lm} = (-1)^m (c_{lm} - i c_{l,-m}) / \sqrt2, \quad m > 0

    Parameters
    ----------
    coefficients
        Coefficients of signals on the sphere, float32 or float64.

    Returns
    -------
    Tensor
        complex64 or complex128; healpy takes ``.numpy()`` of one channel.

    Shapes
    ------
    coefficients : ``(*batch, L**2, channel)`` -> ``(*batch, channel, L (L + 1) / 2)``

    Raises
    ------
    TypeError, ValueError
        As :func:`checked_coefficients`; if the number of rows is not a square.

    Examples
    --------
    >>> to_healpy(torch.tensor([[1.0], [0.0], [2.0], [2.0**0.5]]))
    tensor([[ 1.0000+0.j,  2.0000+0.j, -1.0000+0.j]])
    """
    bandlimit = _bandlimit_of_rows(coefficients)
    degrees, orders = np.triu_indices(bandlimit)[::-1]
    return _to_complex(coefficients, degrees, orders)


def from_torch_harmonics(coefficients: Tensor, csphase: bool = True) -> Tensor:
    """Convert the complex coefficients of torch-harmonics' ``RealSHT``.

    Parameters
    ----------
    coefficients
        Degree l in row l and order m in column m, complex64 or complex128, as
        ``RealSHT(..., norm="ortho")`` returns them with ``lmax = mmax = L``. Entries
        with m > l are ignored.
    csphase
        Whether the harmonics have the Condon-Shortley phase, as passed to ``RealSHT``.

    Returns
    -------
    Tensor
        Real coefficients, row l² + l + m, with channels on the last axis.

    Shapes
    ------
    coefficients : ``(*batch, channel, L, L)`` -> ``(*batch, L**2, channel)``

    Raises
    ------
    TypeError
        If ``coefficients`` is not a complex tensor.
    ValueError
        If the numbers of orders and degrees differ, or a coefficient of order 0 is
        not real.

    Examples
    --------
    >>> ones = torch.ones(1, 2, 2, dtype=torch.complex64)
    >>> from_torch_harmonics(ones)[:, 0]
    tensor([ 1.0000,  0.0000,  1.0000, -1.4142])
    """
    _check_complex("coefficients", coefficients, "(*batch, channel, L, L)", 3)
    n_degrees, n_orders = coefficients.shape[-2:]
    if n_degrees != n_orders or n_degrees == 0:
        raise ValueError(
            "coefficients must have as many orders as degrees, shape "
            f"(*batch, channel, L, L), got {n_degrees} degrees and {n_orders} orders; "
            "pass lmax=L, mmax=L to RealSHT, or pad the orders with zeros"
        )
    layout = HarmonicLayout(n_degrees)
    entries = layout.degrees * n_degrees + np.abs(layout.orders)
    real = _to_real("coefficients", coefficients.flatten(-2), layout, entries)
    return real if flag_argument("csphase", csphase) else real * _signs(layout, real)


def to_torch_harmonics(coefficients: Tensor, csphase: bool = True) -> Tensor:
    """Convert real coefficients to those of torch-harmonics' ``InverseRealSHT``.

    Parameters
    ----------
    coefficients
        Coefficients of signals on the sphere, float32 or float64.
    csphase
        As passed to ``InverseRealSHT``.

    Returns
    -------
    Tensor
        complex64 or complex128, degree l in row l and order m in column m; zero where
        m > l.

    Shapes
    ------
    coefficients : ``(*batch, L**2, channel)`` -> ``(*batch, channel, L, L)``

    Raises
    ------
    TypeError, ValueError
        As :func:`checked_coefficients`; if the number of rows is not a square.

    Examples
    --------
    >>> to_torch_harmonics(torch.ones(4, 1)).shape
    torch.Size([1, 2, 2])
    """
    bandlimit = _bandlimit_of_rows(coefficients)
    if not flag_argument("csphase", csphase):
        coefficients = coefficients * _signs(HarmonicLayout(bandlimit), coefficients)
    degrees, orders = np.indices((bandlimit, bandlimit)).reshape(2, -1)
    outside = torch.from_numpy(orders > degrees).to(coefficients.device)
    entries = _to_complex(coefficients, degrees, np.minimum(orders, degrees))
    shape = (*entries.shape[:-1], bandlimit, bandlimit)
    return entries.masked_fill(outside, 0).reshape(shape)


def _to_real(name: str, a: Tensor, layout: HarmonicLayout, entries: IntArray) -> Tensor:
    """Return real coefficients of ``layout`` from one complex entry for each row."""
    of_zero = torch.from_numpy(entries[layout.orders == 0]).to(a.device)
    imaginary = a.imag.index_select(-1, of_zero).abs()
    largest = a.abs().max() if a.numel() else 0.0
    if bool((imaginary > _IMAGINARY[a.dtype] * largest).any()):
        raise ValueError(
            f"{name} of order 0 must be real for real signals, got an imaginary part "
            f"of {float(imaginary.max()):.3g}; convert a complex signal's real and "
            "imaginary part as two signals"
        )
    taken = a.index_select(-1, torch.from_numpy(entries).to(a.device))
    negative = torch.from_numpy(layout.orders < 0).to(a.device)
    factor = math.sqrt(2) * (-1.0) ** np.abs(layout.orders)
    factor[layout.orders == 0] = 1
    factor[layout.orders < 0] *= -1
    parts = torch.where(negative, taken.imag, taken.real)
    return (parts * torch.from_numpy(factor).to(parts)).transpose(-1, -2)


def _to_complex(coefficients: Tensor, degrees: IntArray, orders: IntArray) -> Tensor:
    """Return complex coefficients of degrees and orders >= 0, on the last axis."""
    middle = degrees * (degrees + 1)
    factor = (-1.0) ** orders / math.sqrt(2)
    real = np.where(orders > 0, factor, 1.0)
    imaginary = np.where(orders > 0, -factor, 0.0)

    def taken(rows: IntArray, factors: FloatArray) -> Tensor:
        index = torch.from_numpy(rows).to(coefficients.device)
        scale = torch.from_numpy(factors).to(coefficients)[:, None]
        return coefficients.index_select(-2, index) * scale

    both = torch.complex(
        taken(middle + orders, real), taken(middle - orders, imaginary)
    )
    return both.transpose(-1, -2)


def _signs(layout: HarmonicLayout, like: Tensor) -> Tensor:
    """Return the Condon-Shortley phase of each row, ``(rows, 1)``."""
    return torch.from_numpy((-1.0) ** np.abs(layout.orders)).to(like)[:, None]


def _bandlimit_of_rows(coefficients: Tensor) -> int:
    """Return the bandlimit of signals on the sphere, their coefficients checked."""
    rows = 1
    if isinstance(coefficients, Tensor) and coefficients.ndim > 1:
        rows = coefficients.shape[-2]
    bandlimit = math.isqrt(rows)
    if rows == 0 or bandlimit**2 != rows:
        raise ValueError(
            f"coefficients of signals on the sphere have L**2 rows, got {rows}, which "
            f"lies between those of L = {bandlimit} and L = {bandlimit + 1}; rows "
            "are the last axis but one, channels the last"
        )
    checked_coefficients(coefficients, HarmonicLayout(bandlimit))
    return bandlimit


def _check_complex(name: str, a: Tensor, shape: str, ndim: int) -> None:
    if not isinstance(a, Tensor):
        raise TypeError(
            f"{name} must be a tensor {shape}, got {type(a).__name__}; convert it with "
            "torch.from_numpy"
        )
    if a.dtype not in _IMAGINARY:
        raise TypeError(
            f"{name} must be complex64 or complex128, got {a.dtype}; convert with "
            ".to(torch.complex64)"
        )
    if a.ndim < ndim:
        raise ValueError(
            f"{name} must have shape {shape}, got {tuple(a.shape)}; add a channel with "
            f"{name}[None]"
        )
