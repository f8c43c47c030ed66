"""Fields of several spins, as mappings from spins: checks of them and their spins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import SupportsIndex

import torch
from torch import Tensor

from deepsphere_pyg.harmonics.layout.checks import (
    checked_coefficients,
    checked_operand,
    in_full_precision,
)
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.harmonics.spin.arguments import check_components, spin_arguments
from samplings.arguments import counted, integer_argument, kind_of, shown


def parts_of(spin: int) -> int:
    """Return the number of real components of a field: one of scalars, else two."""
    return 1 if spin == 0 else 2


def spins_argument(name: str, spins: Iterable[SupportsIndex]) -> tuple[int, ...]:
    """Return different spins in ascending order, each at least 0.

    Raises
    ------
    TypeError, ValueError
        If they are not a sequence of integers, one is negative, two are equal, or
        the sequence is empty.
    """
    try:
        if isinstance(spins, str):
            raise TypeError
        given = list(spins)
    except TypeError:
        raise TypeError(
            f"{name} must be a sequence of spins, got {shown(spins)}; pass a tuple, "
            "such as (0, 1)"
        ) from None
    # Negative ones have a message of their own.
    listed = [integer_argument(f"a spin of {name}", s, -(2**31)) for s in given]
    for spin in listed:
        if spin < 0:
            raise ValueError(
                f"{name} must have spins of at least 0, got {spin}; a field of spin "
                f"{spin} is the conjugate of one of spin {-spin}: change the sign of "
                "its second component"
            )
    if not listed or len(set(listed)) < len(listed):
        raise ValueError(
            f"{name} must have at least one spin, and each once, got {listed}; put "
            "fields of equal spin on the channels"
        )
    return tuple(sorted(listed))


def channels_argument(
    name: str, channels: Mapping[int, SupportsIndex]
) -> dict[int, int]:
    """Return the number of channels of each spin, in ascending spins.

    Raises
    ------
    TypeError, ValueError
        As :func:`spins_argument`; if it is not a mapping, or a number is below 1.
    """
    if not isinstance(channels, Mapping):
        raise TypeError(
            f"{name} must map spins to numbers of channels, got {shown(channels)}; "
            "pass a dictionary, such as {0: 4, 1: 2}"
        )
    return {
        spin: integer_argument(f"{name}[{spin}]", channels[spin], 1)
        for spin in spins_argument(name, channels)
    }


def check_spins_below(L: int, spins: Iterable[int]) -> None:
    """Raise unless there are degrees below L for each spin."""
    for spin in spins:
        spin_arguments(L, spin)


def checked_fields(
    fields: Mapping[int, Tensor], spins: Iterable[int], name: str = "fields"
) -> dict[int, Tensor]:
    """Return a mapping from exactly the given spins, in their order.

    Raises
    ------
    TypeError, ValueError
        If it is not a mapping, or its spins differ.
    """
    wanted = list(spins)
    if not isinstance(fields, Mapping):
        raise TypeError(
            f"{name} must map spins to tensors, got {kind_of(fields)}; pass a "
            f"dictionary with the keys {wanted}"
        )
    if set(fields) != set(wanted):
        raise ValueError(
            f"{name} must have the spins {wanted}, got {shown(list(fields))}; pass one "
            "tensor for each of them"
        )
    return {spin: fields[spin] for spin in wanted}


def check_number(name: str, spin: int, x: Tensor, channels: int) -> None:
    """Raise unless a field has so many channels."""
    if x.shape[-1] != channels:
        raise ValueError(
            f"{name} of spin {spin} must have {counted(channels, 'channel')}, got "
            f"{x.shape[-1]}; channels are the last axis"
        )


def joined_coefficients(
    fields: Mapping[int, Tensor],
    channels: Mapping[int, int | None],
    layout: HarmonicLayout,
    like: Tensor | None = None,
    dtype: torch.dtype | None = None,
) -> list[Tensor]:
    """Return the coefficients of each spin with both components on the channels.

    Parameters
    ----------
    fields
        ``(*batch, row, channel)`` of spin 0, ``(*batch, row, 2, channel)`` of others.
    channels
        Number of channels of each spin; None for any.
    layout
        Layout of one component.
    like, dtype
        Those of a module, as for :func:`checked_operand`; None for modules without.

    Returns
    -------
    list[Tensor]
        In the order of ``channels``, shape ``(*batch, row, channel)`` of spin 0,
        ``(*batch, row, 2 * channel)`` of others.

    Raises
    ------
    TypeError, ValueError
        As :func:`checked_fields` and :func:`checked_operand`; if channels differ from
        those expected, or batches from each other.
    """
    parts = []
    for spin, c in checked_fields(fields, channels, "coefficients").items():
        if spin:
            check_components(f"coefficients of spin {spin}", c, "row")
            c = c.flatten(-2)
        if like is None or dtype is None:
            c = checked_coefficients(in_full_precision(c), layout)
        else:
            c = checked_operand(c, layout, like, dtype)
        number = channels[spin]
        if number is not None and c.shape[-1] != number * parts_of(spin):
            check_number("coefficients", spin, fields[spin], number)
        parts.append(c)
    # Not by a set: sizes that an exporter leaves open have no hash.
    if any(c.shape[:-2] != parts[0].shape[:-2] for c in parts):
        batches = [tuple(c.shape[:-2]) for c in parts]
        raise ValueError(
            f"coefficients of all spins must have one batch shape, got {batches}; "
            "expand them to the same"
        )
    return parts
