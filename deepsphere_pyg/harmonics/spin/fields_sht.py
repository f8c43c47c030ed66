"""Harmonic transforms of fields of several spins together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import SupportsIndex

import torch
from torch import Tensor, nn

from deepsphere_pyg.harmonics.sht.sht import ISHT, SHT
from deepsphere_pyg.harmonics.spin.arguments import spin_arguments
from deepsphere_pyg.harmonics.spin.several_spins import checked_fields, spins_argument
from deepsphere_pyg.harmonics.spin.spin_sht import SpinISHT, SpinSHT
from samplings import Sampling


class _Transforms(nn.Module):
    """Base of both directions: one transform for each spin."""

    def __init__(
        self, spins: tuple[int, ...], transforms: list[SHT | ISHT | SpinSHT | SpinISHT]
    ) -> None:
        super().__init__()
        self.spins = spins
        self.L = transforms[0].L
        self.transforms = nn.ModuleDict(
            {str(s): one for s, one in zip(spins, transforms, strict=True)}
        )

    def forward(self, fields: Mapping[int, Tensor]) -> dict[int, Tensor]:
        """Return the transforms of all spins."""
        given = checked_fields(fields, self.spins)
        return {spin: self.transforms[str(spin)](x) for spin, x in given.items()}


class FieldsSHT(_Transforms):
    r"""Coefficients of fields of several spins: of scalars, winds and polarization.

    Parameters
    ----------
    sampling
        Vertices of all fields.
    L
        Bandlimit, above all spins.
    spins
        Different spins of at least 0. Fields of spin 0 are real scalars.
    method, dtype
        As for :class:`SHT` and :class:`SpinSHT`.

    Attributes
    ----------
    transforms
        For each spin, as a string, an :class:`SHT` of spin 0 or a :class:`SpinSHT`.

    Shapes
    ------
    A dictionary from spins: ``(*batch, vertex, channel) -> (*batch, L * L, channel)``
    of spin 0, ``(*batch, vertex, 2, channel) -> (*batch, L * L, 2, channel)`` of
    others. Channels and batches of different spins may differ.

    Raises
    ------
    TypeError, ValueError
        As for :class:`SpinSHT`; if spins are negative or not different; in
        ``forward``, if the spins of the fields differ.

    Notes
    -----
    Equivariance: that of :class:`SHT` and :class:`SpinSHT`.

    Examples
    --------
    >>> from samplings import GaussLegendre
    >>> to_rows = FieldsSHT(GaussLegendre(4), 4, spins=(0, 1))
    >>> pressure, wind = torch.ones(32, 5), torch.ones(32, 2, 3)
    >>> {spin: tuple(c.shape) for spin, c in to_rows({0: pressure, 1: wind}).items()}
    {0: (16, 5), 1: (16, 2, 3)}
    """

    def __init__(
        self,
        sampling: Sampling,
        L: SupportsIndex,
        spins: Iterable[SupportsIndex],
        *,
        method: str = "auto",
        dtype: torch.dtype | None = None,
    ) -> None:
        checked = _checked_spins(L, spins)
        super().__init__(
            checked,
            [
                SpinSHT(sampling, L, spin, method=method, dtype=dtype)
                if spin
                else SHT(sampling, L, method=method, dtype=dtype)
                for spin in checked
            ],
        )


class FieldsISHT(_Transforms):
    r"""Fields of several spins from their coefficients, exact on every sampling.

    Parameters
    ----------
    sampling, L, spins
        As for :class:`FieldsSHT`.
    method, dtype
        As for :class:`ISHT` and :class:`SpinISHT`.

    Shapes
    ------
    Those of :class:`FieldsSHT`, in the other direction.

    Raises
    ------
    TypeError, ValueError
        As for :class:`FieldsSHT`.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> to_fields = FieldsISHT(HEALPix(2), 3, spins=[0, 2])
    >>> fields = to_fields({0: torch.ones(9, 1), 2: torch.ones(9, 2, 1)})
    >>> fields[0].shape, fields[2].shape
    (torch.Size([48, 1]), torch.Size([48, 2, 1]))
    """

    def __init__(
        self,
        sampling: Sampling,
        L: SupportsIndex,
        spins: Iterable[SupportsIndex],
        *,
        method: str = "auto",
        dtype: torch.dtype | None = None,
    ) -> None:
        checked = _checked_spins(L, spins)
        super().__init__(
            checked,
            [
                SpinISHT(sampling, L, spin, method=method, dtype=dtype)
                if spin
                else ISHT(sampling, L, method=method, dtype=dtype)
                for spin in checked
            ],
        )


def _checked_spins(L: SupportsIndex, spins: Iterable[SupportsIndex]) -> tuple[int, ...]:
    checked = spins_argument("spins", spins)
    spin_arguments(L, checked[-1])
    return checked
