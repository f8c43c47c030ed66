"""Bandlimits of functions on SO(3) that layers take and return."""

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
) -> HarmonicLayout:
    """Return the rows of an output of bandlimits no higher than the input's.

    Parameters
    ----------
    L, N
        Bandlimits of the input; the latter is that of the output, as far as it goes, by
        default.
    L_out, N_out
        Bandlimits of the output; those of the input by default.
    name
        What the caller calls ``N_out``.

    Raises
    ------
    TypeError, ValueError
        If one is not an integer, below 1, ``L_out`` above L, or ``N_out`` above
        ``L_out``.
    """
    bandlimit = L if L_out is None else integer_argument("L_out", L_out, 1)
    if bandlimit > L:
        raise ValueError(
            f"L_out must be at most L = {L}, that of the input, got {bandlimit}; "
            "convolutions make no new degrees, SpectralUnpool appends zeros"
        )
    azimuthal = min(N, bandlimit)
    if N_out is not None:
        azimuthal = integer_argument(name, N_out, 1)
    if azimuthal > bandlimit:
        raise ValueError(
            f"{name} must be at most the bandlimit of the output, {bandlimit}, got "
            f"{azimuthal}: degree l has orders |n| <= l only; pass {bandlimit} for all"
        )
    return so3_layout(bandlimit, azimuthal)
