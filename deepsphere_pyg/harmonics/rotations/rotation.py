"""Rotations of space, as Euler angles, matrices or quaternions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.autograd import forward_ad

from deepsphere_pyg.harmonics.rotations.quaternions import (
    angles_of_quaternions,
    matrices_of_quaternions,
    product,
    quaternions_of_matrices,
    turns_off_the_poles,
)
from samplings.quantities import radians

# Products of float32 rotations are off by 1e-6; scalings, shears and unnormalised
# quaternions by far more.
_TOLERANCE = 1e-5

_Numbers: TypeAlias = Tensor | npt.ArrayLike


@dataclass(frozen=True, eq=False, repr=False)
class Rotation:
    r"""One rotation or many, by Euler angles ZYZ, active.

    .. math:: R = R_z(\alpha) R_y(\beta) R_z(\gamma), \quad (R f)(x) = f(R^{-1} x)

    Make them with :meth:`from_euler`, :meth:`from_matrix`, :meth:`from_quaternion`,
    :meth:`random` or :meth:`identity`; ``a @ b`` rotates by b first, then by a.

    Parameters
    ----------
    angles
        :math:`(\alpha, \beta, \gamma)` in radian, shape ``(*batch, 3)``, float64.

    Raises
    ------
    TypeError
        If the angles are not a float64 tensor.
    ValueError
        If the shape is not ``(*batch, 3)``, or an angle is not finite.

    Notes
    -----
    Angles are kept in float64 whatever is rotated: order m turns by :math:`m \alpha`,
    which in float32 is off by 3e-5 at m = 255.

    Derivatives by quaternions, matrices and products are those of the rotation, also
    at :math:`\beta = 0` and :math:`\pi`, where Euler angles have none. Within 0.1 of
    them coefficients are then turned twice, which takes 1.7 times as long.

    Examples
    --------
    >>> quarter = Rotation.from_euler(0.0, np.pi / 2, 0.0)
    >>> quarter.matrix().round().long().tolist()
    [[0, 0, 1], [0, 1, 0], [-1, 0, 0]]
    >>> quarter @ quarter.inverse()
    Rotation(shape=())
    """

    angles: Tensor
    # Unit quaternions of the angles, kept if there are derivatives by them: these
    # bypass the angles, which have none at the poles.
    _quaternions: Tensor | None = field(default=None, kw_only=True)
    _turns: tuple[Tensor, ...] = field(init=False)

    def __post_init__(self) -> None:
        if not isinstance(self.angles, Tensor) or self.angles.dtype != torch.float64:
            kind = getattr(self.angles, "dtype", type(self.angles).__name__)
            raise TypeError(
                f"angles must be a float64 tensor, got {kind}; use Rotation.from_euler,"
                " which converts"
            )
        if self.angles.ndim < 1 or self.angles.shape[-1] != 3:
            raise ValueError(
                "angles must have shape (*batch, 3), got "
                f"{tuple(self.angles.shape)}; the last axis is alpha, beta, gamma"
            )
        turns: tuple[Tensor, ...] = (_checked_finite("angles", self.angles),)
        if self._quaternions is not None:
            turns = turns_off_the_poles(self._quaternions)
        object.__setattr__(self, "_turns", turns)

    @property
    def turns(self) -> tuple[Tensor, ...]:
        """Angles of one or two rotations whose product is this one.

        There are two for derivatives by quaternions or matrices of rotations that
        nearly keep the poles, by which Euler angles have none.
        """
        return self._turns

    @property
    def shape(self) -> torch.Size:
        """Batch of rotations, ``()`` for a single one."""
        return self.angles.shape[:-1]

    def __repr__(self) -> str:
        return f"Rotation(shape={tuple(self.shape)})"

    @classmethod
    def from_euler(cls, alpha: _Numbers, beta: _Numbers, gamma: _Numbers) -> Rotation:
        """Return rotations by Euler angles ZYZ in radian.

        Parameters
        ----------
        alpha, beta, gamma
            Finite numbers or arrays, broadcast against each other. Quantities with a
            unit of angle are converted.

        Raises
        ------
        TypeError, ValueError
            If one is not real, or not finite.
        """
        parts = [
            _float64(name, value if isinstance(value, Tensor) else radians(name, value))
            for name, value in (("alpha", alpha), ("beta", beta), ("gamma", gamma))
        ]
        shape = np.broadcast_shapes(*(part.shape for part in parts))
        return cls(torch.stack([part.expand(shape) for part in parts], dim=-1))

    @classmethod
    def from_matrix(cls, matrix: _Numbers) -> Rotation:
        """Return the rotations of orthogonal matrices.

        Parameters
        ----------
        matrix
            Shape ``(*batch, 3, 3)``; columns are the images of x, y and z.

        Raises
        ------
        TypeError, ValueError
            If it is not real, not finite, not orthogonal within 1e-5, or a reflection.
        """
        given = _float64("matrix", matrix)
        if given.ndim < 2 or given.shape[-2:] != (3, 3):
            raise ValueError(
                "matrix must have shape (*batch, 3, 3), got "
                f"{tuple(given.shape)}; pass one 3 x 3 matrix for each rotation"
            )
        unit = torch.eye(3, dtype=torch.float64, device=given.device)
        off = (given.mT @ given - unit).abs().flatten(-2).amax(-1)
        if off.numel() and off.max() > _TOLERANCE:
            raise ValueError(
                "matrix must be orthogonal, got one whose product with its transpose "
                f"is off the identity by {float(off.max()):.3g}; take the nearest "
                "rotation: u, s, vh = torch.linalg.svd(matrix), u @ vh"
            )
        if (torch.linalg.det(given) < 0).any():
            raise ValueError(
                "matrix must have determinant 1, got -1, a reflection; only rotations "
                "have Euler angles, so mirror the signal apart"
            )
        return cls._of_quaternions(quaternions_of_matrices(given))

    @classmethod
    def from_quaternion(cls, quaternion: _Numbers) -> Rotation:
        """Return the rotations of unit quaternions.

        Parameters
        ----------
        quaternion
            (w, x, y, z), the real part first, shape ``(*batch, 4)``.

        Raises
        ------
        TypeError, ValueError
            If it is not real, not finite, or not of length 1 within 1e-5.
        """
        given = _float64("quaternion", quaternion)
        if given.ndim < 1 or given.shape[-1] != 4:
            raise ValueError(
                "quaternion must have shape (*batch, 4), got "
                f"{tuple(given.shape)}; the last axis is w, x, y, z"
            )
        norm = torch.linalg.vector_norm(given, dim=-1)
        off = (norm - 1).abs()
        if off.numel() and off.max() > _TOLERANCE:
            raise ValueError(
                "quaternion must be of length 1, got "
                f"{float(norm.flatten()[off.argmax()]):.6g}; divide by the length"
            )
        return cls._of_quaternions(given)

    @classmethod
    def random(cls, shape: Sequence[int], generator: torch.Generator) -> Rotation:
        """Return rotations drawn uniformly, by the measure of Haar.

        Parameters
        ----------
        shape
            Batch of rotations, ``()`` for one.
        generator
            Source of the random numbers, and the device.

        Raises
        ------
        TypeError
            If the generator is not one of PyTorch.

        Examples
        --------
        >>> Rotation.random((2,), torch.Generator().manual_seed(0))
        Rotation(shape=(2,))
        """
        if not isinstance(generator, torch.Generator):
            raise TypeError(
                f"generator must be a torch.Generator, got {type(generator).__name__}; "
                "make one with torch.Generator().manual_seed(seed)"
            )
        # The direction of four independent normal numbers is uniform on the sphere of
        # unit quaternions, which covers the rotations twice.
        normal = torch.empty((*shape, 4), dtype=torch.float64, device=generator.device)
        normal.normal_(generator=generator)
        return cls(angles_of_quaternions(normal))

    @classmethod
    def identity(cls, shape: Sequence[int] = ()) -> Rotation:
        """Return rotations that leave everything in place."""
        return cls(torch.zeros((*shape, 3), dtype=torch.float64))

    @classmethod
    def _of_quaternions(cls, quaternion: Tensor) -> Rotation:
        """Return the rotations of quaternions of any length but zero."""
        angles = angles_of_quaternions(quaternion)
        if not _is_differentiated(quaternion):
            return cls(angles)
        norm = torch.linalg.vector_norm(quaternion, dim=-1, keepdim=True)
        return cls(angles, _quaternions=quaternion / norm)

    def matrix(self) -> Tensor:
        """Return the orthogonal matrices, shape ``(*batch, 3, 3)``, float64."""
        return matrices_of_quaternions(self.quaternion())

    def quaternion(self) -> Tensor:
        """Return unit quaternions (w, x, y, z), shape ``(*batch, 4)``, float64."""
        if self._quaternions is not None:
            return self._quaternions
        alpha, beta, gamma = (self.angles / 2).unbind(-1)
        c, s = beta.cos(), beta.sin()
        plus, minus = alpha + gamma, alpha - gamma
        parts = [c * plus.cos(), -s * minus.sin(), s * minus.cos(), c * plus.sin()]
        return torch.stack(parts, dim=-1)

    def inverse(self) -> Rotation:
        """Return the inverse rotations."""
        quaternions = self._quaternions
        if quaternions is not None:
            quaternions = quaternions * quaternions.new_tensor([1, -1, -1, -1])
        return Rotation(-self.angles.flip(-1), _quaternions=quaternions)

    def __matmul__(self, other: Rotation) -> Rotation:
        """Return the rotations by ``other`` first, then by these."""
        if not isinstance(other, Rotation):
            raise TypeError(
                f"a Rotation multiplies another Rotation, got {type(other).__name__}; "
                "make one with Rotation.from_matrix, or rotate vectors with .matrix()"
            )
        return Rotation._of_quaternions(product(self.quaternion(), other.quaternion()))


def _is_differentiated(x: Tensor) -> bool:
    """Whether derivatives by a tensor are tracked, forwards or backwards."""
    if forward_ad.unpack_dual(x).tangent is not None:  # type: ignore[no-untyped-call]
        return True
    return x.requires_grad and torch.is_grad_enabled()


def _float64(name: str, value: _Numbers) -> Tensor:
    """Return finite real numbers as a float64 tensor."""
    given = value if isinstance(value, Tensor) else torch.as_tensor(np.asarray(value))
    if given.is_complex() or given.dtype == torch.bool:
        raise TypeError(
            f"{name} must be real numbers, got {given.dtype}; pass floating ones"
        )
    if given.device.type == "mps":  # which has no float64
        given = given.cpu()
    return _checked_finite(name, given.double())


def _checked_finite(name: str, values: Tensor) -> Tensor:
    """Raise an error if a number is not finite."""
    if not values.isfinite().all():
        bad = float(values[~values.isfinite()][0])
        raise ValueError(
            f"{name} must be finite, got {bad}; drop the rotations that are missing"
        )
    return values
