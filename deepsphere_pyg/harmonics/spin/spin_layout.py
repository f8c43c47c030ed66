"""Fields of several spins as the fragments of a generalized signal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import SupportsIndex

import numpy as np

from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.harmonics.spin.arguments import spin_arguments
from deepsphere_pyg.harmonics.spin.several_spins import parts_of, spins_argument
from samplings.arrays import IntArray, ReadOnly


@dataclass(frozen=True, init=False, repr=False)
class SpinLayout(ReadOnly):
    r"""Spin types of a generalized signal: which field each fragment belongs to.

    A field of spin s > 0 has, at each degree :math:`l \geq s`, two fragments, gradient
    E and curl B, and none below; real scalars have one at each degree. So fields of
    spins S have the type

    .. math:: \tau_l = \sum_{s \in S,\, s \leq l} (2 - \delta_{s0})

    All fragments of a degree rotate alike, by :math:`D^l`, whatever their spin: every
    layer on generalized signals takes them. Reflections distinguish E from B.

    Parameters
    ----------
    L
        Bandlimit, above all spins.
    spins
        Different spins of at least 0.

    Attributes
    ----------
    L, spins
        Bandlimit, and spins in ascending order.
    layout
        The :class:`HarmonicLayout` that layers take. At each degree fragments are in
        the order of the spins, E before B.
    fragments
        Origin of each fragment: columns degree, spin, and 0 for scalars and E or 1 for
        B, shape ``(layout.n_fragments, 3)``, read-only.

    Raises
    ------
    TypeError, ValueError
        If L or a spin is not an integer, spins are negative or not different, or L is
        not above all spins.

    Notes
    -----
    Source: Esteves, Makadia and Daniilidis 2020 (arXiv:2006.10731), for the spins; Cobb
    et al. 2021 (arXiv:2010.11661), section 2, for types.

    Examples
    --------
    >>> fields = SpinLayout(3, (0, 2))
    >>> fields.layout
    HarmonicLayout(L=3, tau=(1, 1, 3))
    >>> fields.fragments.tolist()
    [[0, 0, 0], [1, 0, 0], [2, 0, 0], [2, 2, 0], [2, 2, 1]]
    """

    L: int
    spins: tuple[int, ...]
    layout: HarmonicLayout = field(compare=False)
    fragments: IntArray = field(compare=False)

    def __init__(self, L: SupportsIndex, spins: Iterable[SupportsIndex]) -> None:
        checked = spins_argument("spins", spins)
        bandlimit, _ = spin_arguments(L, checked[-1])
        table = [
            (degree, spin, part)
            for degree in range(bandlimit)
            for spin in checked
            if spin <= degree
            for part in range(parts_of(spin))
        ]
        fragments = np.array(table, dtype=np.int64)
        fragments.setflags(write=False)
        tau = np.bincount(fragments[:, 0], minlength=bandlimit).tolist()
        object.__setattr__(self, "L", bandlimit)
        object.__setattr__(self, "spins", checked)
        object.__setattr__(self, "layout", HarmonicLayout(bandlimit, tau))
        object.__setattr__(self, "fragments", fragments)

    def __repr__(self) -> str:
        return f"SpinLayout(L={self.L}, spins={self.spins})"

    @property
    def parities(self) -> IntArray:
        r"""Parity of each fragment: 0 of scalars and E, 1 of B.

        Under :math:`x \mapsto -x` a fragment of degree l and parity p is multiplied by
        :math:`(-1)^{l + p}`.
        """
        return np.asarray(self.fragments[:, 2])
