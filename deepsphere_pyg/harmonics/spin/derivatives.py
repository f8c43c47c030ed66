r"""Differential operators on coefficients: eth, and those of vector calculus.

A vector field has the potential :math:`\chi` and the stream function :math:`\psi`:

.. math:: V = \nabla\chi + \hat r \times \nabla\psi, \quad
    \nabla \cdot V = \nabla^2 \chi, \quad
    \hat r \cdot \nabla \times V = \nabla^2 \psi

On a sphere of radius a its spin-1 coefficients are
:math:`E = \sqrt{l(l+1)} \chi / a` and :math:`B = \sqrt{l(l+1)} \psi / a`.
"""

from __future__ import annotations

from typing import SupportsIndex

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.harmonics.spin.arguments import spin_arguments
from deepsphere_pyg.harmonics.spin.degree_factors import (
    checked_pair,
    inverse_root,
    laplacian_root,
    radius_argument,
    scaled_rows,
)


def raise_spin(coefficients: Tensor, L: SupportsIndex, spin: SupportsIndex) -> Tensor:
    r"""Return the coefficients of a field raised by eth, of spin s + 1.

    .. math:: \eth f = -\sin^s\theta \left(\partial_\theta
        + \frac{i}{\sin\theta} \partial_\varphi\right) \sin^{-s}\theta \, f, \quad
        \eth \, {}_sY_{lm} = \sqrt{(l-s)(l+s+1)} \, {}_{s+1}Y_{lm}

    Parameters
    ----------
    coefficients
        E and B of a field of spin s; for s = 0, coefficients of the real and the
        imaginary part; for s < 0, those of the conjugate, as :class:`SpinSHT` returns
        them.
    L
        Bandlimit.
    spin
        Spin s of the given field.

    Returns
    -------
    Tensor
        Coefficients of spin s + 1, as :class:`SpinISHT` takes them.

    Shapes
    ------
    coefficients : ``(*batch, L * L, 2, channel)`` -> the same

    Raises
    ------
    TypeError, ValueError
        As :func:`checked_coefficients`; if there are not two sets, or the spins s and
        s + 1 are not below L.

    Notes
    -----
    Source: Goldberg et al. 1967, J. Math. Phys. 8, 2155. Equivariance: exact.

    Examples
    --------
    The gradient of z is minus the sine towards the south; eth has the other sign:

    >>> z = torch.zeros(4, 2, 1)
    >>> z[2, 0] = 1.0
    >>> raise_spin(z, 2, 0)[2, :, 0] + 0.0
    tensor([-1.4142,  0.0000])
    """
    _, s = spin_arguments(L, spin)
    spin_arguments(L, s + 1)
    c = checked_pair(coefficients, L)
    if s >= 0:
        return _raised(c, s)
    lowered = _lowered(c, -s)
    return _conjugate(lowered) if s == -1 else lowered


def lower_spin(coefficients: Tensor, L: SupportsIndex, spin: SupportsIndex) -> Tensor:
    r"""Return the coefficients of a field lowered by the conjugate of eth.

    .. math:: \bar\eth f = -\sin^{-s}\theta \left(\partial_\theta
        - \frac{i}{\sin\theta} \partial_\varphi\right) \sin^s\theta \, f, \quad
        \bar\eth \, {}_sY_{lm} = -\sqrt{(l+s)(l-s+1)} \, {}_{s-1}Y_{lm}

    Parameters, shapes and errors are those of :func:`raise_spin`; the result has the
    spin s - 1. For s = 1 it holds minus the divergence and minus the vorticity of the
    field on the unit sphere.

    Examples
    --------
    >>> c = torch.ones(9, 2, 1)
    >>> lower_spin(c, 3, 2)[-1, :, 0]
    tensor([-2., -2.])
    """
    _, s = spin_arguments(L, spin)
    spin_arguments(L, s - 1)
    c = checked_pair(coefficients, L)
    if s > 0:
        return _lowered(c, s)
    return _raised(_conjugate(c) if s == 0 else c, -s)


