"""Legendre functions on rings, as the tables of a batched matrix product."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from weakref import WeakValueDictionary

import numpy as np
from torch import Tensor

from deepsphere_pyg.fixed_tensors.fixed_tensors import plain_tensor
from deepsphere_pyg.fixed_tensors.shared_tables import SharedTable
from deepsphere_pyg.harmonics.functions.legendre import associated_legendre
from samplings.arrays import FloatArray, IntArray

# Orders with similar numbers of degrees share a table. Fewer orders waste less on
# padding (a quarter of the products with 4 groups, an eighth with 8), but more tables
# take more calls.
_ORDERS_OF_A_GROUP = 32
_MOST_GROUPS = 8


@dataclass(frozen=True, eq=False)
class LegendreTables:
    """Tables by parity and group of orders, and the places of coefficients in them.

    Attributes
    ----------
    tables
        Shape ``(orders, degrees, width)`` each: first even l + m, by ascending order,
        then odd ones; one part for both if the rings are not folded. The width is the
        number of northern rings, made odd: rows a power of two apart would compete for
        the same lines of the cache.
    slots
        Row of coefficients at each place of the products, shape ``(n_slots,)``.
    places
        Place of each row, shape ``(L * L,)``.
    """

    tables: tuple[SharedTable, ...]
    slots: Tensor
    places: Tensor

    @property
    def n_bytes(self) -> int:
        """Bytes of the tables in every dtype that is kept."""
        return sum(table.n_bytes for table in self.tables)

    def __deepcopy__(self, memo: object) -> LegendreTables:
        """Return the tables themselves: copies of modules share them."""
        return self


# Transforms of the same rings and bandlimit share tables while one of them is in use.
_kept: WeakValueDictionary[tuple[object, ...], LegendreTables] = WeakValueDictionary()


@dataclass(frozen=True, eq=False)
class Interpolation:
    """Functions on nodes from their values on rings, by parity of the order.

    Attributes
    ----------
    theta, weights
        Nodes in radian and the weights of their rule, shape ``(nodes,)``.
    even, odd
        Matrices ``(nodes, T)`` for even and odd orders.
    """

    theta: FloatArray
    weights: FloatArray
    even: FloatArray
    odd: FloatArray


def legendre_tables(
    theta: FloatArray, L: int, pairs: int, interpolation: Interpolation | None = None
) -> LegendreTables:
    r"""Return tables of :math:`\sqrt2 \bar P_l^m(\cos\theta_t)` (no root at m = 0).

    Colatitudes in radian are from the north. Tables are folded if there are mirrored
    pairs of rings. With an interpolation, the functions are evaluated at its nodes,
    weighted, and mapped to the rings by the transpose of its matrices.
    """
    key = ("scalar", theta.tobytes(), L, pairs, interpolation is not None)
    n_rings = len(theta) - pairs
    parts = 2 if pairs else 1

    def build() -> LegendreTables:
        functions = _functions(theta[:n_rings], L, interpolation)
        return padded_tables(functions, L, parts, n_rings)

    return kept_tables(key, build)


def kept_tables(
    key: tuple[object, ...], build: Callable[[], LegendreTables]
) -> LegendreTables:
    """Return the tables of a key, built if no transform holds them."""
    tables = _kept.get(key)
    if tables is None:
        tables = _kept[key] = build()
    return tables


def padded_tables(
    functions: Iterable[tuple[int, FloatArray]],
    L: int,
    parts: int,
    columns: int,
    swapped: bool = False,
) -> LegendreTables:
    """Return the tables of functions of each order m, ``(L - m, columns)``.

    If ``swapped``, the first of two parts has odd l + m.
    """
    bounds = _groups(L)
    width = columns | 1
    sizes = [-(-(L - first) // parts) for first in bounds[:-1]]
    shapes = [(n, size, width) for n, size in zip(np.diff(bounds), sizes, strict=True)]
    padded = [[np.zeros(shape) for shape in shapes] for _ in range(parts)]
    starts = range(parts)[:: -1 if swapped else 1]
    for m, values in functions:
        group = int(np.searchsorted(bounds, m, side="right")) - 1
        for part, start in enumerate(starts):
            some = values[start::parts]
            padded[part][group][m - bounds[group], : len(some), :columns] = some
    slots, places = _layout(L, starts, bounds, sizes)
    tables = tuple(SharedTable(table) for part in padded for table in part)
    return LegendreTables(tables, slots, places)


def _functions(
    theta: FloatArray, L: int, interpolation: Interpolation | None
) -> Iterator[tuple[int, FloatArray]]:
    """Yield each order and its functions, ``(L - m, rings)``."""
    n_rings = len(theta)
    nodes = theta if interpolation is None else interpolation.theta
    for m, values in associated_legendre(nodes, L):
        if m:
            values *= math.sqrt(2)
        if interpolation is None:
            yield m, values
        else:
            matrix = interpolation.odd if m % 2 else interpolation.even
            yield m, (values * interpolation.weights) @ matrix[:, :n_rings]


def _groups(L: int) -> IntArray:
    """Return the first order of each group, and L."""
    n = min(_MOST_GROUPS, max(1, round(L / _ORDERS_OF_A_GROUP)))
    return np.arange(n + 1) * L // n


def _layout(
    L: int, starts: Sequence[int], bounds: IntArray, sizes: list[int]
) -> tuple[Tensor, Tensor]:
    """Return the rows at (part, group, order, degree, cosine or sine), and places."""
    slots = []
    places = np.empty(L * L, dtype=np.int64)
    start = 0
    for offset in starts:
        for group, size in enumerate(sizes):
            m = np.arange(bounds[group], bounds[group + 1])[:, None, None]
            sine = np.arange(2)
            degree = m + offset + len(starts) * np.arange(size)[:, None]
            # Padding meets zeros of the tables. It takes values of its own order, so
            # that NaN does not spread to other orders.
            inside = degree < L
            l = np.where(inside, degree, m)  # noqa: E741
            rows = l * l + l + np.where(sine == 1, -m, m)
            used = np.broadcast_to(inside & ((m > 0) | (sine == 0)), rows.shape)
            place = start + np.arange(rows.size).reshape(rows.shape)
            places[rows[used]] = place[used]
            slots.append(rows.ravel())
            start += rows.size
    return plain_tensor(np.concatenate(slots)), plain_tensor(places)
