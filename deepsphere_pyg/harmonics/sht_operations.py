r"""Sums over rings and orders, and their adjoint, as operations of PyTorch.

Both take the same tensors. With the tables :math:`P`, vertex weights :math:`w` and
:math:`\varphi_{tj} = \varphi_t + 2\pi j / n_t`,

.. math::
    c_{l,m} = \sum_t P_{lmt} \sum_j w_t x_{tj} \cos m\varphi_{tj}, \quad
    c_{l,-m} = \sum_t P_{lmt} \sum_j w_t x_{tj} \sin m\varphi_{tj}

and the adjoint is :math:`x_{tj} = w_t \sum_{lm} P_{lmt} (c_{l,m} \cos m\varphi_{tj}
+ c_{l,-m} \sin m\varphi_{tj})`.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from deepsphere_pyg.harmonics.sht_longitudes import (
    Run,
    orders_of_signals,
    signals_of_orders,
)
from deepsphere_pyg.propagation.products import in_given_precision


@torch.library.custom_op("deepsphere_pyg::ring_analysis", mutates_args=())
@in_given_precision
def ring_analysis(
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
        As :attr:`deepsphere_pyg.harmonics.sht_tables.LegendreTables.master`.
    layout
        Its ``slots`` and ``places``; signs of the rows ``(L * L, 1)``; weights of the
        rings of the north ``(rings, 1)``, or none; cosine and sine of m times the first
        longitude of each of them, ``(rings or 1, L, 2)``, or none.
    runs
        Of :class:`deepsphere_pyg.harmonics.sht_longitudes.Run`, one after the other.
    shape
        Parts of the tables, 2 where rings are folded; rings of the north; vertices.

    Returns
    -------
    Tensor
        Coefficients, shape ``(batch, L * L, channel)``.
    """
    _, places, signs, weights, phases = layout
    batch, _, channels = x.shape
    columns = batch * channels
    if x.numel() == 0:
        return x.new_zeros(batch, len(places), channels)
    parts, n_rings, _ = shape
    L = sum(len(table) for table in tables[: len(tables) // parts])
    orders = orders_of_signals(x, L, _runs(runs), shape, weights, phases)
    products = x.new_empty(len(layout[0]), columns)
    start = first = 0
    for number, table in enumerate(tables):
        part = number // (len(tables) // parts)
        first = 0 if number % (len(tables) // parts) == 0 else first
        n_orders, n_degrees, used = table.shape
        some = orders[part, first : first + n_orders]
        some = some.view(n_orders, 2 * columns, n_rings)[:, :, n_rings - used :]
        size = n_orders * n_degrees * 2
        target = products[start : start + size]
        target = target.view(n_orders, n_degrees, 2 * columns)
        torch.bmm(table, some.transpose(1, 2), out=target)
        start += size
        first += n_orders
    c = x.new_empty(batch, len(places), channels)
    rows = products.index_select(0, places).view(len(places), batch, channels)
    torch.mul(rows.transpose(0, 1), signs, out=c)
    return c


@torch.library.custom_op("deepsphere_pyg::ring_synthesis", mutates_args=())
@in_given_precision
def ring_synthesis(
    c: Tensor,
    tables: Sequence[Tensor],
    layout: Sequence[Tensor],
    runs: Sequence[int],
    shape: Sequence[int],
) -> Tensor:
    """Sum harmonics, the adjoint of :func:`ring_analysis`; parameters as there.

    Returns
    -------
    Tensor
        Signals, shape ``(batch, vertex, channel)``.
    """
    slots, places, signs, weights, phases = layout
    batch, _, channels = c.shape
    columns = batch * channels
    if c.numel() == 0:
        return c.new_zeros(batch, shape[2], channels)
    parts, n_rings, n_vertices = shape
    L = sum(len(table) for table in tables[: len(tables) // parts])
    rows = c.new_empty(len(places), batch, channels)
    torch.mul(c.transpose(0, 1), signs[:, :, None], out=rows)
    products = rows.view(len(places), columns).index_select(0, slots)
    orders = c.new_empty(parts, L, 2, columns, n_rings)
    start = first = 0
    for number, table in enumerate(tables):
        part = number // (len(tables) // parts)
        first = 0 if number % (len(tables) // parts) == 0 else first
        n_orders, n_degrees, used = table.shape
        some = orders[part, first : first + n_orders]
        some = some.view(n_orders, 2 * columns, n_rings)
        some[:, :, : n_rings - used].zero_()
        target = some[:, :, n_rings - used :]
        size = n_orders * n_degrees * 2
        source = products[start : start + size]
        source = source.view(n_orders, n_degrees, 2 * columns).transpose(1, 2)
        # Half of each order goes to m and half to -m.
        torch.baddbmm(target, source, table, beta=0, alpha=0.5, out=target)
        start += size
        first += n_orders
    orders[:, 0, 0] *= 2
    orders[:, 0, 1] = 0
    return signals_of_orders(orders, batch, _runs(runs), n_vertices, weights, phases)


def _runs(numbers: Sequence[int]) -> list[Run]:
    """Take runs apart."""
    size = len(Run._fields)
    cut = range(0, len(numbers), size)
    return [Run(*numbers[first : first + size]) for first in cut]


@ring_analysis.register_fake
def _analysis_shape(
    x: Tensor,
    tables: Sequence[Tensor],
    layout: Sequence[Tensor],
    runs: Sequence[int],
    shape: Sequence[int],
) -> Tensor:
    return x.new_empty(x.shape[0], layout[1].shape[0], x.shape[2])


@ring_synthesis.register_fake
def _synthesis_shape(
    c: Tensor,
    tables: Sequence[Tensor],
    layout: Sequence[Tensor],
    runs: Sequence[int],
    shape: Sequence[int],
) -> Tensor:
    return c.new_empty(c.shape[0], shape[2], c.shape[2])


def _keep_tables(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    _, ctx.tables, ctx.layout, ctx.runs, ctx.shape = inputs


def _analysis_gradient(ctx: Any, c: Tensor) -> tuple[Any, ...]:
    x = ring_synthesis(c, ctx.tables, ctx.layout, ctx.runs, ctx.shape)
    return x, [None] * len(ctx.tables), [None] * len(ctx.layout), None, None


def _synthesis_gradient(ctx: Any, x: Tensor) -> tuple[Any, ...]:
    c = ring_analysis(x, ctx.tables, ctx.layout, ctx.runs, ctx.shape)
    return c, [None] * len(ctx.tables), [None] * len(ctx.layout), None, None


ring_analysis.register_autograd(_analysis_gradient, setup_context=_keep_tables)
ring_synthesis.register_autograd(_synthesis_gradient, setup_context=_keep_tables)
