"""Bandlimits of the functions on SO(3) that layers take and return."""

from __future__ import annotations

from typing import SupportsIndex

from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.harmonics.so3.tables import so3_layout
from samplings.arguments import integer_argument


def azimuthal_bandlimit(layout: HarmonicLayout) -> int:
    """Return N of a layout of functions on SO(3)."""
    return max(layout.tau) // 2 + 1


def output_layout(
    L: int,
    L_out: SupportsIndex | None,
    N: int,
    N_out: SupportsIndex | None,
    name: str = "N_out",
    most: int | None = None,
) -> HarmonicLayout:
    """Return the rows of an output whose bandlimit is at most the input's.

    Parameters
    ----------
    L, N
        Bandlimits of the input.
    L_out, N_out
        Bandlimits of the output; by default L, and N as far as ``L_out`` allows.
    name
        Name of ``N_out`` in messages.
    most
        Largest ``N_out``; None for ``L_out``.

    Raises
    ------
    TypeError, ValueError
        If a bandlimit is not an integer, or below 1, ``L_out`` is above L, or ``N_out``
        above ``L_out`` or ``most``.
    """
    bandlimit = L if L_out is None else integer_argument("L_out", L_out, 1)
    if bandlimit > L:
        raise ValueError(
            f"L_out must be at most L = {L}, that of the input, got {bandlimit}; "
            "append zeros with SpectralUnpool for a higher bandlimit"
        )
    azimuthal = min(N, bandlimit)
    if N_out is not None:
        azimuthal = integer_argument(name, N_out, 1)
    if azimuthal > bandlimit:
        raise ValueError(
            f"{name} must be at most the bandlimit of the output, {bandlimit}, got "
            f"{azimuthal}: degree l has orders |n| <= l only; pass {bandlimit} for all"
        )
    if most is not None and azimuthal > most:
        raise ValueError(
            f"{name} must be at most N = {most}, that of the input, got {azimuthal}; "
            "make more orders with an SO3Conv"
        )
    return so3_layout(bandlimit, azimuthal)
