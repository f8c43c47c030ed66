r"""Sums of fields over rings against spin harmonics, and their adjoint.

With the functions A and C of :func:`.spin_functions`, and the orders
:math:`F_m = \sum_j f(\varphi_j) e^{-im\varphi_j}` of both components on each ring, the
complex coefficients of gradient and curl are

.. math:: E_{lm} = \sum_t A_{lmt} F_{0,mt} - i C_{lmt} F_{1,mt}, \quad
    B_{lm} = \sum_t A_{lmt} F_{1,mt} + i C_{lmt} F_{0,mt}

Each is one product of a row (A, C) with a column of the orders beside their
exchanged ones. On rings folded at the equator, C meets the differences where A meets
the sums.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from deepsphere_pyg.harmonics.sht.longitudes import fill_orders, fill_signals
from deepsphere_pyg.harmonics.sht.operations import (
    in_use,
    new_orders,
    orders_of_rows,
    ring_operations,
    rows_of_orders,
    runs_of,
)
from deepsphere_pyg.harmonics.sht.steps import (
    as_orders,
    blocks,
    fourier,
    halved,
    n_order_rows,
)


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
        Those of :func:`.spin_tables`, rounded.
    layout, runs
        As for :func:`.operations.analysis`.
    shape
        As there; then the spin and, for each northern ring that is a pole, its number
        and 1 in the north or -1 in the south.
    """
    batch, _, channels = x.shape
    parts, n_rings, n_vertices, spin, *poles = shape
    weights, phases = layout[4:]
    if x.numel() == 0:
        return x.new_zeros(batch, 2 * len(layout[1]), channels)
    columns = x.reshape(batch, n_vertices, 2 * channels)
    orders = new_orders(columns, tables, parts)
    itself, exchanged = _halves(orders, batch, channels, n_rings)
    fill_orders(itself.flatten(4, 5), columns, runs_of(runs), weights, phases)
    _from_poles(itself, spin, poles)
    _fill_exchanged(itself, exchanged)
    shape_of_columns = batch, 2 * channels
    c = rows_of_orders(orders, tables, layout, 2 * n_rings, shape_of_columns)
    return c.view(batch, 2 * c.shape[1], channels)


