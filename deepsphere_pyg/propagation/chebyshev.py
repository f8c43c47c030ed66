r"""Chebyshev convolution as one operation, tile by tile.

The terms of a tile stay in the processor's cache until they are used: signals are read
once and results written once. No term of the recurrence is stored for the gradient,
which is computed from the signals and the gradient g of the result, with
U_k = T_k(L^T) g:

.. math:: \frac{\partial}{\partial W_k} = x^T U_k, \qquad
          \frac{\partial}{\partial x} = \sum_k U_k W_k^T
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from deepsphere_pyg.propagation.products import in_given_precision
from deepsphere_pyg.propagation.recurrences import (
    add_products,
    mixed_terms,
    sum_of_mixed,
    terms_of,
    wide,
)
from deepsphere_pyg.propagation.signal_groups import Signals, groups
from deepsphere_pyg.propagation.tiles import Tiles


@torch.library.custom_op("deepsphere_pyg::chebyshev_convolution", mutates_args=())
@in_given_precision
def chebyshev_convolution(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    tiles: Sequence[Tensor],
    tiles_t: Sequence[Tensor],
    kernel: str,
) -> Tensor:
    r"""Return :math:`y = \sum_k T_k(L)\, x\, W_k + b`.

    Parameters
    ----------
    x
        Signals, shape ``(batch, vertex, in_channels)``.
    weight
        Shape ``(K, in_channels, out_channels)``, K at least 2, of the dtype of ``x``,
        or of half precision, in which terms are then mixed.
    bias
        Shape ``(out_channels,)``, or None.
    tiles
        The matrix L, as :meth:`Tiles.parts` gives it, for at least K - 1 hops; in
        float32 for signals of half precision, else in the dtype of ``x``.
    tiles_t
        The same of its transpose.
    kernel
        ``"embedding_bag"``, ``"csr"``, or ``"auto"``: the faster for such signals.

    Returns
    -------
    Tensor
        Shape ``(batch, vertex, out_channels)``, of the dtype of ``weight``.

    Notes
    -----
    Source: Defferrard et al. 2016, arXiv:1606.09375, equation 5; the sum over terms
    by Clenshaw 1955, Mathematics of Computation 9, 118, where it acts on fewer
    channels.
    """
    cut = Tiles(*tiles)
    signals = Signals(x)
    _, channels, out_channels = weight.shape
    y = Signals(weight.new_empty(*x.shape[:-1], out_channels))
    fewer = out_channels < channels
    for tile, first, count in groups(cut, len(x), min(channels, out_channels)):
        group = signals.take(tile, tile.vertices, first, count)
        if fewer:
            part = sum_of_mixed(group, weight, bias, tile, kernel, count)
            y.put(tile, first, count, part)
            continue
        terms = terms_of(group, tile, len(weight), kernel)
        place = y.place(tile, first, count)
        part = mixed_terms(terms, weight, bias=bias, out=place)
        if place is None:
            y.put(tile, first, count, part)
    return y.x


@chebyshev_convolution.register_fake
def _convolution_shape(x: Tensor, weight: Tensor, *others: Any) -> Tensor:
    return weight.new_empty(x.shape[0], x.shape[1], weight.shape[2])


@torch.library.custom_op("deepsphere_pyg::chebyshev_gradients", mutates_args=())
@in_given_precision
def chebyshev_gradients(
    x: Tensor,
    y: Tensor,
    weight: Tensor,
    tiles: Sequence[Tensor],
    tiles_t: Sequence[Tensor],
    kernel: str,
) -> tuple[Tensor, Tensor]:
    r"""Return the gradients of a convolution for its signals and its weights.

    .. math:: \sum_k U_k W_k^T, \quad x^T U_k, \qquad U_k = T_k(L^T)\, y

    Parameters
    ----------
    y
        Gradient of the result, shape ``(batch, vertex, out_channels)``.
    x, weight, tiles, tiles_t, kernel
        As for :func:`chebyshev_convolution`.

    Returns
    -------
    tuple of Tensor
        Of the shapes of ``x`` and ``weight``.
    """
    K, channels, out_channels = weight.shape
    signals, gradients = Signals(x), Signals(y)
    result = Signals(torch.empty_like(signals.x))
    mixed = x.dtype != weight.dtype
    turned = weight.transpose(1, 2)
    total = wide(torch.zeros_like(weight))
    for tile, first, count in groups(Tiles(*tiles_t), len(x), out_channels):
        group = gradients.take(tile, tile.vertices, first, count)
        terms = terms_of(group, tile, K, kernel)
        core = signals.take(tile, tile.core, first, count).view(-1, channels)
        place = None if mixed else result.place(tile, first, count)
        part = mixed_terms(terms, turned, total, core.to(weight.dtype), out=place)
        if place is None:
            result.put(tile, first, count, part)
    return result.x, total.to(weight.dtype)


@chebyshev_gradients.register_fake
def _gradients_shape(
    x: Tensor, y: Tensor, weight: Tensor, *others: Any
) -> tuple[Tensor, Tensor]:
    return x.new_empty(x.shape), weight.new_empty(weight.shape)


@torch.library.custom_op("deepsphere_pyg::chebyshev_weight_gradient", mutates_args=())
@in_given_precision
def chebyshev_weight_gradient(
    x: Tensor,
    y: Tensor,
    K: int,
    tiles: Sequence[Tensor],
    tiles_t: Sequence[Tensor],
    kernel: str,
) -> Tensor:
    r"""Return the gradient of a convolution for its weights alone.

    .. math:: (T_k(L)\, x)^T y = x^T\, T_k(L^T)\, y

    The recurrence acts on the argument with fewer channels.

    Parameters
    ----------
    y
        Gradient of the result, shape ``(batch, vertex, out_channels)``.
    K
        Number of terms.
    x, tiles, tiles_t, kernel
        As for :func:`chebyshev_convolution`.

    Returns
    -------
    Tensor
        Shape ``(K, in_channels, out_channels)``.
    """
    channels, out_channels = x.shape[-1], y.shape[-1]
    fewer = channels <= out_channels
    moved, still = (Signals(x), Signals(y)) if fewer else (Signals(y), Signals(x))
    total = wide(y.new_zeros(K, moved.channels, still.channels))
    cut = Tiles(*(tiles if fewer else tiles_t))
    for tile, first, count in groups(cut, len(x), moved.channels):
        group = moved.take(tile, tile.vertices, first, count)
        core = still.take(tile, tile.core, first, count).view(-1, still.channels)
        core = core.to(y.dtype)
        add_products(total, terms_of(group, tile, K, kernel), core)
    return (total if fewer else total.transpose(1, 2)).to(y.dtype).contiguous()


@chebyshev_weight_gradient.register_fake
def _weight_gradient_shape(x: Tensor, y: Tensor, K: int, *others: Any) -> Tensor:
    return y.new_empty(K, x.shape[2], y.shape[2])
