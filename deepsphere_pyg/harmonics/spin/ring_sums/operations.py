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
"""

from collections.abc import Sequence

from torch import Tensor

from deepsphere_pyg.harmonics.sht.longitudes import fill_orders, fill_signals
from deepsphere_pyg.harmonics.sht.operations import ring_operations, runs_of
from deepsphere_pyg.harmonics.sht.steps import (
    as_orders,
    blocks,
    fourier,
    halved,
    n_order_rows,
)
from deepsphere_pyg.harmonics.spin.ring_sums.orders import (
    by_component,
    fill_from_poles,
    fill_to_poles,
    named_layout,
    new_spin_orders,
    orders_in_use,
    spin_orders_of_rows,
    spin_rows_of_orders,
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
    named = named_layout(layout)
    if x.numel() == 0:
        return x.new_zeros(batch, 2 * len(named.by_order), channels)
    fields = x.reshape(batch, n_vertices, 2, channels)
    orders = new_spin_orders(batch * channels, tables, parts)
    used = orders_in_use(orders, batch, channels, n_rings)
    for component, values in enumerate(fields.unbind(2)):
        some = used[:, :, :, component]
        fill_orders(some, values, runs_of(runs), named.weights, named.phases)
    fill_from_poles(used, spin, poles)
    return spin_rows_of_orders(orders, tables, named, (batch, channels, n_rings))


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
    named = named_layout(layout)
    if c.numel() == 0:
        return c.new_zeros(batch, 2 * n_vertices, channels)
    used = spin_orders_of_rows(c, tables, named, parts, n_rings)
    fill_to_poles(used, spin, poles)
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
        fill_from_poles(by_component(as_orders(y, n_orders, parts)), spin, poles)
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
        fill_to_poles(by_component(orders), spin, poles)
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
    named = named_layout(layout)
    if y.numel() == 0:
        return y.new_empty(batch, 2 * len(named.by_order), channels)
    columns = y.reshape(batch, n // 2, 2 * channels)
    orders = new_spin_orders(batch * channels, tables, parts)
    used = orders_in_use(orders, batch, channels, n_rings)
    for rings, some in blocks(bounds, n_orders, parts):
        found = as_orders(columns[:, some], n_orders, parts)
        used[..., rings] = by_component(found)
    return spin_rows_of_orders(orders, tables, named, (batch, channels, n_rings))


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
    named = named_layout(layout)
    y = c.new_empty(batch, n_orders * parts * 2 * n_rings, 2 * channels)
    if c.numel():
        doubled = c.reshape(batch, n // 2, 2, channels) * named.signs[..., None]
        used = spin_orders_of_rows(doubled.view(c.shape), tables, named, parts, n_rings)
        for rings, some in blocks(bounds, n_orders, parts):
            target = as_orders(y[:, some], n_orders, parts)
            by_component(target).copy_(used[..., rings])
    return y.view(batch, 2 * y.shape[1], channels)


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