def _raised(c: Tensor, s: int) -> Tensor:
    """Raise from s >= 0; coefficients of spin 0 have no minus sign, others have."""
    return _times_degrees(c, -1 if s == 0 else 1, s)


def _lowered(c: Tensor, s: int) -> Tensor:
    """Lower from s > 0."""
    return _times_degrees(c, 1 if s == 1 else -1, s - 1)


def _times_degrees(c: Tensor, sign: int, s: int) -> Tensor:
    """Multiply by a sign and the root of (l - s) (l + s + 1)."""
    l = HarmonicLayout(round(c.shape[-3] ** 0.5)).degrees  # noqa: E741
    factors = sign * np.sqrt(np.maximum((l - s) * (l + s + 1.0), 0))
    # Zero below the spin, whatever the coefficients there.
    return c * torch.from_numpy(factors[:, None, None]).to(c)


def _conjugate(c: Tensor) -> Tensor:
    first, second = c.unbind(-2)
    return torch.stack([first, -second], dim=-2)


def gradient_coefficients(
    coefficients: Tensor, L: SupportsIndex, radius: float = 1.0
) -> Tensor:
    r"""Return the vector coefficients of the gradient of a scalar signal.

    .. math:: E_{lm} = \frac{\sqrt{l(l+1)}}{a} \chi_{lm}, \quad B_{lm} = 0

    Parameters
    ----------
    coefficients
        Coefficients of the signal, as :class:`SHT` returns them.
    L
        Bandlimit.
    radius
        Radius a of the sphere in metres; 1 for gradients per radian.

    Returns
    -------
    Tensor
        E and B; :class:`SpinISHT` of spin 1 makes the components towards south and
        east.

    Shapes
    ------
    coefficients : ``(*batch, L * L, channel)`` -> ``(*batch, L * L, 2, channel)``

    Raises
    ------
    TypeError, ValueError
        As :func:`checked_coefficients`; if the radius is not positive.

    Notes
    -----
    Equivariance: exact.

    Examples
    --------
    >>> gradient_coefficients(torch.ones(4, 1), 2)[3, :, 0]
    tensor([1.4142, 0.0000])
    """
    a = radius_argument(radius)
    potential = scaled_rows(coefficients, L, lambda n: laplacian_root(n) / a)
    return torch.stack([potential, torch.zeros_like(potential)], dim=-2)


def curl_coefficients(
    coefficients: Tensor, L: SupportsIndex, radius: float = 1.0
) -> Tensor:
    r"""Return the vector coefficients of the rotational field of a stream function.

    .. math:: V = \hat r \times \nabla \psi, \quad
        B_{lm} = \frac{\sqrt{l(l+1)}}{a} \psi_{lm}, \quad E_{lm} = 0

    Otherwise as :func:`gradient_coefficients`. The field goes round maxima of
    :math:`-\psi` counterclockwise, seen from outside.

    Examples
    --------
    >>> curl_coefficients(torch.ones(4, 1), 2)[3, :, 0]
    tensor([0.0000, 1.4142])
    """
    return gradient_coefficients(coefficients, L, radius).flip(-2)


def divergence_coefficients(
    coefficients: Tensor, L: SupportsIndex, radius: float = 1.0
) -> Tensor:
    r"""Return the coefficients of the divergence of a vector field.

    .. math:: (\nabla \cdot V)_{lm} = -\frac{\sqrt{l(l+1)}}{a} E_{lm}

    Parameters
    ----------
    coefficients
        E and B of the field, of spin 1.
    L, radius
        As for :func:`gradient_coefficients`.

    Returns
    -------
    Tensor
        Coefficients of a scalar, which :class:`ISHT` takes: per second for a wind in
        metres per second.

    Shapes
    ------
    coefficients : ``(*batch, L * L, 2, channel)`` -> ``(*batch, L * L, channel)``

    Raises
    ------
    TypeError, ValueError
        As for :func:`gradient_coefficients`; if there are not two sets.

    Examples
    --------
    >>> divergence_coefficients(torch.ones(4, 2, 1), 2)[3]
    tensor([-1.4142])
    """
    a = radius_argument(radius)
    gradient = checked_pair(coefficients, L)[..., 0, :]
    return scaled_rows(gradient, L, lambda n: -laplacian_root(n) / a)


