"""Values of the real spherical harmonics at points."""

from __future__ import annotations

import math
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from deepsphere_pyg.harmonics.functions.legendre import associated_legendre
from samplings.arguments import integer_argument
from samplings.arrays import FloatArray
from samplings.quantities import radians

# Points computed at once: many calls cost time, and a second array costs memory.
CHUNK = 2048


def spherical_harmonics(
    theta: npt.ArrayLike, phi: npt.ArrayLike, L: SupportsIndex
) -> FloatArray:
    r"""Return the real orthonormal spherical harmonics of degrees below L at points.

    .. math::
        Y_{l0} = \bar P_l^0(\cos\theta), \quad
        Y_{lm} = \sqrt2 \bar P_l^m(\cos\theta) \cos m\varphi, \quad
        Y_{l,-m} = \sqrt2 \bar P_l^m(\cos\theta) \sin m\varphi, \quad m > 0

    In degree 1 they are :math:`\sqrt{3/4\pi}\,(y, z, x)`, without Condon-Shortley
    phase. In terms of complex :math:`Y_l^m` with that phase, they are
    :math:`\sqrt2 (-1)^m \operatorname{Re} Y_l^m` and
    :math:`\sqrt2 (-1)^m \operatorname{Im} Y_l^m`.

    Parameters
    ----------
    theta
        Colatitudes in radian, in [0, pi], shape ``(V,)``.
    phi
        Longitudes in radian, shape ``(V,)``.
    L
        Bandlimit: degrees 0 ... L - 1.

    Returns
    -------
    ndarray
        Float64, shape ``(V, L**2)``; column l² + l + m.

    Raises
    ------
    TypeError, ValueError
        As :func:`associated_legendre`; if ``phi`` does not have the shape of ``theta``
        or is not finite.

    Notes
    -----
    Accurate to round-off at any degree, times m for that of the longitude.
    :func:`solid_harmonics`, for degrees of tens, has derivatives.

    Examples
    --------
    >>> y = spherical_harmonics([np.pi / 2], [np.pi / 2], 2)
    >>> np.round(y * np.sqrt(4 * np.pi / 3), 6) + 0.0
    array([[0.57735, 1.     , 0.     , 0.     ]])
    """
    bandlimit = integer_argument("L", L, 1)
    longitudes, colatitudes = radians("phi", phi), radians("theta", theta)
    associated_legendre(colatitudes, bandlimit)  # checks theta first
    if longitudes.shape != colatitudes.shape:
        raise ValueError(
            "phi must be one longitude for each colatitude, shape "
            f"{colatitudes.shape}, got {longitudes.shape}; for a grid, repeat them "
            "with numpy.meshgrid"
        )
    if not np.isfinite(longitudes).all():
        bad = int(np.flatnonzero(~np.isfinite(longitudes))[0])
        raise ValueError(
            f"phi must be finite, got {longitudes[bad]} at index {bad}; drop the "
            "points whose coordinates are missing"
        )
    harmonics = np.empty((len(colatitudes), bandlimit**2))
    for start in range(0, len(harmonics), CHUNK):
        part = slice(start, start + CHUNK)
        harmonics[part] = _rows(colatitudes[part], longitudes[part], bandlimit).T
    return harmonics


def _rows(theta: FloatArray, phi: FloatArray, bandlimit: int) -> FloatArray:
    """Return the harmonics at some points, one row for each: ``(L**2, V)``."""
    rows = np.empty((bandlimit**2, len(theta)))
    for m, legendre in associated_legendre(theta, bandlimit):
        degrees = np.arange(m, bandlimit)
        middle = degrees * (degrees + 1)
        if m == 0:
            rows[middle] = legendre
            continue
        legendre *= math.sqrt(2)
        rows[middle + m] = legendre * np.cos(m * phi)
        rows[middle - m] = legendre * np.sin(m * phi)
    return rows


