"""Quaternions (w, x, y, z), the real part first, of matrices and Euler angles."""

from __future__ import annotations

import math

import torch
from torch import Tensor

# Sine of beta. Derivatives by the angles grow with its inverse and cancel: float32
# loses at most a digit. One random rotation in 200 is closer to a pole.
_NEAR_A_POLE = 0.1
# Near the smallest square whose inverse, times derivatives, is finite.
_SMALLEST_SQUARE = 1e-290


def product(first: Tensor, second: Tensor) -> Tensor:
    """Return products of quaternions ``(*batch, 4)``; the second acts first."""
    a, b, c, d = first.unbind(-1)
    w, x, y, z = second.unbind(-1)
    parts = [
        a * w - b * x - c * y - d * z,
        a * x + b * w + c * z - d * y,
        a * y - b * z + c * w + d * x,
        a * z + b * y - c * x + d * w,
    ]
    return torch.stack(parts, dim=-1)


def quaternions_of_matrices(matrix: Tensor) -> Tensor:
    """Return quaternions, not normalised, of orthogonal matrices."""
    (r00, r01, r02), (r10, r11, r12), (r20, r21, r22) = (
        row.unbind(-1) for row in matrix.unbind(-2)
    )
    # Four times the outer product of the quaternion with itself. Each of its rows is
    # the quaternion up to a factor; the one of the largest component loses no digits.
    products = [
        [1 + r00 + r11 + r22, r21 - r12, r02 - r20, r10 - r01],
        [r21 - r12, 1 + r00 - r11 - r22, r10 + r01, r20 + r02],
        [r02 - r20, r10 + r01, 1 - r00 + r11 - r22, r21 + r12],
        [r10 - r01, r20 + r02, r21 + r12, 1 - r00 - r11 + r22],
    ]
    outer = torch.stack([torch.stack(row, dim=-1) for row in products], dim=-2)
    largest = outer.diagonal(dim1=-2, dim2=-1).argmax(-1)
    index = largest[..., None, None].expand(*largest.shape, 1, 4)
    return outer.gather(-2, index).squeeze(-2)


def angles_of_quaternions(quaternion: Tensor) -> Tensor:
    """Return Euler angles of quaternions of any length but zero.

    Derivatives are finite everywhere. If a rotation keeps or exchanges the poles, those
    of beta and of alpha - gamma, or alpha + gamma, do not exist, and are set to zero.
    """
    w, x, y, z = quaternion.unbind(-1)
    # Half the sum and half the difference of alpha and gamma: at the poles the
    # undetermined one does not spoil the other.
    cosine, plus = _polar(w, z)
    sine, minus = _polar(y, -x)
    beta = 2 * torch.atan2(sine, cosine)
    return torch.stack([plus + minus, beta, plus - minus], dim=-1)


def _polar(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return distance and angle of points of a plane, with derivatives: 0 at 0."""
    zero = x.square() + y.square() < _SMALLEST_SQUARE
    # Replaced before the functions, not after: zero times infinity is NaN.
    x, y = x.masked_fill(zero, 1.0), y.masked_fill(zero, 0.0)
    return torch.hypot(x, y).masked_fill(zero, 0.0), torch.atan2(y, x)


def matrices_of_quaternions(quaternion: Tensor) -> Tensor:
    """Return the orthogonal matrices of unit quaternions."""
    w, x, y, z = quaternion.unbind(-1)
    rows = [
        1 - 2 * (y * y + z * z),
        2 * (x * y - w * z),
        2 * (x * z + w * y),
        2 * (x * y + w * z),
        1 - 2 * (x * x + z * z),
        2 * (y * z - w * x),
        2 * (x * z - w * y),
        2 * (y * z + w * x),
        1 - 2 * (x * x + y * y),
    ]
    return torch.stack(rows, dim=-1).view(*quaternion.shape[:-1], 3, 3)


def turns_off_the_poles(quaternion: Tensor) -> tuple[Tensor, ...]:
    """Return Euler angles of one or two rotations in turn, with derivatives.

    .. math:: R = (R S) S^{-1}

    Rotations depend smoothly on quaternions, Euler angles do not, if :math:`R z` is
    near a pole. There S is a quarter turn about y, so that :math:`R S z` is near the
    equator; elsewhere it is the identity. From unit quaternions ``(*batch, 4)``, angles
    have shape ``(*batch, 3)``; S is left out if no rotation is near the poles.
    """
    w, x, y, z = quaternion.detach().unbind(-1)
    sine = 2 * torch.hypot(x, y) * torch.hypot(w, z)  # of beta
    near = sine < _NEAR_A_POLE
    if not near.any():
        return (angles_of_quaternions(quaternion),)
    half = near.to(quaternion.dtype) * (math.pi / 4)
    zero = torch.zeros_like(half)
    tilt = torch.stack([half.cos(), zero, half.sin(), zero], dim=-1)
    back = torch.stack([zero, -2 * half, zero], dim=-1)
    return back, angles_of_quaternions(product(quaternion, tilt))