def vorticity_coefficients(
    coefficients: Tensor, L: SupportsIndex, radius: float = 1.0
) -> Tensor:
    r"""Return the coefficients of the vorticity of a vector field.

    .. math:: (\hat r \cdot \nabla \times V)_{lm} = -\frac{\sqrt{l(l+1)}}{a} B_{lm}

    Otherwise as :func:`divergence_coefficients`. It is positive where the field turns
    counterclockwise, seen from outside.

    Examples
    --------
    >>> vorticity_coefficients(torch.ones(4, 2, 1), 2)[3]
    tensor([-1.4142])
    """
    exchanged = checked_pair(coefficients, L).flip(-2)
    return divergence_coefficients(exchanged, L, radius)


def velocity_potential(
    coefficients: Tensor, L: SupportsIndex, radius: float = 1.0
) -> Tensor:
    r"""Return the coefficients of the potential of a vector field, of mean zero.

    .. math:: \chi_{lm} = \frac{a}{\sqrt{l(l+1)}} E_{lm}

    Otherwise as :func:`divergence_coefficients`; in square metres per second.

    Examples
    --------
    >>> velocity_potential(torch.ones(4, 2, 1), 2)[:, 0]
    tensor([0.0000, 0.7071, 0.7071, 0.7071])
    """
    a = radius_argument(radius)
    gradient = checked_pair(coefficients, L)[..., 0, :]
    return scaled_rows(gradient, L, lambda n: inverse_root(n) * a)


def stream_function(
    coefficients: Tensor, L: SupportsIndex, radius: float = 1.0
) -> Tensor:
    r"""Return the coefficients of the stream function of a vector field, of mean zero.

    .. math:: \psi_{lm} = \frac{a}{\sqrt{l(l+1)}} B_{lm}

    Otherwise as :func:`divergence_coefficients`; in square metres per second.

    Examples
    --------
    >>> stream_function(torch.ones(4, 2, 1), 2)[:, 0]
    tensor([0.0000, 0.7071, 0.7071, 0.7071])
    """
    exchanged = checked_pair(coefficients, L).flip(-2)
    return velocity_potential(exchanged, L, radius)


def helmholtz_parts(coefficients: Tensor, L: SupportsIndex) -> tuple[Tensor, Tensor]:
    r"""Return the coefficients of the irrotational and nondivergent parts of a field.

    .. math:: V = \nabla\chi + \hat r \times \nabla\psi

    Parameters
    ----------
    coefficients
        E and B of a field of any spin above 0.
    L
        Bandlimit.

    Returns
    -------
    gradient, curl : Tensor
        E alone and B alone; the sum is the field. The parts are orthogonal.

    Shapes
    ------
    coefficients : ``(*batch, L * L, 2, channel)`` -> twice the same

    Raises
    ------
    TypeError, ValueError
        As :func:`checked_coefficients`; if there are not two sets.

    Examples
    --------
    >>> gradient, curl = helmholtz_parts(torch.ones(4, 2, 1), 2)
    >>> gradient[3, :, 0], curl[3, :, 0]
    (tensor([1., 0.]), tensor([0., 1.]))
    """
    gradient, curl = checked_pair(coefficients, L).unbind(-2)
    zero = torch.zeros_like(gradient)
    return torch.stack([gradient, zero], -2), torch.stack([zero, curl], -2)
