r"""Both steps of a transform on rings, as operations of their own.

The first is a Fourier transform along each ring, for all orders; the second sums over
rings against the Legendre functions of each order. Between them, orders
:math:`\sum_j w_t x_{tj} e^{-im\varphi_{tj}}` are rows ``(batch, n, channel)``, by the
order, sums and differences of mirrored rings (one part without mirrors), the real and
imaginary part, and the northern ring: so that processes can exchange them.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

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


def fourier(
    x: Tensor,
    tables: Sequence[Tensor],
    layout: Sequence[Tensor],
    runs: Sequence[int],
    shape: Sequence[int],
) -> Tensor:
    """Return the orders of signals on some rings, as rows.

    Parameters
    ----------
    x, tables, layout, runs
        As for :func:`.operations.analysis`.
    shape
        Number of orders, from 0 on; then as there.
    """
    n_orders, parts, n_rings, _ = shape
    batch, _, channels = x.shape
    y = x.new_empty(batch, n_orders * parts * 2 * n_rings, channels)
    if x.numel():
        orders = as_orders(y, n_orders, parts)
        fill_orders(orders, x, runs_of(runs), *layout[4:])
    return y


def fourier_adjoint(
    y: Tensor,
    tables: Sequence[Tensor],
    layout: Sequence[Tensor],
    runs: Sequence[int],
    shape: Sequence[int],
) -> Tensor:
    """Apply the adjoint of :func:`fourier`; parameters as there."""
    n_orders, parts, _, n_vertices = shape
    x = y.new_empty(y.shape[0], n_vertices, y.shape[2])
    if y.numel():
        orders = halved(as_orders(y, n_orders, parts))
        fill_signals(x, orders, runs_of(runs), *layout[4:])
    return x


def legendre(
    y: Tensor,
    tables: Sequence[Tensor],
    layout: Sequence[Tensor],
    bounds: Sequence[int],
    shape: Sequence[int],
) -> Tensor:
    """Sum orders against the Legendre functions.

    Parameters
    ----------
    y
        Orders of all rings, as rows: those of each block of rings, one after the other.
    tables, layout
        As for :func:`.operations.analysis`, of the orders of ``y``.
    bounds
        First northern ring of each block, and the number of all.
    shape
        Number of the orders, of parts, and of all northern rings; 1 if the first order
        is 0.
    """
    n_orders, parts, n_rings, _ = shape
    batch, _, channels = y.shape
    if y.numel() == 0:
        return y.new_empty(batch, len(layout[1]), channels)
    orders = new_orders(y, tables, parts)
    used = in_use(orders, batch, channels, n_rings)
    for rings, some in blocks(bounds, n_orders, parts):
        used[..., rings] = as_orders(y[:, some], n_orders, parts)
    return rows_of_orders(orders, tables, layout, n_rings, (batch, channels))


def legendre_adjoint(
    c: Tensor,
    tables: Sequence[Tensor],
    layout: Sequence[Tensor],
    bounds: Sequence[int],
    shape: Sequence[int],
) -> Tensor:
    """Apply the adjoint of :func:`legendre`; parameters as there."""
    n_orders, parts, n_rings, zonal = shape
    batch, _, channels = c.shape
    y = c.new_empty(batch, n_orders * parts * 2 * n_rings, channels)
    if c.numel():
        # Signs in place of scales: nothing is halved.
        signs = [*layout[:3], layout[2]]
        orders = orders_of_rows(c, tables, signs, parts, zonal == 1)
        used = in_use(orders, batch, channels, n_rings)
        for rings, some in blocks(bounds, n_orders, parts):
            as_orders(y[:, some], n_orders, parts).copy_(used[..., rings])
    return y


def as_orders(y: Tensor, n_orders: int, parts: int) -> Tensor:
    """View rows as orders ``(parts, order, 2, batch, channel, ring)``."""
    batch, n, channels = y.shape
    n_rings = n // (2 * parts * n_orders)
    orders = y.view(batch, n_orders, parts, 2, n_rings, channels)
    return orders.permute(2, 1, 3, 0, 5, 4)


def halved(orders: Tensor) -> Tensor:
    """Return orders of which those above 0 are halved, as signals are made of them.

    Order 0 has no imaginary part.
    """
    factors = orders.new_full((orders.shape[1], 2, 1, 1, 1), 0.5)
    factors[0, 0], factors[0, 1] = 1, 0
    return orders * factors


def blocks(
    bounds: Sequence[int], n_orders: int, parts: int
) -> Iterator[tuple[slice, slice]]:
    """Yield the rings of each block, and its rows."""
    rows = 2 * parts * n_orders
    for first, stop in pairwise(bounds):
        yield slice(first, stop), slice(rows * first, rows * stop)


def n_order_rows(layout: Sequence[Tensor], shape: Sequence[int]) -> int:
    """Return the number of rows that orders of a shape are."""
    n_orders, parts, n_rings = shape[:3]
    return n_orders * parts * 2 * n_rings


ring_fourier, ring_fourier_adjoint = ring_operations(
    "fourier",
    fourier,
    fourier_adjoint,
    n_rows=n_order_rows,
    n_vertices=lambda layout, shape: shape[3],
)
ring_legendre, ring_legendre_adjoint = ring_operations(
    "legendre", legendre, legendre_adjoint, n_vertices=n_order_rows
)
