"""Spin-weighted spherical harmonics at points."""

from __future__ import annotations

from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.harmonics.functions.spherical_harmonics import spherical_harmonics
from deepsphere_pyg.harmonics.spin.arguments import spin_arguments
from deepsphere_pyg.harmonics.spin.wigner_functions import spin_functions
from samplings.arrays import FloatArray
from samplings.quantities import radians

# Points computed at once.
CHUNK = 2048


def spin_harmonics(
    theta: npt.ArrayLike, phi: npt.ArrayLike, L: SupportsIndex, spin: SupportsIndex
) -> FloatArray:
    r"""Return the components of the real spin harmonics of degrees below L at points.

    For s = 1 they are the normalised gradients of the real spherical harmonics,

    .. math:: \frac{\nabla Y_{lm}}{\sqrt{l(l+1)}}
        = \frac{1}{\sqrt{l(l+1)}}
        \left(\partial_\theta Y_{lm}, \frac{\partial_\varphi Y_{lm}}{\sin\theta}\right),

    in general :math:`-\,{}_sY_{lm}` combined to the harmonics of gradient coefficients.
    Those of curl coefficients are i times these, the components (-second, first).

    Parameters
    ----------
    theta
        Colatitudes in radian, in [0, pi], shape ``(V,)``.
    phi
        Longitudes in radian, shape ``(V,)``. At a pole they tell the frame.
    L
        Bandlimit, above the absolute value of the spin.
    spin
        Spin s. For s = 0 the second components are zero, and there is no sign.

    Returns
    -------
    ndarray
        Float64, shape ``(V, 2, L**2)``; the last axis as in
        :func:`spherical_harmonics`, zero for degrees below the spin.

    Raises
    ------
    TypeError, ValueError
        As :func:`spherical_harmonics`; if ``spin`` is not an integer below L.

    Notes
    -----
    Accurate to round-off at any degree and at the poles. Source: Zaldarriaga and Seljak
    1997, Phys. Rev. D 55, 1830 (arXiv:astro-ph/9609170), equation 16 and below.

    Examples
    --------
    >>> y = spin_harmonics([np.pi / 2], [0.0], 2, 1)
    >>> np.round(y[0] * np.sqrt(8 * np.pi / 3), 6) + 0.0
    array([[ 0.,  0., -1.,  0.],
           [ 0.,  1.,  0.,  0.]])
    """
    bandlimit, s = spin_arguments(L, spin)
    longitudes, colatitudes = radians("phi", phi), radians("theta", theta)
    # Checks both first.
    spherical_harmonics(colatitudes, longitudes, 1)
    harmonics = np.zeros((len(colatitudes), 2, bandlimit**2))
    if s == 0:
        harmonics[:, 0] = spherical_harmonics(colatitudes, longitudes, bandlimit)
        return harmonics
    for start in range(0, len(harmonics), CHUNK):
        part = slice(start, start + CHUNK)
        rows = _rows(colatitudes[part], longitudes[part], bandlimit, abs(s))
        harmonics[part] = rows.transpose(2, 0, 1)
    if s < 0:
        harmonics[:, 1] *= -1
    return harmonics


def _rows(theta: FloatArray, phi: FloatArray, L: int, spin: int) -> FloatArray:
    """Return the harmonics at some points, ``(2, L**2, V)``."""
    rows = np.zeros((2, L * L, len(theta)))
    for m, a, c in spin_functions(theta, L, spin):
        degrees = np.arange(m, L)
        middle = degrees * (degrees + 1)
        cosine, sine = np.cos(m * phi), np.sin(m * phi)
        if m:
            rows[0, middle - m] = a * sine
            rows[1, middle - m] = c * cosine
        rows[0, middle + m] = a * cosine
        rows[1, middle + m] = -c * sine
    return rows