def spin_synthesis(
    c: Tensor,
    tables: Sequence[Tensor],
    layout: Sequence[Tensor],
    runs: Sequence[int],
    shape: Sequence[int],
) -> Tensor:
    """Sum harmonics, the adjoint of :func:`spin_analysis`; parameters as there."""
    batch, n, channels = c.shape
    parts, n_rings, n_vertices, spin, *poles = shape
    weights, phases = layout[4:]
    if c.numel() == 0:
        return c.new_zeros(batch, 2 * n_vertices, channels)
    columns = c.reshape(batch, n // 2, 2 * channels)
    orders = orders_of_rows(columns, tables, layout, parts)
    itself, exchanged = _halves(orders, batch, channels, n_rings)
    _add_exchanged(itself, exchanged)
    _to_poles(itself, spin, poles)
    x = c.new_empty(batch, n_vertices, 2 * channels)
    fill_signals(x, itself.flatten(4, 5), runs_of(runs), weights, phases)
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
    y = fourier(columns, tables, layout, runs, shape[:4])
    if x.numel():
        _from_poles(_in_components(as_orders(y, n_orders, parts)), spin, poles)
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
        _to_poles(_in_components(orders), spin, poles)
        fill_signals(x, orders, runs_of(runs), *layout[4:])
    return x.view(batch, 2 * n_vertices, channels)


def spin_legendre(
    y: Tensor,
    tables: Sequence[Tensor],
    layout: Sequence[Tensor],
    bounds: Sequence[int],
    shape: Sequence[int],
) -> Tensor:
    """Sum orders of fields against the functions A and C.

    Parameters are those of :func:`.steps.legendre`.
    """
    n_orders, parts, n_rings, _ = shape
    batch, n, channels = y.shape
    if y.numel() == 0:
        return y.new_empty(batch, 2 * len(layout[1]), channels)
    columns = y.reshape(batch, n // 2, 2 * channels)
    orders = new_orders(columns, tables, parts)
    itself, exchanged = _halves(orders, batch, channels, n_rings)
    for rings, some in blocks(bounds, n_orders, parts):
        found = as_orders(columns[:, some], n_orders, parts)
        itself[..., rings] = _in_components(found)
    _fill_exchanged(itself, exchanged)
    width = 2 * n_rings
    c = rows_of_orders(orders, tables, layout, width, (batch, 2 * channels))
    return c.view(batch, 2 * c.shape[1], channels)


def spin_legendre_adjoint(
    c: Tensor,
    tables: Sequence[Tensor],
    layout: Sequence[Tensor],
    bounds: Sequence[int],
    shape: Sequence[int],
) -> Tensor:
    """Apply the adjoint of :func:`spin_legendre`; parameters as there."""
    n_orders, parts, n_rings, zonal = shape
    batch, n, channels = c.shape
    y = c.new_empty(batch, n_orders * parts * 2 * n_rings, 2 * channels)
    if c.numel():
        columns = c.reshape(batch, n // 2, 2 * channels)
        # Signs in place of scales: nothing is halved.
        signs = [*layout[:3], layout[2]]
        orders = orders_of_rows(columns, tables, signs, parts, zonal == 1)
        itself, exchanged = _halves(orders, batch, channels, n_rings)
        _add_exchanged(itself, exchanged)
        for rings, some in blocks(bounds, n_orders, parts):
            target = as_orders(y[:, some], n_orders, parts)
            _in_components(target).copy_(itself[..., rings])
    return y.view(batch, 2 * y.shape[1], channels)


def _in_components(orders: Tensor) -> Tensor:
    """View ``(parts, order, 2, batch, component * channel, ring)`` by component."""
    *shape, columns, n_rings = orders.shape
    return orders.view(*shape, 2, columns // 2, n_rings)


def _fill_exchanged(itself: Tensor, exchanged: Tensor) -> None:
    """Write the orders that the function C meets."""
    for here, other in zip(exchanged, reversed(itself.unbind()), strict=True):
        here[:, 0, :, 0] = other[:, 1, :, 1]
        torch.neg(other[:, 0, :, 1], out=here[:, 1, :, 0])
        torch.neg(other[:, 1, :, 0], out=here[:, 0, :, 1])
        here[:, 1, :, 1] = other[:, 0, :, 0]


def _add_exchanged(itself: Tensor, exchanged: Tensor) -> None:
    """Apply the adjoint of :func:`_fill_exchanged`."""
    for here, other in zip(itself, reversed(exchanged.unbind()), strict=True):
        here[:, 0, :, 0] += other[:, 1, :, 1]
        here[:, 1, :, 0] -= other[:, 0, :, 1]
        here[:, 0, :, 1] -= other[:, 1, :, 0]
        here[:, 1, :, 1] += other[:, 0, :, 0]


def _halves(
    orders: Tensor, batch: int, channels: int, n_rings: int
) -> tuple[Tensor, Tensor]:
    """View both halves as ``(parts, L, 2, batch, component, channel, ring)``."""
    used = in_use(orders, batch, 2 * channels, 2 * n_rings)
    both = used.view(*used.shape[:4], 2, channels, 2 * n_rings)
    return both[..., :n_rings], both[..., n_rings:]


def _from_poles(orders: Tensor, spin: int, poles: Sequence[int]) -> None:
    r"""Write the orders of poles, of which order 0 holds the value at longitude 0.

    A field takes the value :math:`f e^{\mp is\varphi}` in the frame of the meridian at
    the longitude phi: it has the order s alone.
    """
    for ring, side in zip(poles[::2], poles[1::2], strict=True):
        parts = orders.shape[0]
        value = orders[:, 0, 0, ..., ring] / 2
        turned = side * value.flip(0)
        orders[..., ring] = 0
        at = orders[:, spin, ..., ring]
        for part in range(parts):
            at[part, 0] = value[part]
            at[part, 1, :, 0] = -turned[part, :, 1]
            at[part, 1, :, 1] = turned[part, :, 0]


def _to_poles(orders: Tensor, spin: int, poles: Sequence[int]) -> None:
    """Apply the adjoint of :func:`_from_poles`."""
    for ring, side in zip(poles[::2], poles[1::2], strict=True):
        at = orders[:, spin, ..., ring]
        # Orders above 0 are halved.
        value = at[:, 0].clone()
        turned = side * at[:, 1].flip(0)
        value[:, :, 0] += turned[:, :, 1]
        value[:, :, 1] -= turned[:, :, 0]
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
