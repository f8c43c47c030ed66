"""Checks of spins, and of fields and coefficients with two components."""

from __future__ import annotations

from typing import SupportsIndex

from torch import Tensor

from deepsphere_pyg.signals import tensor_argument
from samplings.arguments import integer_argument


def spin_argument(spin: SupportsIndex) -> int:
    """Return a spin of either sign.

    Raises
    ------
    TypeError
        If it is not an integer.
    """
    # Whatever its sign, no integer is below this one.
    return integer_argument("spin", spin, -(2**31))


def spin_arguments(L: SupportsIndex, spin: SupportsIndex) -> tuple[int, int]:
    """Return the checked bandlimit and spin.

    Raises
    ------
    TypeError, ValueError
        If one is not an integer, L below 1, or no degree is as large as the spin.
    """
    bandlimit, s = integer_argument("L", L, 1), spin_argument(spin)
    if abs(s) >= bandlimit:
        raise ValueError(
            f"L must be above the spin {s}, got {bandlimit}: spin harmonics have "
            f"degrees of at least {abs(s)}; use L >= {abs(s) + 1}"
        )
    return bandlimit, s


def check_components(name: str, x: Tensor, place: str) -> None:
    """Raise unless a tensor has the axes ``(*batch, place, 2, channel)``."""
    wanted = f"(*batch, {place}, 2, channel)"
    shape = tuple(tensor_argument(name, x, wanted).shape)
    if len(shape) < 3 or shape[-2] != 2:
        raise ValueError(
            f"{name} must have shape {wanted}, got {shape}; put two components with "
            f"torch.stack([first, second], -2), and add a channel with [..., None]"
        )
