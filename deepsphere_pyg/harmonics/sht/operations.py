r"""Sums over rings and orders, and their adjoint, as operations of PyTorch.

Both take the same tensors. With the tables :math:`P`, vertex weights :math:`w` and
:math:`\varphi_{tj} = \varphi_t + 2\pi j / n_t`,

.. math::
    c_{l,m} = \sum_t P_{lmt} \sum_j w_t x_{tj} \cos m\varphi_{tj}, \quad
    c_{l,-m} = \sum_t P_{lmt} \sum_j w_t x_{tj} \sin m\varphi_{tj}

and the adjoint is :math:`x_{tj} = w_t \sum_{lm} P_{lmt} (c_{l,m} \cos m\varphi_{tj}
+ c_{l,-m} \sin m\varphi_{tj})`.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from deepsphere_pyg.harmonics.sht.longitudes import Run, fill_orders, fill_signals
from deepsphere_pyg.propagation.products import in_given_precision
from deepsphere_pyg.propagation.transformable import Transformable, linear_in_signals


def analysis(
    x: Tensor,
    tables: Sequence[Tensor],
    layout: Sequence[Tensor],
    runs: Sequence[int],
    shape: Sequence[int],
) -> Tensor:
    """Sum signals against the harmonics.

    Parameters
    ----------
    x
        Signals, shape ``(batch, vertex, channel)``, vertices ring by ring.
    tables
        Those of :class:`.LegendreTables`, rounded.
    layout
        Its ``slots`` and ``places``; signs of the rows, and the same halved for orders
        other than 0, ``(L * L, 1)``; weights of northern rings ``(rings, 1)``; cosine
        and sine of m times their first longitude, ``(rings or 1, L, 2)``. Weights of 1
        and longitudes of 0 are empty.
    runs
        Numbers of each :class:`.Run`, one after the other.
    shape
        Parts of the tables, 2 if rings are folded; number of northern rings; vertices.
    """
    weights, phases = layout[4:]
    batch, _, channels = x.shape
    parts, n_rings, _ = shape
    if x.numel() == 0:
        return x.new_zeros(batch, len(layout[1]), channels)
    orders = new_orders(x, tables, parts)
    used = in_use(orders, batch, channels, n_rings)
    fill_orders(used, x, runs_of(runs), weights, phases)
    return rows_of_orders(orders, tables, layout, n_rings, (batch, channels))


def synthesis(
    c: Tensor,
    tables: Sequence[Tensor],
    layout: Sequence[Tensor],
    runs: Sequence[int],
    shape: Sequence[int],
) -> Tensor:
    """Sum harmonics, the adjoint of :func:`analysis`; parameters as there."""
    weights, phases = layout[4:]
    batch, _, channels = c.shape
    parts, n_rings, n_vertices = shape
    if c.numel() == 0:
        return c.new_zeros(batch, n_vertices, channels)
    orders = orders_of_rows(c, tables, layout, parts)
    used = in_use(orders, batch, channels, n_rings)
    x = c.new_empty(batch, n_vertices, channels)
    fill_signals(x, used, runs_of(runs), weights, phases)
    return x


def rows_of_orders(
    orders: Tensor,
    tables: Sequence[Tensor],
    layout: Sequence[Tensor],
    width: int,
    shape: tuple[int, int],
) -> Tensor:
    """Multiply orders by tables of a width; return rows ``(batch, row, channel)``."""
    slots, places, signs = layout[:3]
    batch, channels = shape
    products = orders.new_empty(len(slots), orders.shape[3])
    fill_products(products, orders, tables, width)
    c = orders.new_empty(batch, len(places), channels)
    rows = products.index_select(0, places)[:, : batch * channels]
    by_signal = rows.view(len(places), batch, channels).transpose(0, 1)
    torch.mul(by_signal, signs, out=c)
    return c


def orders_of_rows(
    c: Tensor,
    tables: Sequence[Tensor],
    layout: Sequence[Tensor],
    parts: int,
    zonal: bool = True,
) -> Tensor:
    """Apply the adjoint of :func:`rows_of_orders`, with orders above 0 halved.

    ``zonal`` tells whether the first order is 0, which has no sine.
    """
    slots, places, _, scales = layout[:4]
    batch, _, channels = c.shape
    orders = new_orders(c, tables, parts)
    columns = orders.shape[3]
    rows = c.new_empty(len(places), columns)
    if channels == 1:
        # The same as a transpose of a matrix, which PyTorch does in blocks.
        rows[:, :batch].copy_(c.reshape(batch, len(places)).T)
    else:
        target = rows[:, : batch * channels].view(len(places), batch, channels)
        target.copy_(c.transpose(0, 1))
    rows *= scales
    fill_orders_of_products(orders, rows.index_select(0, slots), tables)
    if zonal:
        orders[:, 0, 1] = 0
    return orders


def fill_products(
    products: Tensor, orders: Tensor, tables: Sequence[Tensor], width: int
) -> None:
    """Write the products of tables of a width with orders, ``(slot, column)``."""
    columns = orders.shape[3]
    for table, at, some in _steps(tables, orders):
        target = products[at].view(*table.shape[:2], 2 * columns)
        torch.bmm(table[..., :width], some[..., :width].mT, out=target)


def fill_orders_of_products(
    orders: Tensor, products: Tensor, tables: Sequence[Tensor]
) -> None:
    """Write orders by the adjoint of :func:`fill_products`."""
    columns = orders.shape[3]
    for table, at, some in _steps(tables, orders):
        source = products[at].view(*table.shape[:2], 2 * columns)
        torch.bmm(source.mT, table, out=some)


def new_orders(x: Tensor, tables: Sequence[Tensor], parts: int) -> Tensor:
    """Return empty orders of signals or rows, their columns padded as tables are."""
    L = sum(len(table) for table in tables[: len(tables) // parts])
    columns = x.shape[0] * x.shape[2]
    columns += columns % 64 == 0
    return x.new_empty(parts, L, 2, columns, tables[0].shape[2])


def in_use(orders: Tensor, batch: int, channels: int, n_rings: int) -> Tensor:
    """View orders as ``(parts, L, 2, batch, channel, rings)``."""
    used = orders[..., : batch * channels, :n_rings]
    return used.view(*orders.shape[:3], batch, channels, n_rings)


def _steps(
    tables: Sequence[Tensor], orders: Tensor
) -> Iterator[tuple[Tensor, slice, Tensor]]:
    """Yield each table, the place of its products, and its orders as matrices."""
    start = first = 0
    parts, L, _, columns, width = orders.shape
    flat = orders.view(parts * L, 2 * columns, width)
    for table in tables:
        n_orders, n_degrees, _ = table.shape
        size = n_orders * n_degrees * 2
        yield table, slice(start, start + size), flat[first : first + n_orders]
        start, first = start + size, first + n_orders


def runs_of(numbers: Sequence[int]) -> list[Run]:
    """Return the runs of a flat list of numbers."""
    size = len(Run._fields)
    cut = range(0, len(numbers), size)
    return [Run(*numbers[first : first + size]) for first in cut]


def ring_operations(
    name: str,
    analysis: Callable[..., Tensor],
    synthesis: Callable[..., Tensor],
    components: int = 1,
    *,
    n_rows: Callable[..., int] = lambda layout, shape: layout[1].shape[0],
    n_vertices: Callable[..., int] = lambda layout, shape: shape[2],
) -> tuple[Transformable, Transformable]:
    """Register sums over rings and their adjoint as operations of PyTorch.

    Parameters
    ----------
    name
        That of the operations begins with it.
    analysis, synthesis
        Functions of :func:`analysis` and its adjoint, which take the same tensors.
    components
        Numbers that a signal has at a vertex, and a row for each of them.
    n_rows, n_vertices
        Functions of ``layout`` and ``shape``: the numbers of rows that the first
        returns, and of vertices that the second returns, with one component.
    """

    def registered(
        kind: str, function: Callable[..., Tensor], count: Callable[..., int]
    ) -> Any:
        operation = torch.library.custom_op(
            f"deepsphere_pyg::{name}_{kind}",
            in_given_precision(function),
            mutates_args=(),
        )

        @operation.register_fake
        def shape_of(
            x: Tensor,
            tables: Sequence[Tensor],
            layout: Sequence[Tensor],
            runs: Sequence[int],
            shape: Sequence[int],
        ) -> Tensor:
            n = components * count(layout, shape)
            return x.new_empty(x.shape[0], n, x.shape[2])

        return operation

    # Each is the adjoint of the other, and takes the other when it is called.
    to_rows: Transformable = linear_in_signals(
        registered("analysis", analysis, n_rows),
        lambda c, *constants: to_signals(c, *constants),
    )
    to_signals: Transformable = linear_in_signals(
        registered("synthesis", synthesis, n_vertices),
        lambda x, *constants: to_rows(x, *constants),
    )
    return to_rows, to_signals


ring_analysis, ring_synthesis = ring_operations("ring", analysis, synthesis)
