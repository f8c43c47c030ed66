"""Quaternions (w, x, y, z), the real part first, of matrices and Euler angles."""

from __future__ import annotations

import math

import torch
from torch import Tensor

# Of the sine of beta. Derivatives by the angles grow with its inverse and cancel: in
# float32 no more than a digit is lost. One random rotation in 200 is as near.
_NEAR_A_POLE = 0.1
# Next to the least square whose inverse is finite, and its products with derivatives.
_SMALLEST_SQUARE = 1e-290


def product(first: Tensor, second: Tensor) -> Tensor:
    """Product of quaternions ``(*batch, 4)``: the second rotation, then the first."""
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
    """Quaternions, not normalised, of orthogonal matrices."""
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
    """Euler angles of quaternions of any length but zero.

    Derivatives are finite throughout. Where a pole stays in place, or changes places
    with the other, those of beta and of alpha - gamma, or alpha + gamma, do not exist,
    and are zero.
    """
    w, x, y, z = quaternion.unbind(-1)
    # Half the sum and half the difference of alpha and gamma: where the poles stay in
    # place, the one that means nothing does not spoil the other.
    cosine, plus = _polar(w, z)
    sine, minus = _polar(y, -x)
    beta = 2 * torch.atan2(sine, cosine)
    return torch.stack([plus + minus, beta, plus - minus], dim=-1)


def _polar(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Distance and angle of points of a plane: zero at zero, derivatives as well."""
    nothing = x.square() + y.square() < _SMALLEST_SQUARE
    # Put aside before the functions, not after: zero times infinity is no number.
    x, y = x.masked_fill(nothing, 1.0), y.masked_fill(nothing, 0.0)
    return torch.hypot(x, y).masked_fill(nothing, 0.0), torch.atan2(y, x)


def matrices_of_quaternions(quaternion: Tensor) -> Tensor:
    """Orthogonal matrices of unit quaternions."""
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
    r"""Euler angles of one or two rotations, the first one first, with derivatives.

    .. math:: R = (R S) S^{-1}

    Rotations depend smoothly on quaternions, Euler angles do not, where :math:`R z` is
    near a pole. There S is a quarter turn about y, so that :math:`R S z` is near the
    equator, and elsewhere nothing.

    Parameters
    ----------
    quaternion
        Unit quaternions, shape ``(*batch, 4)``.

    Returns
    -------
    tuple of Tensor
        Shape ``(*batch, 3)`` each; only R where no rotation is near the poles.
    """
    w, x, y, z = quaternion.detach().unbind(-1)
    # Sine of beta / 2 times its cosine.
    sine = 2 * torch.hypot(x, y) * torch.hypot(w, z)
    near = sine < _NEAR_A_POLE
    if not near.any():
        return (angles_of_quaternions(quaternion),)
    half = near.to(quaternion.dtype) * (math.pi / 4)
    nothing = torch.zeros_like(half)
    tilt = torch.stack([half.cos(), nothing, half.sin(), nothing], dim=-1)
    back = torch.stack([nothing, -2 * half, nothing], dim=-1)
    return back, angles_of_quaternions(product(quaternion, tilt))
