r"""Sums of fields over rings against spin harmonics, and their adjoint.

With the functions A and C of :func:`.spin_functions`, and the orders
:math:`F_m = \sum_j f(\varphi_j) e^{-im\varphi_j}` of both components on each ring, the
complex coefficients of gradient and curl are

.. math:: E_{lm} = \sum_t A_{lmt} F_{0,mt} - i C_{lmt} F_{1,mt}, \quad
    B_{lm} = \sum_t A_{lmt} F_{1,mt} + i C_{lmt} F_{0,mt}

A and C are sums of Legendre functions of neighbouring degrees over
:math:`\sin^s\theta`. So the orders, divided by that, are summed against Legendre
functions as those of two scalar signals are. A sparse matrix adds up the products of
neighbouring degrees, and orders near poles, where these sums would cancel, times A and
C themselves.

Orders are ``(parts, order, 2, component, batch, channel, ring)``, real and imaginary
part third.
"""

from collections.abc import Iterator, Sequence
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor

from deepsphere_pyg.harmonics.sht.longitudes import fill_orders, fill_signals
from deepsphere_pyg.harmonics.sht.operations import (
    fill_orders_of_products,
    fill_products,
    ring_operations,
    runs_of,
)
from deepsphere_pyg.harmonics.sht.steps import (
    as_orders,
    blocks,
    fourier,
    halved,
    n_order_rows,
)
from deepsphere_pyg.propagation.products import fastest_product


class _Layout(NamedTuple):
    """The constants of all operations, by name."""

    slots: Tensor
    places: Tensor
    signs: Tensor
    scales: Tensor
    weights: Tensor
    phases: Tensor
    nodes: Tensor
    sums: Sequence[Tensor]
    transposed: Sequence[Tensor]


def spin_analysis(
    x: Tensor,
    tables: Sequence[Tensor],
    layout: Sequence[Tensor],
    runs: Sequence[int],
    shape: Sequence[int],
) -> Tensor:
    """Sum fields against the harmonics.

    Parameters
    ----------
    x
        Fields, shape ``(batch, 2 * vertex, channel)``, components of a vertex next to
        each other.
    tables
        Those of :class:`.SpinTables`, rounded.
    layout
        As for :func:`.operations.analysis`, but the sums have signs and scales, and in
        place of signs there are factors that undo the scales; then the matrices to
        nodes near the poles, and offsets, indices and weights of the sums, and of their
        transpose.
    runs
        As there.
    shape
        As there; then the spin and, for each northern ring that is a pole, its number
        and 1 in the north or -1 in the south.
    """
    batch, _, channels = x.shape
    parts, n_rings, n_vertices, spin, *poles = shape
    named = _named(layout)
    if x.numel() == 0:
        return x.new_zeros(batch, 2 * len(named.places), channels)
    fields = x.reshape(batch, n_vertices, 2, channels)
    orders = _new_orders(batch * channels, tables, parts)
    used = _in_use(orders, batch, channels, n_rings)
    for component, values in enumerate(fields.unbind(2)):
        some = used[:, :, :, component]
        fill_orders(some, values, runs_of(runs), named.weights, named.phases)
    _from_poles(used, spin, poles)
    return _rows_of_orders(orders, tables, named, (batch, channels, n_rings))


def spin_synthesis(
    c: Tensor,
    tables: Sequence[Tensor],
    layout: Sequence[Tensor],
    runs: Sequence[int],
    shape: Sequence[int],
) -> Tensor:
    """Sum harmonics, the adjoint of :func:`spin_analysis`; parameters as there."""
    batch, _, channels = c.shape
    parts, n_rings, n_vertices, spin, *poles = shape
    named = _named(layout)
    if c.numel() == 0:
        return c.new_zeros(batch, 2 * n_vertices, channels)
    used = _orders_of_rows(c, tables, named, parts, n_rings)
    _to_poles(used, spin, poles)
    x = c.new_empty(batch, n_vertices, 2, channels)
    for component, values in enumerate(x.unbind(2)):
        some = used[:, :, :, component]
        fill_signals(values, some, runs_of(runs), named.weights, named.phases)
    return x.view(batch, 2 * n_vertices, channels)


