"""Random signals of one degree and random rotations, as harmonic coefficients.

Coefficients are in healpy's layout: complex, orders m >= 0 of a real signal, with the
Condon-Shortley phase, shape ``(..., (lmax + 1)(lmax + 2) / 2)``, order by order.
"""

from __future__ import annotations

import math

import healpy
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]


def coefficient_count(lmax: int) -> int:
    """Number of coefficients of degrees 0 to ``lmax``."""
    return (lmax + 1) * (lmax + 2) // 2


def random_coefficients(
    rng: np.random.Generator, degree: int, lmax: int, channels: int
) -> ComplexArray:
    r"""Draw one isotropic Gaussian signal of one degree for each channel.

    The 2l+1 real coefficients are independent and standard normal, so that the law of
    the signal does not change under rotations: :math:`a_{l0} \sim N(0, 1)` and
    :math:`a_{lm} = (x + iy) / \sqrt 2` for :math:`m > 0`.

    Returns
    -------
    ndarray
        Shape ``(channels, coefficients)``.
    """
    real, imaginary = rng.standard_normal((2, channels, degree + 1))
    drawn = (real + 1j * imaginary) / math.sqrt(2)
    drawn[:, 0] = real[:, 0]
    coefficients = np.zeros((channels, coefficient_count(lmax)), np.complex128)
    orders = np.arange(degree + 1)
    coefficients[:, orders * (2 * lmax + 1 - orders) // 2 + degree] = drawn
    return coefficients


def uniform_rotation(rng: np.random.Generator) -> FloatArray:
    """Draw ZYZ Euler angles of a uniform (Haar) rotation, in radian, shape ``(3,)``."""
    alpha, cos_beta, gamma = rng.uniform([0, -1, 0], [2 * np.pi, 1, 2 * np.pi])
    return np.array([alpha, math.acos(cos_beta), gamma])


def uniform_angles(rng: np.random.Generator) -> FloatArray:
    """Draw three uniform ZYZ Euler angles, shape ``(3,)``: more turns near the poles.

    Not a uniform rotation, whose second angle has the density sin(beta) / 2.
    """
    return rng.uniform(0, 2 * np.pi, 3)


def rotate_coefficients(
    coefficients: ComplexArray, angles: npt.ArrayLike
) -> ComplexArray:
    r"""Rotate signals exactly: :math:`(R f)(x) = f(R^{-1} x)`.

    Parameters
    ----------
    coefficients
        Of n signals, shape ``(n, coefficients)``.
    angles
        ZYZ Euler angles of the active rotation
        :math:`R = R_z(\alpha) R_y(\beta) R_z(\gamma)`, in radian.

    Returns
    -------
    ndarray
        Coefficients of the rotated signals, shape ``(n, coefficients)``.
    """
    alpha, beta, gamma = (float(angle) for angle in np.asarray(angles))
    n = len(coefficients)
    # healpy rotates three sets at the price of little more than one: it computes each
    # Wigner matrix once for the three fields of a polarisation map, all three alike.
    padding = np.zeros((-n % 3, coefficients.shape[1]), coefficients.dtype)
    rotated = np.concatenate([coefficients, padding])
    for start in range(0, len(rotated), 3):
        only_one = start + 1 == n
        three = rotated[start] if only_one else list(rotated[start : start + 3])
        healpy.rotate_alm(three, gamma, beta, alpha)
    return rotated[:n]
