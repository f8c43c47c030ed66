r"""Chebyshev convolution of each channel by itself, tile by tile.

As in :mod:`deepsphere_pyg.propagation.chebyshev`, terms stay in the processor's cache,
and no term is stored for the gradient. With U_k = T_k(L^T) g for a gradient g of the
result, and products of channels:

.. math:: \frac{\partial}{\partial w_{kc}} = \sum_v x_{vc} (U_k)_{vc}, \qquad
          \frac{\partial}{\partial x_c} = \sum_k w_{kc} (U_k)_c
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from deepsphere_pyg.propagation.products import in_given_precision
from deepsphere_pyg.propagation.recurrences import terms_of, wide
from deepsphere_pyg.propagation.signal_groups import Signals, groups
from deepsphere_pyg.propagation.tiles import Tiles


@torch.library.custom_op("deepsphere_pyg::depthwise_convolution", mutates_args=())
@in_given_precision
def depthwise_convolution(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    tiles: Sequence[Tensor],
    tiles_t: Sequence[Tensor],
    kernel: str,
) -> Tensor:
    r"""Return :math:`y_c = \sum_k w_{kc}\, T_k(L)\, x_c + b_c`.

    Parameters
    ----------
    x
        Signals, shape ``(batch, vertex, channel)``.
    weight
        Shape ``(K, channel)``, K at least 2.
    bias
        Shape ``(channel,)``, or None.
    tiles, tiles_t, kernel
        As for :func:`deepsphere_pyg.propagation.chebyshev_convolution`.

    Returns
    -------
    Tensor
        Of the shape and dtype of ``x``.
    """
    K, channels = weight.shape
    signals, y = Signals(x), Signals(torch.empty_like(x.contiguous()))
    weight = wide(weight)
    for tile, first, count in groups(Tiles(*tiles), len(x), channels):
        group = signals.take(tile, tile.vertices, first, count)
        terms = terms_of(group, tile, K, kernel)
        scales = weight.repeat(1, count)
        part = next(terms) * scales[0]
        for k, term in enumerate(terms, 1):
            part.addcmul_(term, scales[k])
        if bias is not None:
            part += bias.repeat(count)
        y.put(tile, first, count, part)
    return y.x


@depthwise_convolution.register_fake
def _convolution_shape(x: Tensor, *others: Any) -> Tensor:
    return x.new_empty(x.shape)


@torch.library.custom_op("deepsphere_pyg::depthwise_gradients", mutates_args=())
@in_given_precision
def depthwise_gradients(
    x: Tensor,
    y: Tensor,
    weight: Tensor,
    tiles: Sequence[Tensor],
    tiles_t: Sequence[Tensor],
    kernel: str,
) -> tuple[Tensor, Tensor]:
    r"""Return the gradients of a convolution for its signals and its weights.

    Parameters
    ----------
    y
        Gradient of the result, of the shape of ``x``.
    x, weight, tiles, tiles_t, kernel
        As for :func:`depthwise_convolution`.

    Returns
    -------
    tuple of Tensor
        Of the shapes of ``x`` and ``weight``.
    """
    K, channels = weight.shape
    signals, gradients = Signals(x), Signals(y)
    result = Signals(torch.empty_like(signals.x))
    scaled = wide(weight)
    total = torch.zeros_like(scaled)
    for tile, first, count in groups(Tiles(*tiles_t), len(x), channels):
        group = gradients.take(tile, tile.vertices, first, count)
        core = signals.take(tile, tile.core, first, count)
        scales = scaled.repeat(1, count)
        part: Tensor | None = None
        for k, term in enumerate(terms_of(group, tile, K, kernel)):
            total[k] += _channel_products(core, term, count)
            part = term * scales[0] if part is None else part.addcmul_(term, scales[k])
        if part is not None:
            result.put(tile, first, count, part)
    return result.x, total.to(weight.dtype)


@depthwise_gradients.register_fake
def _gradients_shape(
    x: Tensor, y: Tensor, weight: Tensor, *others: Any
) -> tuple[Tensor, Tensor]:
    return x.new_empty(x.shape), weight.new_empty(weight.shape)


@torch.library.custom_op("deepsphere_pyg::depthwise_weight_gradient", mutates_args=())
@in_given_precision
def depthwise_weight_gradient(
    x: Tensor,
    y: Tensor,
    K: int,
    tiles: Sequence[Tensor],
    tiles_t: Sequence[Tensor],
    kernel: str,
) -> Tensor:
    r"""Return the gradient of a convolution for its weights alone, ``(K, channel)``.

    .. math:: \sum_v (T_k(L)\, x)_{vc}\, y_{vc}

    Parameters
    ----------
    y
        Gradient of the result, of the shape of ``x``.
    K
        Number of terms.
    x, tiles, tiles_t, kernel
        As for :func:`depthwise_convolution`.
    """
    channels = x.shape[-1]
    signals, gradients = Signals(x), Signals(y)
    total = wide(y.new_zeros(K, channels))
    for tile, first, count in groups(Tiles(*tiles), len(x), channels):
        group = signals.take(tile, tile.vertices, first, count)
        core = gradients.take(tile, tile.core, first, count)
        for k, term in enumerate(terms_of(group, tile, K, kernel)):
            total[k] += _channel_products(core, term, count)
    return total.to(y.dtype)


@depthwise_weight_gradient.register_fake
def _weight_gradient_shape(x: Tensor, y: Tensor, K: int, *others: Any) -> Tensor:
    return y.new_empty(K, x.shape[2])


def _channel_products(x: Tensor, y: Tensor, count: int) -> Tensor:
    """Return the inner product of each channel over vertices and signals."""
    products = (wide(x) * y).sum(0)
    return products.view(count, -1).sum(0)