def solid_harmonics(xyz: Tensor, L: SupportsIndex) -> Tensor:
    r"""Return the regular solid harmonics of degrees below L, differentiable in xyz.

    .. math:: R_{lm}(x) = |x|^l \, Y_{lm}(x / |x|)

    These are harmonic polynomials, homogeneous of degree l; on the unit sphere they are
    those of :func:`spherical_harmonics`. They have derivatives of every order
    everywhere, also at the poles and the origin.

    Parameters
    ----------
    xyz
        Points, float32 or float64, of any length.
    L
        Bandlimit: degrees 0 ... L - 1.

    Returns
    -------
    Tensor
        In the dtype and on the device of ``xyz``; entry l² + l + m of the last axis.

    Shapes
    ------
    xyz : ``(*batch, 3)`` -> ``(*batch, L**2)``

    Raises
    ------
    TypeError
        If ``xyz`` is not a float32 or float64 tensor, or L not an integer.
    ValueError
        If the last axis of ``xyz`` is not of length 3, or L is below 1.

    Notes
    -----
    Degree l follows from l - 1 and l - 2 for all orders at once, in operations that
    compile: :math:`R_{l,\pm l}` by complex multiplication with (x, y), the others by

    .. math:: R_{lm} = a_l^m \left(z R_{l-1,m} - |x|^2 R_{l-2,m} / a_{l-1}^m\right),
        \quad a_l^m = \sqrt{\tfrac{4l^2 - 1}{l^2 - m^2}}.

    At the poles round-off grows as l²: at L = 64 it is 3e-13 in float64 and 1e-4 in
    float32. Equivariance: exact.

    Examples
    --------
    >>> xyz = torch.tensor([[0.0, 0.0, 2.0]])
    >>> solid_harmonics(xyz, 2) * (4 * torch.pi / 3) ** 0.5
    tensor([[0.5774, 0.0000, 2.0000, 0.0000]])
    """
    bandlimit = integer_argument("L", L, 1)
    _check_points(xyz)
    x, y, z = xyz[..., :1], xyz[..., 1:2], xyz[..., 2:]
    squared = x * x + y * y + z * z
    degrees = [torch.full_like(x, 1 / math.sqrt(4 * math.pi))]
    if bandlimit > 1:
        degrees.append(math.sqrt(3 / (4 * math.pi)) * torch.cat([y, z, x], -1))
    for degree in range(2, bandlimit):
        last, before = degrees[-1], degrees[-2]
        up, down = _factors(degree, xyz)
        inner = up * z * last
        middle = inner[..., 1:-1] - down * squared * before
        turn = math.sqrt((2 * degree + 1) / (2 * degree))
        sine, cosine = last[..., :1], last[..., -1:]
        first = turn * (x * sine + y * cosine)
        end = turn * (x * cosine - y * sine)
        parts = [first, inner[..., :1], middle, inner[..., -1:], end]
        degrees.append(torch.cat(parts, -1))
    return torch.cat(degrees, -1)


def _factors(degree: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Return the factors of degrees l - 1 and l - 2 in the recurrence, by order."""

    def a(l: int, m: int) -> float:  # noqa: E741 (the degree's own letter)
        return math.sqrt((4 * l**2 - 1) / (l**2 - m**2))

    up = [a(degree, m) for m in range(1 - degree, degree)]
    down = [a(degree, m) / a(degree - 1, m) for m in range(2 - degree, degree - 1)]
    return like.new_tensor(up), like.new_tensor(down)


def _check_points(xyz: Tensor) -> None:
    if not isinstance(xyz, Tensor):
        raise TypeError(
            f"xyz must be a tensor (*batch, 3), got {type(xyz).__name__}; convert it "
            "with torch.as_tensor"
        )
    if xyz.dtype not in (torch.float32, torch.float64):
        raise TypeError(
            f"xyz must be float32 or float64, got {xyz.dtype}: errors of the points "
            "grow with the degree; convert it with .float() or .double()"
        )
    if xyz.ndim == 0 or xyz.shape[-1] != 3:
        raise ValueError(
            f"xyz must have shape (*batch, 3), got {tuple(xyz.shape)}; put the three "
            "coordinates on the last axis"
        )
