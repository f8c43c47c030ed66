"""Learned functions of relative positions, added to the scores of attention."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from samplings.arguments import flag_argument, integer_argument


class PositionBias(nn.Module):
    r"""A learned polynomial of the relative position, for each head.

    .. math::
        b_h(u) = \sum_{m + 2j \le d} P_j(2|u|^2 - 1)
        \left(a_{hjm} \Re z^m + b_{hjm} \Im z^m\right), \qquad z = u_1 + i u_2

    with Legendre polynomials :math:`P_j`, without the constant, which attention does
    not see. In the unit disc they span the Zernike polynomials up to degree d.

    Parameters
    ----------
    heads
        Number of heads.
    degree
        Largest degree d; there must be a polynomial, so at least 1, or 2 if isotropic.
    isotropic
        Whether only the angle counts, and the direction does not: m = 0.

    Attributes
    ----------
    weight
        Shape ``(n_polynomials, heads)``, drawn with standard deviation 0.02.
    """

    def __init__(self, heads: int, degree: int, *, isotropic: bool) -> None:
        super().__init__()
        self.degree, self.isotropic = degree, isotropic
        count = len(polynomials(torch.zeros(1, 2), degree, isotropic))
        self.weight = nn.Parameter(torch.empty(count, heads))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights."""
        nn.init.normal_(self.weight, std=0.02)

    def forward(self, position: Tensor) -> Tensor:
        """Return the bias at positions ``(..., 2)``, shape ``(..., heads)``."""
        return self.of(polynomials(position, self.degree, self.isotropic))

    def of(self, values: list[Tensor]) -> Tensor:
        """Return the bias from the values of the polynomials."""
        basis = torch.stack(values, dim=-1)
        return torch.matmul(basis, self.weight.to(basis.dtype))

    def extra_repr(self) -> str:
        """Sizes, for ``repr``."""
        heads = self.weight.shape[1]
        return f"{heads}, degree={self.degree}, isotropic={self.isotropic}"


def degree_argument(degree: int, isotropic: bool) -> int:
    """Return a degree that polynomials of the distance, or of the position, can have.

    Raises
    ------
    TypeError, ValueError
        If the degree is negative, or odd for polynomials of the distance alone.
    """
    degree = integer_argument("degree", degree, 0)
    if flag_argument("isotropic", isotropic) and degree % 2:
        raise ValueError(
            "degree must be even when isotropic=True, since only even powers of the "
            f"distance are smooth, got {degree}; use {degree - 1} or {degree + 1}"
        )
    return degree


def position_bias(heads: int, degree: int, isotropic: bool) -> PositionBias | None:
    """Return a module of checked arguments, or None if degree is 0."""
    degree = degree_argument(degree, isotropic)
    return PositionBias(heads, degree, isotropic=isotropic) if degree else None


def legendre(t: Tensor, count: int) -> list[Tensor]:
    """Return the Legendre polynomials of degree 0 to ``count`` at ``t``."""
    values = [torch.ones_like(t), t]
    for j in range(1, count):
        values.append(((2 * j + 1) * t * values[j] - j * values[j - 1]) / (j + 1))
    return values[: count + 1]


def polynomials(position: Tensor, degree: int, isotropic: bool) -> list[Tensor]:
    """Return the polynomials of :class:`PositionBias` at positions ``(..., 2)``."""
    east, north = position[..., 0], position[..., 1]
    radial = legendre(2 * (east * east + north * north) - 1, degree // 2)
    values = radial[1:]
    real, imaginary = torch.ones_like(east), torch.zeros_like(east)
    for m in range(1, 1 if isotropic else degree + 1):
        turned = real * east - imaginary * north
        imaginary = real * north + imaginary * east
        real = turned
        for j in range((degree - m) // 2 + 1):
            values += [radial[j] * real, radial[j] * imaginary]
    return values
