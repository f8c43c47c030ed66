"""Legendre functions on rings, as the tables of a batched matrix product."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.fixed_tensors.fixed_tensors import plain_tensor
from deepsphere_pyg.harmonics.functions.legendre import associated_legendre
from samplings.arrays import FloatArray, IntArray

# Orders share a table with others of about as many degrees. Fewer orders waste less on
# padding (a quarter of the products with 4 groups, an eighth with 8), more tables cost
# more calls.
_ORDERS_OF_A_GROUP = 32
_MOST_GROUPS = 8


@dataclass(frozen=True, eq=False)
class LegendreTables:
    """Tables by parity and group of orders, and where coefficients stand in them.

    Attributes
    ----------
    master
        Float64, shape ``(orders, degrees, width)`` each: first the even parity of
        l + m, from the lowest orders on, then the odd one; or one part for both where
        the rings are not folded. The width is the number of rings of the north, made
        odd: powers of two between rows would all meet in one place of the cache.
    slots
        Row of coefficients at each place of the products, shape ``(n_slots,)``.
    places
        Place of each row, shape ``(L * L,)``.
    """

    master: tuple[Tensor, ...]
    slots: Tensor
    places: Tensor
    _rounded: dict[torch.dtype, tuple[Tensor, ...]] = field(default_factory=dict)

    def rounded(self, dtype: torch.dtype) -> tuple[Tensor, ...]:
        """Return the tables in a dtype, each dtype made once."""
        if dtype == torch.float64:
            return self.master
        if dtype not in self._rounded:
            with torch.inference_mode(False):
                rounded = tuple(table.to(dtype) for table in self.master)
            self._rounded[dtype] = rounded
        return self._rounded[dtype]

    @property
    def n_bytes(self) -> int:
        """Bytes of the float64 tables and of what was rounded of them."""
        kept = [self.master, *self._rounded.values()]
        return sum(t.numel() * t.element_size() for tables in kept for t in tables)

    def __deepcopy__(self, memo: object) -> LegendreTables:
        """Tables never change: copies of modules share them."""
        return self


# Transforms of the same rings and bandlimit share tables, as long as one of them lives.
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
    r"""Return the tables of :math:`\sqrt2 \bar P_l^m(\cos\theta_t)`.

    Parameters
    ----------
    theta
        Colatitudes of all rings, from the north, in radian.
    L
        Bandlimit.
    pairs
        Mirrored pairs of rings; the tables are folded if there are any.
    interpolation
        For an analysis that needs it: the functions are taken at its nodes, weighted,
        and brought to the rings by the transpose of its matrices.

    Returns
    -------
    LegendreTables
        :math:`\bar P_l^0` for order 0.
    """
    key = (theta.tobytes(), L, pairs, interpolation is not None)
    tables = _kept.get(key)
    if tables is None:
        tables = _kept[key] = _tables(theta, L, pairs, interpolation)
    return tables


def _tables(
    theta: FloatArray, L: int, pairs: int, interpolation: Interpolation | None
) -> LegendreTables:
    parts = 2 if pairs else 1
    bounds = _groups(L)
    n_rings = len(theta) - pairs
    width = n_rings | 1
    sizes = [-(-(L - first) // parts) for first in bounds[:-1]]
    padded = [
        [
            np.zeros((bounds[g + 1] - bounds[g], size, width))
            for g, size in enumerate(sizes)
        ]
        for _ in range(parts)
    ]
    for m, values in _functions(theta[:n_rings], L, interpolation):
        group = int(np.searchsorted(bounds, m, side="right")) - 1
        for part in range(parts):
            some = values[part::parts]
            padded[part][group][m - bounds[group], : len(some), :n_rings] = some
    slots, places = _layout(L, parts, bounds, sizes)
    tables = [plain_tensor(table) for part in padded for table in part]
    return LegendreTables(tuple(tables), slots, places)


def _functions(
    theta: FloatArray, L: int, interpolation: Interpolation | None
) -> Iterator[tuple[int, FloatArray]]:
    """Yield each order with its functions, ``(L - m, rings)``."""
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
    """First order of each group, and L."""
    n = min(_MOST_GROUPS, max(1, round(L / _ORDERS_OF_A_GROUP)))
    return np.arange(n + 1) * L // n


def _layout(
    L: int, parts: int, bounds: IntArray, sizes: list[int]
) -> tuple[Tensor, Tensor]:
    """Rows at the places ``(part, group, order, degree, cosine | sine)``, and back."""
    slots = []
    places = np.empty(L * L, dtype=np.int64)
    start = 0
    for part in range(parts):
        for group, size in enumerate(sizes):
            m = np.arange(bounds[group], bounds[group + 1])[:, None, None]
            sine = np.arange(2)
            degree = m + part + parts * np.arange(size)[:, None]
            # Padding meets zeros of the tables; it takes values of its own order, so
            # that what is not finite spreads no further than it does anyway.
            inside = degree < L
            l = np.where(inside, degree, m)  # noqa: E741
            rows = l * l + l + np.where(sine == 1, -m, m)
            used = np.broadcast_to(inside & ((m > 0) | (sine == 0)), rows.shape)
            place = start + np.arange(rows.size).reshape(rows.shape)
            places[rows[used]] = place[used]
            slots.append(rows.ravel())
            start += rows.size
    return plain_tensor(np.concatenate(slots)), plain_tensor(places)
