"""Orders of fields of spin, their products with tables, and rows of coefficients.

Orders are ``(parts, order, 2, component, batch, channel, ring)``, real and imaginary
part third.
"""

from collections.abc import Iterator, Sequence
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor

from deepsphere_pyg.harmonics.sht.operations import (
    fill_orders_of_products,
    fill_products,
)
from deepsphere_pyg.propagation.products import fastest_product


class SpinLayout(NamedTuple):
    """The constants of all operations, by name."""

    slots: Tensor
    by_order: Tensor
    signs: Tensor
    scales: Tensor
    weights: Tensor
    phases: Tensor
    nodes: Tensor
    sums: Sequence[Tensor]
    transposed: Sequence[Tensor]


def named_layout(layout: Sequence[Tensor]) -> SpinLayout:
    """Return the constants by name."""
    slots, by_order, signs, scales, weights, phases, nodes, *sums = layout
    return SpinLayout(
        slots, by_order, signs, scales, weights, phases, nodes, sums[:3], sums[3:]
    )


def new_spin_orders(n_signals: int, tables: Sequence[Tensor], parts: int) -> Tensor:
    """Return empty orders ``(parts, order, 2, column, ring)`` of some fields.

    Columns are signals of the first component, then of the second. Numbers of both are
    padded as those of rings are in tables.
    """
    L = sum(len(table) for table in tables[: len(tables) // parts])
    columns = 2 * (n_signals + (n_signals % 32 == 0))
    return tables[0].new_empty(parts, L, 2, columns, tables[0].shape[2])


def orders_in_use(orders: Tensor, batch: int, channels: int, n_rings: int) -> Tensor:
    """View orders by component, batch, channel and ring."""
    *shape, columns, width = orders.shape
    by_component = orders.view(*shape, 2, columns // 2, width)
    used = by_component[..., : batch * channels, :n_rings]
    return used.view(*shape, 2, batch, channels, n_rings)


def by_component(orders: Tensor) -> Tensor:
    """View ``(parts, order, 2, batch, component * channel, ring)`` by component."""
    *shape, columns, n_rings = orders.shape
    return orders.view(*shape, 2, columns // 2, n_rings).movedim(4, 3)


def spin_rows_of_orders(
    orders: Tensor,
    tables: Sequence[Tensor],
    layout: SpinLayout,
    shape: tuple[int, int, int],
) -> Tensor:
    """Return rows ``(batch, 2 * row, channel)`` of orders.

    ``shape`` is the numbers of signals, channels and northern rings.
    """
    batch, channels, n_rings = shape
    n_terms = 2 * len(layout.slots) + 4 * prod(layout.nodes.shape[:3])
    terms = orders.new_empty(n_terms, orders.shape[3] // 2)
    products, at_nodes = _apart(terms, orders, layout)
    fill_products(products, orders, tables, n_rings)
    for found, some, matrices in _of_nodes(at_nodes, orders, layout):
        torch.bmm(matrices, some.mT, out=found)
    rows = fastest_product(terms, *layout.sums)
    c = orders.new_empty(batch, len(rows), channels)
    c.copy_(_by_signal(rows, batch, channels))
    return c


def spin_orders_of_rows(
    c: Tensor,
    tables: Sequence[Tensor],
    layout: SpinLayout,
    parts: int,
    n_rings: int,
) -> Tensor:
    """Apply the adjoint of :func:`spin_rows_of_orders`, with orders above 0 halved."""
    batch, n, channels = c.shape
    orders = new_spin_orders(batch * channels, tables, parts)
    columns = orders.shape[3] // 2
    if batch == 1 and columns == channels:
        rows = c.reshape(n, channels)
    else:
        rows = c.new_empty(n, columns)
        _by_signal(rows, batch, channels).copy_(c)
    by_order = rows.view(n // 2, 2 * columns).index_select(0, layout.by_order)
    terms = fastest_product(by_order.view(n, columns), *layout.transposed)
    products, at_nodes = _apart(terms, orders, layout)
    fill_orders_of_products(orders, products, tables)
    for found, some, matrices in _of_nodes(at_nodes, orders, layout):
        # Added apart: into a view, baddbmm_ multiplies matrices one by one.
        some += torch.bmm(found.mT, matrices)
    return orders_in_use(orders, batch, channels, n_rings)


def _by_signal(rows: Tensor, batch: int, channels: int) -> Tensor:
    """View rows ``(n, signal)`` as ``(batch, n, channel)``."""
    if channels == 1:
        # The same as a transpose of a matrix, which PyTorch copies in blocks.
        return rows[:, :batch].T[..., None]
    used = rows[:, : batch * channels].view(len(rows), batch, channels)
    return used.transpose(0, 1)


def _apart(terms: Tensor, orders: Tensor, layout: SpinLayout) -> tuple[Tensor, Tensor]:
    """View terms ``(place, signal)`` as products, and as orders at nodes.

    These are ``(slot, column)``, and ``(parts, order, node, 2 * column)``.
    """
    columns = orders.shape[3]
    n = 2 * len(layout.slots)
    shape = *layout.nodes.shape[:3], 2 * columns
    return terms[:n].view(-1, columns), terms[n:].view(shape)


def _of_nodes(
    at_nodes: Tensor, orders: Tensor, layout: SpinLayout
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield orders at nodes, those on rings they come from, and matrices, by part.

    They are ``(order, node, 2 * column)``, ``(order, 2 * column, ring)`` and ``(order,
    node, ring)``.
    """
    n_rings = layout.nodes.shape[3]
    if at_nodes.numel() == 0:
        return
    for found, part, matrices in zip(at_nodes, orders, layout.nodes, strict=True):
        some = part[: len(matrices)].flatten(1, 2)
        yield found, some[..., :n_rings], matrices


def fill_from_poles(orders: Tensor, spin: int, poles: Sequence[int]) -> None:
    r"""Write the orders of poles, of which order 0 holds the value at longitude 0.

    A field takes the value :math:`f e^{\mp is\varphi}` in the frame of the meridian at
    the longitude phi: it has the order s alone.
    """
    for ring, side in zip(poles[::2], poles[1::2], strict=True):
        value = orders[:, 0, 0, ..., ring] / 2
        turned = side * value.flip(0)
        orders[..., ring] = 0
        at = orders[:, spin, ..., ring]
        at[:, 0] = value
        at[:, 1, 0] = -turned[:, 1]
        at[:, 1, 1] = turned[:, 0]


def fill_to_poles(orders: Tensor, spin: int, poles: Sequence[int]) -> None:
    """Apply the adjoint of :func:`fill_from_poles`."""
    for ring, side in zip(poles[::2], poles[1::2], strict=True):
        at = orders[:, spin, ..., ring]
        # Orders above 0 are halved.
        value = at[:, 0].clone()
        turned = side * at[:, 1].flip(0)
        value[:, 0] += turned[:, 1]
        value[:, 1] -= turned[:, 0]
        orders[:, 0, 0, ..., ring] = value
