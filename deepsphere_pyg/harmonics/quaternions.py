"""Quaternions (w, x, y, z), the real part first, of matrices and Euler angles."""

from __future__ import annotations

import torch
from torch import Tensor


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
    """Euler angles of quaternions of any length but zero."""
    w, x, y, z = quaternion.unbind(-1)
    # Half the sum and half the difference of alpha and gamma: where the poles stay in
    # place, the one that means nothing does not spoil the other.
    plus, minus = torch.atan2(z, w), torch.atan2(-x, y)
    beta = 2 * torch.atan2(torch.hypot(x, y), torch.hypot(w, z))
    return torch.stack([plus + minus, beta, plus - minus], dim=-1)
