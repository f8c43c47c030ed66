"""Legendre functions on rings, as the tables of a batched matrix product."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar, cast
from weakref import WeakValueDictionary

import numpy as np
from torch import Tensor

from deepsphere_pyg.fixed_tensors.fixed_tensors import plain_tensor
from deepsphere_pyg.fixed_tensors.shared_tables import SharedTable
from deepsphere_pyg.harmonics.functions.legendre import associated_legendre
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
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
    parts
        Number of parts.
    rows
        Rows of the coefficients of the orders in the tables, among those of all orders,
        ascending, shape ``(n_rows,)``: the coefficients have no other rows.
    orders
        Order of each of these rows, shape ``(n_rows,)``.
    slots
        Row of coefficients at each place of the products, shape ``(n_slots,)``.
    places
        Place of each row, shape ``(n_rows,)``.
    """

    tables: tuple[SharedTable, ...]
    parts: int
    rows: IntArray
    orders: IntArray
    slots: Tensor
    places: Tensor

    @property
    def n_bytes(self) -> int:
        """Bytes of the tables in every dtype that is kept."""
        return sum(table.n_bytes for table in self.tables)

    def __deepcopy__(self, memo: object) -> LegendreTables:
        """Return the tables themselves: copies of modules share them."""
        return self


Tables = TypeVar("Tables", bound=LegendreTables)
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

    def matrix(self, odd: bool, n_rings: int) -> FloatArray:
        """Return the matrix of odd or even orders to the first rings."""
        return (self.odd if odd else self.even)[:, :n_rings]


def legendre_tables(
    theta: FloatArray,
    L: int,
    pairs: int,
    interpolation: Interpolation | None = None,
    orders: IntArray | None = None,
) -> LegendreTables:
    r"""Return tables of :math:`\sqrt2 \bar P_l^m(\cos\theta_t)` (no root at m = 0).

    Colatitudes in radian are from the north. Tables are folded if there are mirrored
    pairs of rings. With an interpolation, the functions are evaluated at its nodes,
    weighted, and mapped to the rings by the transpose of its matrices. The tables have
    all orders, or some, ascending.
    """
    n_rings = len(theta) - pairs
    parts = 2 if pairs else 1
    some = np.arange(L) if orders is None else orders
    exact = interpolation is not None

    def build() -> LegendreTables:
        factors = None if interpolation is None else interpolation.weights
        functions = legendre_functions(theta[:n_rings], L, some, factors, interpolation)
        return padded_tables(functions, L, some, parts, n_rings)

    return kept_tables(("scalar", theta, L, pairs, exact, some), build)


def kept_tables(settings: Iterable[object], build: Callable[[], Tables]) -> Tables:
    """Return the tables of some settings, built if no transform holds them.

    The settings must tell their kind.
    """
    key = tuple(a.tobytes() if isinstance(a, np.ndarray) else a for a in settings)
    tables = _kept.get(key)
    if tables is None:
        tables = _kept[key] = build()
    return cast(Tables, tables)


def padded_tables(
    functions: Iterable[tuple[int, FloatArray]],
    L: int,
    orders: IntArray,
    parts: int,
    columns: int,
    beyond: int = 0,
) -> LegendreTables:
    """Return the tables of functions of some orders m, ``(L + beyond - m, columns)``.

    Degrees from L on have places in the products, but no rows.
    """
    bounds = order_groups(L, len(orders))
    width = columns | 1
    sizes = [-(-(L + beyond - m) // parts) for m in orders[bounds[:-1]].tolist()]
    shapes = [(n, size, width) for n, size in zip(np.diff(bounds), sizes, strict=True)]
    padded = [[np.zeros(shape) for shape in shapes] for _ in range(parts)]
    for number, (_, values) in enumerate(functions):
        group = int(np.searchsorted(bounds, number, side="right")) - 1
        for part in range(parts):
            some = values[part::parts]
            padded[part][group][number - bounds[group], : len(some), :columns] = some
    of_rows = HarmonicLayout(L).orders
    rows = np.flatnonzero(np.isin(np.abs(of_rows), orders))
    slots, places = _layout(L, parts, np.split(orders, bounds[1:-1]), sizes)
    tables = tuple(SharedTable(table) for part in padded for table in part)
    return LegendreTables(
        tables,
        parts,
        rows,
        of_rows[rows],
        plain_tensor(np.searchsorted(rows, slots)),
        plain_tensor(places[rows]),
    )


def legendre_functions(
    theta: FloatArray,
    L: int,
    orders: IntArray,
    factors: FloatArray | None,
    interpolation: Interpolation | None,
    turned: bool = False,
) -> Iterator[tuple[int, FloatArray]]:
    """Yield some orders and their functions of degrees below L, ``(L - m, rings)``.

    They are those on rings, or at the nodes of an interpolation, times factors there;
    the interpolation maps them to the rings. If ``turned``, signals are components in
    frames that are turned by half a turn beyond a pole.
    """
    nodes = theta if interpolation is None else interpolation.theta
    for m, values in associated_legendre(nodes, L, orders.tolist()):
        if m:
            values *= math.sqrt(2)
        if factors is not None:
            values *= factors
        if interpolation is not None:
            values = values @ interpolation.matrix((m % 2 == 1) != turned, len(theta))
        yield m, values


def order_groups(L: int, n_orders: int) -> IntArray:
    """Return the place of the first order of each group, and the number of orders.

    Some of the orders below L are in as many groups as all of them, which span as many
    degrees.
    """
    n = min(_MOST_GROUPS, max(1, round(L / _ORDERS_OF_A_GROUP)), n_orders)
    return np.arange(n + 1) * n_orders // n


def _layout(
    L: int, parts: int, groups: list[IntArray], sizes: list[int]
) -> tuple[IntArray, IntArray]:
    """Return the rows at (part, group, order, degree, cosine or sine), and places.

    Both are among the rows of all orders; rows of others have no place.
    """
    slots = []
    places = np.zeros(L * L, dtype=np.int64)
    start = 0
    for offset in range(parts):
        for orders, size in zip(groups, sizes, strict=True):
            m = orders[:, None, None]
            sine = np.arange(2)
            degree = m + offset + parts * np.arange(size)[:, None]
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
    return np.concatenate(slots), places
