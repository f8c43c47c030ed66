"""Coefficients of fields of several spins, as generalized signals and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import SupportsIndex

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from deepsphere_pyg.fixed_tensors import FixedTensors
from deepsphere_pyg.harmonics.layout.checks import (
    checked_coefficients,
    in_full_precision,
    numbered_layout,
)
from deepsphere_pyg.harmonics.spin.several_spins import joined_coefficients, parts_of
from deepsphere_pyg.harmonics.spin.spin_layout import SpinLayout
from samplings.arrays import IntArray


class FieldsToFragments(FixedTensors):
    r"""Put the coefficients of fields of several spins into one generalized signal.

    .. math:: (E^s_{lm}, B^s_{lm})_{s \in S,\, s \leq l} = (f_{ltm})_{t < \tau_l}

    After it, generalized convolutions, tensor products, norms and gates combine
    scalars, winds and polarization, degree by degree; :class:`.FragmentsToFields` reads
    fields out.

    Parameters
    ----------
    L, spins
        As for :class:`~deepsphere_pyg.harmonics.SpinLayout`.

    Attributes
    ----------
    fields
        The :class:`~deepsphere_pyg.harmonics.SpinLayout`.
    layout_out
        Rows of the generalized signal.

    Shapes
    ------
    A dictionary from spins, ``(*batch, L * L, channel)`` of spin 0, ``(*batch, L * L,
    2, channel)`` of others, as :class:`~deepsphere_pyg.harmonics.FieldsSHT` returns
    them, to ``(*batch, layout_out.n_rows, channel)``. All spins have the same number of
    channels; a :class:`~deepsphere_pyg.layers.SpinConv` before it makes it so.

    Raises
    ------
    TypeError, ValueError
        As for :class:`~deepsphere_pyg.harmonics.SpinLayout`; in ``forward``, if spins,
        rows, channels or batches are not those expected.

    Notes
    -----
    Rows of degrees below the spin are left out. Equivariance: exact, without round-off.

    Examples
    --------
    Quadratic functions of scalars and winds, from which polarization is read out:

    >>> from torch import nn
    >>> from deepsphere_pyg.harmonics import SpinLayout
    >>> from deepsphere_pyg.layers import GeneralizedConv, TensorProductActivation
    >>> into = FieldsToFragments(4, spins=(0, 1))
    >>> product = TensorProductActivation(into.layout_out, mixing="mst")
    >>> out = FragmentsToFields(4, spins=[2])
    >>> mix = GeneralizedConv(3, 5, product.layout_out, out.layout)
    >>> network = nn.Sequential(into, product, mix, out)
    >>> network({0: torch.ones(7, 16, 3), 1: torch.ones(7, 16, 2, 3)})[2].shape
    torch.Size([7, 16, 2, 5])
    """

    rows: Tensor

    def __init__(self, L: SupportsIndex, spins: Iterable[SupportsIndex]) -> None:
        super().__init__()
        self.fields = SpinLayout(L, spins)
        self.layout_out = numbered_layout(self.fields.layout)
        self.keep("rows", _rows_of_parts(self.fields))

    def forward(self, coefficients: Mapping[int, Tensor]) -> Tensor:
        """Return the generalized signals."""
        spins, L = self.fields.spins, self.fields.L
        given = joined_coefficients(
            coefficients, dict.fromkeys(spins), numbered_layout(L)
        )
        parts: list[Tensor] = []
        for spin, c in zip(spins, given, strict=True):
            parts += c.chunk(parts_of(spin), dim=-1)
        if any(part.shape[-1] != parts[0].shape[-1] for part in parts):
            channels = [coefficients[spin].shape[-1] for spin in spins]
            raise ValueError(
                "fields of all spins must have the same number of channels, got "
                f"{channels}; put a SpinConv before, which makes it so"
            )
        return torch.cat(parts, dim=-2).index_select(-2, self.rows)

    def extra_repr(self) -> str:
        """Spin types, for ``repr``."""
        return f"{self.fields}"


class FragmentsToFields(FixedTensors):
    r"""Read the coefficients of fields of several spins out of a generalized signal.

    The inverse of :class:`.FieldsToFragments`; degrees below the spin become zero.

    Parameters
    ----------
    L, spins
        As for :class:`~deepsphere_pyg.harmonics.SpinLayout`.

    Attributes
    ----------
    fields
        The :class:`~deepsphere_pyg.harmonics.SpinLayout`.
    layout
        Rows of the generalized signal, to which a convolution before it leads.

    Shapes
    ------
    ``(*batch, layout.n_rows, channel)`` to a dictionary from spins, which
    :class:`~deepsphere_pyg.harmonics.FieldsISHT` takes.

    Raises
    ------
    TypeError, ValueError
        As for :class:`~deepsphere_pyg.harmonics.SpinLayout`; in ``forward``, if the
        number of rows is not the layout's.

    Notes
    -----
    Equivariance: exact, without round-off.

    Examples
    --------
    >>> fields = FragmentsToFields(3, spins=(0, 1))(torch.ones(7, 25, 2))
    >>> fields[0].shape, fields[1][0, :, 0, 0].tolist()
    (torch.Size([7, 9, 2]), [0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    """

    rows: Tensor

    def __init__(self, L: SupportsIndex, spins: Iterable[SupportsIndex]) -> None:
        super().__init__()
        self.fields = SpinLayout(L, spins)
        self.layout = numbered_layout(self.fields.layout)
        # In the order of their places in the parts, which ascend.
        self.keep("rows", np.argsort(_rows_of_parts(self.fields)))

    def forward(self, coefficients: Tensor) -> dict[int, Tensor]:
        """Return the coefficients of each spin."""
        x = checked_coefficients(in_full_precision(coefficients), self.layout)
        spins, L = self.fields.spins, self.fields.L
        sizes = [parts_of(spin) * (L * L - spin * spin) for spin in spins]
        ordered = x.index_select(-2, self.rows)
        fields = {}
        for spin, part in zip(spins, torch.split(ordered, sizes, dim=-2), strict=True):
            if spin == 0:
                fields[spin] = part
                continue
            parts = torch.stack(part.chunk(2, dim=-2), dim=-2)
            fields[spin] = F.pad(parts, (0, 0, 0, 0, spin * spin, 0))
        return fields

    def extra_repr(self) -> str:
        """Spin types, for ``repr``."""
        return f"{self.fields}"


def _rows_of_parts(fields: SpinLayout) -> IntArray:
    """Return, for each row of the signal, its row in all parts one after another.

    The parts are the components of all spins, L² rows each.

    Examples
    --------
    >>> _rows_of_parts(SpinLayout(2, (0, 1))).tolist()
    [0, 1, 2, 3, 5, 6, 7, 9, 10, 11]
    """
    parts = [(spin, part) for spin in fields.spins for part in range(parts_of(spin))]
    size = fields.L**2
    rows = [
        parts.index((spin, part)) * size + np.arange(degree**2, (degree + 1) ** 2)
        for degree, spin, part in fields.fragments.tolist()
    ]
    return np.concatenate(rows).astype(np.int64)
