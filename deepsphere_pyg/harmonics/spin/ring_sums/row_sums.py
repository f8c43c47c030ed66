"""The sparse matrix that makes rows of spin s of products with Legendre tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.harmonics.sht.tables import LegendreTables, order_groups
from deepsphere_pyg.harmonics.spin.ring_sums.neighbouring_degrees import (
    neighbouring_degrees,
)
from deepsphere_pyg.harmonics.spin.ring_sums.polar_nodes import PolarNodes
from samplings.arrays import FloatArray, IntArray


class _Rows(NamedTuple):
    """Rows of coefficients: degrees, absolute orders, and their numbers in the tables.

    ``sine`` is 1 for negative orders.
    """

    l: IntArray  # noqa: E741
    m: IntArray
    number: IntArray
    sine: IntArray


def row_sums(
    tables: LegendreTables, L: int, spin: int, orders: IntArray, nodes: PolarNodes
) -> sp.csr_array:
    """Return the weights of all that rows of spin s add up.

    Parameters
    ----------
    tables
        Tables of degrees below L + s.
    L, spin
        Bandlimit and spin s.
    orders
        Orders of the tables, ascending.
    nodes
        Nodes near the poles.

    Returns
    -------
    csr_array
        From products ``(slot, component)``, followed by orders at nodes ``(part, order,
        node, 2, component)``, to rows ``(row, component)``.
    """
    layout = HarmonicLayout(L)
    signed = layout.orders[tables.rows]
    m = np.abs(signed)
    rows = _Rows(
        layout.degrees[tables.rows],
        m,
        np.searchsorted(orders, m),
        (signed < 0).astype(np.int64),
    )
    n_pairs = len(tables.slots) // 2
    entries = [*_of_products(rows, tables, L, spin, orders)]
    for some, pair, weight, exchanged in _of_nodes(rows, tables.parts, spin, nodes):
        entries.append((some, n_pairs + pair, weight, exchanged))
    found = [entry for each in entries for entry in _by_component(rows, *each)]
    row, place, weight = (np.concatenate(a) for a in zip(*found, strict=True))
    n_pairs += int(np.prod(nodes.matrices.shape[:3]))
    matrix = sp.csr_array((weight, (row, place)), shape=(2 * len(m), 4 * n_pairs))
    return matrix


# Some rows, pairs of real and imaginary parts that they add, weights, and whether it is
# i times the other component.
_Entries = tuple[IntArray, IntArray, FloatArray, bool]


def _of_products(
    rows: _Rows, tables: LegendreTables, L: int, spin: int, orders: IntArray
) -> Iterator[_Entries]:
    """Yield what rows take from products of neighbouring degrees."""
    parts = tables.parts
    n_orders, n_degrees = np.array([t.master.shape[:2] for t in tables.tables]).T
    counts = n_orders * n_degrees
    starts = np.cumsum(counts) - counts
    bounds = order_groups(L, len(orders))
    group = np.searchsorted(bounds, rows.number, side="right") - 1
    within = rows.number - bounds[group]
    weights = neighbouring_degrees(rows.l, rows.m, spin)
    for away, weight in enumerate(weights, -spin):
        degree, part = np.divmod(rows.l + away - rows.m, parts)
        table = part * (len(bounds) - 1) + group
        pair = starts[table] + within * n_degrees[table] + degree
        some = np.flatnonzero(weight)
        yield some, pair[some], weight[some], (away - spin) % 2 == 1


def _of_nodes(
    rows: _Rows, parts: int, spin: int, nodes: PolarNodes
) -> Iterator[_Entries]:
    """Yield what rows take from orders at nodes near the poles."""
    _, n_orders, n_nodes, _ = nodes.matrices.shape
    some = np.flatnonzero(rows.number < n_orders)
    number, l = rows.number[some], rows.l[some]  # noqa: E741
    for exchanged, function in enumerate(nodes.functions):
        part = (l - rows.m[some] + spin + exchanged) % parts
        first = (part * n_orders + number) * n_nodes
        for node in range(n_nodes):
            weight = function[number, l, node]
            used = np.flatnonzero(weight)
            yield some[used], first[used] + node, weight[used], exchanged == 1


def _by_component(
    rows: _Rows, some: IntArray, pair: IntArray, weight: FloatArray, exchanged: bool
) -> Iterator[tuple[IntArray, IntArray, FloatArray]]:
    """Yield rows, places and weights of both components.

    The function C meets -i times the orders of the second component for the first one,
    and i times those of the first for the second. The imaginary part of exp(-i m phi)
    is minus the sine.
    """
    sine = rows.sine[some]
    for component in (0, 1):
        place = 4 * pair + 2 * (sine ^ exchanged) + (component ^ exchanged)
        sign = 1 - 2 * sine
        if exchanged:
            sign = sign * np.where(sine == component, 1, -1)
        yield 2 * some + component, place, sign * weight
