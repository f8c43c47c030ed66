"""Fragments that products of fragments make, and their rows."""

from __future__ import annotations

import numpy as np

from deepsphere_pyg.harmonics.couplings.degree_mixing import (
    KINDS,
    DegreeMixing,
    degree_mixing,
)
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from samplings.arguments import choice_argument, flag_argument, integer_argument
from samplings.arrays import IntArray


def checked_mixing(
    layout: HarmonicLayout,
    mixing: str | DegreeMixing,
    L_out: int | None,
    even_self_pairs: bool,
) -> DegreeMixing:
    """Return the mixing set of a name, or the given one, up to a bandlimit.

    Raises
    ------
    TypeError, ValueError
        As :func:`.degree_mixing` and its ``up_to``; if the L of a given set is not the
        layout's, or a set is given with ``even_self_pairs``.
    """
    if isinstance(mixing, DegreeMixing):
        if mixing.L != layout.L:
            raise ValueError(
                f"mixing must have the layout's L={layout.L}, got L={mixing.L}; pass "
                "a set of the layout's bandlimit"
            )
        if flag_argument("even_self_pairs", even_self_pairs):
            raise ValueError(
                "even_self_pairs goes with 'mst' and 'rmst', got a DegreeMixing; add "
                "the pairs to it"
            )
        chosen = mixing
    elif isinstance(mixing, str):
        choice_argument("mixing", mixing, KINDS)
        if mixing == "rmst" and layout.L < 2:
            raise ValueError(
                "mixing='rmst' needs a layout of at least 2 degrees, got L=1; pass "
                "mixing='mst', or a layout of L of 2 or more"
            )
        chosen = degree_mixing(layout.L, mixing, even_self_pairs=even_self_pairs)
    else:
        raise TypeError(
            "mixing must be 'full', 'mst', 'rmst' or a DegreeMixing, got "
            f"{type(mixing).__name__}; make a set with DegreeMixing(L, triples)"
        )
    if L_out is None:
        return chosen
    return chosen.up_to(integer_argument("L_out", L_out, 1))


def coupled_fragments(layout: HarmonicLayout, mixing: DegreeMixing) -> IntArray:
    """Return the degrees and fragments of all products, in the order of the output.

    Two fragments of one degree are multiplied once; the product of a fragment with
    itself has no odd degrees.

    Returns
    -------
    IntArray
        Columns l, l1, t1, l2, t2, sorted by l, then (l1 + l2, l1), then (t1, t2). Shape
        ``(fragments, 5)``, read-only.

    Raises
    ------
    ValueError
        If no fragments are coupled.

    Examples
    --------
    >>> coupled_fragments(HarmonicLayout(2, [1, 2]), DegreeMixing(2, [(1, 1, 1)]))
    array([[1, 1, 0, 1, 1]])
    """
    parts = []
    for l1, l2, l in mixing:  # noqa: E741
        t1, t2 = np.indices((layout.tau[l1], layout.tau[l2])).reshape(2, -1)
        if l1 == l2:
            kept = t1 < t2 if l % 2 else t1 <= t2
            t1, t2 = t1[kept], t2[kept]
        columns = np.broadcast_arrays(l, l1, t1, l2, t2)
        parts.append(np.stack(columns, axis=1).astype(np.int64))
    table = np.concatenate([np.empty((0, 5), dtype=np.int64), *parts])
    if not len(table):
        raise ValueError(
            f"{mixing} must couple fragments of {layout} (the product of one with "
            "itself has no odd degrees); add triples, or fragments"
        )
    table.setflags(write=False)
    return table


def coupled_layout(table: IntArray, L: int) -> HarmonicLayout:
    """Return the layout of the products of degrees below L."""
    return HarmonicLayout(L, np.bincount(table[:, 0], minlength=L).tolist())


def first_rows(layout: HarmonicLayout) -> IntArray:
    """Return the first row of each fragment, degree by degree."""
    return np.flatnonzero(layout.orders == -layout.degrees)


def fragment_numbers(layout: HarmonicLayout, l: IntArray, t: IntArray) -> IntArray:  # noqa: E741
    """Return the positions among all fragments of fragments t of degrees l."""
    firsts = np.concatenate([[0], np.cumsum(layout.tau)])
    return np.asarray(firsts[l] + t)
