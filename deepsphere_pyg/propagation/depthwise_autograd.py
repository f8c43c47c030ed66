r"""Derivatives of all orders of the depthwise convolution, and its batching.

With D(x, w; L) the convolution and G(x, y; L) the gradient of its weights for a
gradient y of its result, the derivatives of each are of the same two kinds:

.. math::
    D:\; \partial_x = D(y, w; L^T), \quad \partial_w = G(x, y; L), \qquad
    G:\; \partial_x = D(y, h; L^T), \quad \partial_y = D(x, h; L)

for a gradient y of D's result and h of G's. What is mapped becomes further channels,
each of which is convolved by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from deepsphere_pyg.compilers import is_transformed
from deepsphere_pyg.propagation import depthwise
from deepsphere_pyg.propagation.transformable import (
    Constants,
    Signals,
    Transformable,
)

Gradients = Sequence[Tensor | None]
Dims = Sequence[int | None]


def _as_channels(part: Tensor, dim: int | None, size: int) -> Tensor:
    """Put what is mapped beside the channels, ``(..., size * channel)``."""
    if dim is None:
        many = part.unsqueeze(-2).expand(*part.shape[:-1], size, part.shape[-1])
    else:
        many = part.movedim(dim, -2)
    return many.reshape(*many.shape[:-2], size * many.shape[-1])


# -- the convolution ---------------------------------------------------------------
def _convolution_gradient(
    needed: Sequence[bool], signals: Signals, constants: Constants, y: Tensor
) -> Gradients:
    x, weight, _ = signals
    matrix, transpose, kernel = constants
    need_x, need_weight, need_bias = needed
    dx = dweight = None
    if need_x and need_weight and not is_transformed():
        dx, dweight = depthwise_gradients(x, y, weight, matrix, transpose, kernel)
    else:
        if need_x:
            dx = depthwise_convolution(y, weight, None, transpose, matrix, kernel)
        if need_weight:
            dweight = depthwise_weight_gradient(x, y, len(weight), *constants)
    return dx, dweight, y.sum(dim=(0, 1)) if need_bias else None


def _convolution_tangent(
    signals: Signals, constants: Constants, tangents: Signals
) -> Tensor:
    x, weight, _ = signals
    dx, dweight, dbias = tangents
    y: Tensor = depthwise_convolution(dx, weight, None, *constants)
    along: Tensor = depthwise_convolution(x, dweight, dbias, *constants)
    return y + along


def _convolutions(
    size: int, dims: Dims, signals: Signals, constants: Constants
) -> tuple[Tensor, int]:
    x, weight, bias = (
        None if part is None else _as_channels(part, dim, size)
        for part, dim in zip(signals, dims, strict=True)
    )
    y = depthwise_convolution(x, weight, bias, *constants)
    return y.unflatten(-1, (size, y.shape[-1] // size)), 2


depthwise_convolution = Transformable(
    depthwise.depthwise_convolution,
    3,
    gradient=_convolution_gradient,
    tangent=_convolution_tangent,
    mapped=_convolutions,
)


# -- both gradients at once ----------------------------------------------------------
def _apart(signals: Signals, constants: Constants) -> tuple[Tensor, Tensor]:
    """Return both gradients, each by its own operation."""
    x, y, weight = signals
    matrix, transpose, kernel = constants
    dx = depthwise_convolution(y, weight, None, transpose, matrix, kernel)
    return dx, depthwise_weight_gradient(x, y, len(weight), *constants)


def _gradients_gradient(
    needed: Sequence[bool],
    signals: Signals,
    constants: Constants,
    dx: Tensor,
    dweight: Tensor,
) -> Gradients:
    x, y, weight = signals
    matrix, transpose, kernel = constants
    # The first result is D(y, w; L^T), the second G(x, y; L).
    for_x = depthwise_convolution(y, dweight, None, transpose, matrix, kernel)
    for_y = depthwise_convolution(dx, weight, None, *constants)
    for_y = for_y + depthwise_convolution(x, dweight, None, *constants)
    return for_x, for_y, depthwise_weight_gradient(dx, y, len(weight), *constants)


def _gradients_tangent(
    signals: Signals, constants: Constants, tangents: Signals
) -> tuple[Tensor, Tensor]:
    x, y, weight = signals
    dx, dy, dweight = tangents
    of_y = _apart((x, dy, weight), constants)
    of_others = _apart((dx, y, dweight), constants)
    return of_y[0] + of_others[0], of_y[1] + of_others[1]


def _many_gradients(
    size: int, dims: Dims, signals: Signals, constants: Constants
) -> tuple[Any, tuple[int, int]]:
    function = torch.vmap(lambda *some: _apart(some, constants), in_dims=tuple(dims))
    return function(*signals), (0, 0)


depthwise_gradients = Transformable(
    depthwise.depthwise_gradients,
    3,
    gradient=_gradients_gradient,
    tangent=_gradients_tangent,
    mapped=_many_gradients,
)


# -- the gradient of the weights -----------------------------------------------------
def _weight_gradient_gradient(
    needed: Sequence[bool], signals: Signals, constants: Constants, dweight: Tensor
) -> Gradients:
    x, y = signals
    _, matrix, transpose, kernel = constants
    for_x = for_y = None
    if needed[0]:
        for_x = depthwise_convolution(y, dweight, None, transpose, matrix, kernel)
    if needed[1]:
        for_y = depthwise_convolution(x, dweight, None, matrix, transpose, kernel)
    return for_x, for_y


def _weight_gradient_tangent(
    signals: Signals, constants: Constants, tangents: Signals
) -> Tensor:
    x, y = signals
    dx, dy = tangents
    of_x: Tensor = depthwise_weight_gradient(dx, y, *constants)
    of_y: Tensor = depthwise_weight_gradient(x, dy, *constants)
    return of_x + of_y


def _weight_gradients(
    size: int, dims: Dims, signals: Signals, constants: Constants
) -> tuple[Tensor, int]:
    x, y = (
        _as_channels(part, dim, size) for part, dim in zip(signals, dims, strict=True)
    )
    found = depthwise_weight_gradient(x, y, *constants)
    return found.unflatten(-1, (size, found.shape[-1] // size)), 1


depthwise_weight_gradient = Transformable(
    depthwise.depthwise_weight_gradient,
    2,
    gradient=_weight_gradient_gradient,
    tangent=_weight_gradient_tangent,
    mapped=_weight_gradients,
)