def spin_fourier(
    x: Tensor,
    tables: Sequence[Tensor],
    layout: Sequence[Tensor],
    runs: Sequence[int],
    shape: Sequence[int],
) -> Tensor:
    """Return the orders of fields on some rings, as rows, components side by side.

    Parameters are those of :func:`.steps.fourier`, and spin and poles at the end of
    ``shape`` as for :func:`spin_analysis`.
    """
    n_orders, parts, _, n_vertices, spin, *poles = shape
    batch, _, channels = x.shape
    columns = x.reshape(batch, n_vertices, 2 * channels)
    y = fourier(columns, tables, layout[:6], runs, shape[:4])
    if x.numel():
        _from_poles(_by_component(as_orders(y, n_orders, parts)), spin, poles)
    return y.view(batch, 2 * y.shape[1], channels)


def spin_fourier_adjoint(
    y: Tensor,
    tables: Sequence[Tensor],
    layout: Sequence[Tensor],
    runs: Sequence[int],
    shape: Sequence[int],
) -> Tensor:
    """Apply the adjoint of :func:`spin_fourier`; parameters as there."""
    n_orders, parts, _, n_vertices, spin, *poles = shape
    batch, n, channels = y.shape
    x = y.new_empty(batch, n_vertices, 2 * channels)
    if y.numel():
        columns = y.reshape(batch, n // 2, 2 * channels)
        orders = halved(as_orders(columns, n_orders, parts))
        _to_poles(_by_component(orders), spin, poles)
        fill_signals(x, orders, runs_of(runs), *layout[4:6])
    return x.view(batch, 2 * n_vertices, channels)


def spin_legendre(
    y: Tensor,
    tables: Sequence[Tensor],
    layout: Sequence[Tensor],
    bounds: Sequence[int],
    shape: Sequence[int],
) -> Tensor:
    """Sum orders of fields against the harmonics.

    Parameters are those of :func:`.steps.legendre`, the layout as for
    :func:`spin_analysis`.
    """
    n_orders, parts, n_rings, _ = shape
    batch, n, channels = y.shape
    named = _named(layout)
    if y.numel() == 0:
        return y.new_empty(batch, 2 * len(named.places), channels)
    columns = y.reshape(batch, n // 2, 2 * channels)
    orders = _new_orders(batch * channels, tables, parts)
    used = _in_use(orders, batch, channels, n_rings)
    for rings, some in blocks(bounds, n_orders, parts):
        found = as_orders(columns[:, some], n_orders, parts)
        used[..., rings] = _by_component(found)
    return _rows_of_orders(orders, tables, named, (batch, channels, n_rings))


def spin_legendre_adjoint(
    c: Tensor,
    tables: Sequence[Tensor],
    layout: Sequence[Tensor],
    bounds: Sequence[int],
    shape: Sequence[int],
) -> Tensor:
    """Apply the adjoint of :func:`spin_legendre`; parameters as there."""
    n_orders, parts, n_rings, _ = shape
    batch, n, channels = c.shape
    named = _named(layout)
    y = c.new_empty(batch, n_orders * parts * 2 * n_rings, 2 * channels)
    if c.numel():
        doubled = c.reshape(batch, n // 2, 2, channels) * named.signs[..., None]
        used = _orders_of_rows(doubled.view(c.shape), tables, named, parts, n_rings)
        for rings, some in blocks(bounds, n_orders, parts):
            target = as_orders(y[:, some], n_orders, parts)
            _by_component(target).copy_(used[..., rings])
    return y.view(batch, 2 * y.shape[1], channels)


def _named(layout: Sequence[Tensor]) -> _Layout:
    """Return the constants by name."""
    slots, places, signs, scales, weights, phases, nodes, *sums = layout
    return _Layout(
        slots, places, signs, scales, weights, phases, nodes, sums[:3], sums[3:]
    )


def _new_orders(n_signals: int, tables: Sequence[Tensor], parts: int) -> Tensor:
    """Return empty orders ``(parts, order, 2, column, ring)`` of some fields.

    Columns are signals of the first component, then of the second. Numbers of both are
    padded as those of rings are in tables.
    """
    L = sum(len(table) for table in tables[: len(tables) // parts])
    columns = 2 * (n_signals + (n_signals % 32 == 0))
    return tables[0].new_empty(parts, L, 2, columns, tables[0].shape[2])


def _in_use(orders: Tensor, batch: int, channels: int, n_rings: int) -> Tensor:
    """View orders by component, batch, channel and ring."""
    *shape, columns, width = orders.shape
    by_component = orders.view(*shape, 2, columns // 2, width)
    used = by_component[..., : batch * channels, :n_rings]
    return used.view(*shape, 2, batch, channels, n_rings)


def _by_component(orders: Tensor) -> Tensor:
    """View ``(parts, order, 2, batch, component * channel, ring)`` by component."""
    *shape, columns, n_rings = orders.shape
    return orders.view(*shape, 2, columns // 2, n_rings).movedim(4, 3)


def _rows_of_orders(
    orders: Tensor,
    tables: Sequence[Tensor],
    layout: _Layout,
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


def _orders_of_rows(
    c: Tensor,
    tables: Sequence[Tensor],
    layout: _Layout,
    parts: int,
    n_rings: int,
) -> Tensor:
    """Apply the adjoint of :func:`_rows_of_orders`, with orders above 0 halved."""
    batch, n, channels = c.shape
    orders = _new_orders(batch * channels, tables, parts)
    rows = c.new_empty(n, orders.shape[3] // 2)
    _by_signal(rows, batch, channels).copy_(c)
    terms = fastest_product(rows, *layout.transposed)
    products, at_nodes = _apart(terms, orders, layout)
    fill_orders_of_products(orders, products, tables)
    for found, some, matrices in _of_nodes(at_nodes, orders, layout):
        some.baddbmm_(found.mT, matrices)
    return _in_use(orders, batch, channels, n_rings)


def _by_signal(rows: Tensor, batch: int, channels: int) -> Tensor:
    """View rows ``(n, signal)`` as ``(batch, n, channel)``."""
    if channels == 1:
        # The same as a transpose of a matrix, which PyTorch copies in blocks.
        return rows[:, :batch].T[..., None]
    used = rows[:, : batch * channels].view(len(rows), batch, channels)
    return used.transpose(0, 1)


def _apart(terms: Tensor, orders: Tensor, layout: _Layout) -> tuple[Tensor, Tensor]:
    """View terms ``(place, signal)`` as products, and as orders at nodes.

    These are ``(slot, column)``, and ``(parts, order, node, 2 * column)``.
    """
    columns = orders.shape[3]
    n = 2 * len(layout.slots)
    shape = *layout.nodes.shape[:3], 2 * columns
    return terms[:n].view(-1, columns), terms[n:].view(shape)


def _of_nodes(
    at_nodes: Tensor, orders: Tensor, layout: _Layout
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


def _from_poles(orders: Tensor, spin: int, poles: Sequence[int]) -> None:
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


def _to_poles(orders: Tensor, spin: int, poles: Sequence[int]) -> None:
    """Apply the adjoint of :func:`_from_poles`."""
    for ring, side in zip(poles[::2], poles[1::2], strict=True):
        at = orders[:, spin, ..., ring]
        # Orders above 0 are halved.
        value = at[:, 0].clone()
        turned = side * at[:, 1].flip(0)
        value[:, 0] += turned[:, 1]
        value[:, 1] -= turned[:, 0]
        orders[:, 0, 0, ..., ring] = value


spin_ring_analysis, spin_ring_synthesis = ring_operations(
    "spin_ring", spin_analysis, spin_synthesis, components=2
)
spin_ring_fourier, spin_ring_fourier_adjoint = ring_operations(
    "spin_fourier",
    spin_fourier,
    spin_fourier_adjoint,
    components=2,
    n_rows=n_order_rows,
    n_vertices=lambda layout, shape: shape[3],
)
spin_ring_legendre, spin_ring_legendre_adjoint = ring_operations(
    "spin_legendre",
    spin_legendre,
    spin_legendre_adjoint,
    components=2,
    n_vertices=n_order_rows,
)
