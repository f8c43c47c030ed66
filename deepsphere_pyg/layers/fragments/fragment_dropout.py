"""Dropout that commutes with rotations."""

from __future__ import annotations

from typing import SupportsIndex

import torch
from torch import Tensor

from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from deepsphere_pyg.harmonics.layout.checks import (
    checked_coefficients,
    in_full_precision,
    numbered_layout,
)
from deepsphere_pyg.harmonics.layout.fragment_rows import fragment_of_row
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from samplings.arguments import choice_argument, probability_argument

UNITS = ("fragment", "channel")


class FragmentDropout(FixedTensors):
    r"""Set whole fragments to zero at random, in training.

    .. math::
        y_{ltm} = \frac{b_{lt}}{1 - p} f_{ltm}, \qquad
        b_{lt} \sim \mathrm{Bernoulli}(1 - p)

    for each signal and channel. All orders of a fragment are dropped together: to drop
    only some would distinguish directions.

    Parameters
    ----------
    layout
        Rows of the coefficients; an integer L stands for ``HarmonicLayout(L)``.
    p
        Probability that a unit is dropped.
    unit
        ``"fragment"``, or ``"channel"`` for all fragments of a channel together.

    Shapes
    ------
    ``(*batch, row, channel) -> (*batch, row, channel)``

    Raises
    ------
    TypeError
        If ``p`` is not a number; in ``forward``, if the coefficients are not float32 or
        float64.
    ValueError
        If ``p`` is not from 0 to below 1, or ``unit`` unknown; in ``forward``, if the
        number of rows is not the layout's.

    Notes
    -----
    Equivariance: exact, for the same random numbers. In evaluation it is the identity.

    Source: Srivastava et al. 2014, J. Mach. Learn. Res. 15, 1929, applied to fragments.

    Examples
    --------
    >>> dropout = FragmentDropout(2, p=0.5)
    >>> y = dropout(torch.ones(100, 4, 1))
    >>> sorted(set(y.flatten().tolist())), bool((y[:, 1] == y[:, 3]).all())
    ([0.0, 2.0], True)
    """

    unit_of_row: Tensor

    def __init__(
        self,
        layout: HarmonicLayout | SupportsIndex,
        *,
        p: float = 0.5,
        unit: str = "fragment",
    ) -> None:
        super().__init__()
        self.layout = numbered_layout(layout)
        self.p = probability_argument("p", p)
        self.unit = choice_argument("unit", unit, UNITS)
        numbers = fragment_of_row(self.layout)
        rows = numbers if unit == "fragment" else 0 * numbers
        self.n_units = int(rows[-1]) + 1
        self.keep("unit_of_row", rows)

    def forward(self, coefficients: Tensor) -> Tensor:
        """Return the coefficients, in training with dropped units set to zero."""
        x = checked_coefficients(in_full_precision(coefficients), self.layout)
        if not self.training or self.p == 0:
            return x
        shape = (*x.shape[:-2], self.n_units, x.shape[-1])
        factors = torch.empty(shape, dtype=x.dtype, device=x.device)
        factors = factors.bernoulli_(1 - self.p).div_(1 - self.p)
        return x * factors.index_select(-2, self.unit_of_row)

    def extra_repr(self) -> str:
        """Layout, probability and unit, for ``repr``."""
        return f"{self.layout}, p={self.p}, unit={self.unit!r}"
