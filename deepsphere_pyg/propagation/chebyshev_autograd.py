r"""Derivatives of all orders of the Chebyshev convolution, and its batching.

With C(x, W; L) the convolution and G(x, y; L) the gradient of its weights for a
gradient y of its result, the derivatives of each are of the same two kinds:

.. math::
    C:\; \partial_x = C(y, W^T; L^T), \quad \partial_W = G(x, y; L), \qquad
    G:\; \partial_x = C(y, H^T; L^T), \quad \partial_y = C(x, H; L)

for a gradient y of C's result and H of G's. Derivatives along tangents follow from both
being linear in each of their arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from deepsphere_pyg.compilers import is_transformed
from deepsphere_pyg.propagation import chebyshev
from deepsphere_pyg.propagation.transformable import (
    Constants,
    Signals,
    Transformable,
)

Gradients = Sequence[Tensor | None]
Dims = Sequence[int | None]


def _turned(weight: Tensor) -> Tensor:
    """Return the weights from outputs to inputs."""
    return weight.transpose(1, 2).contiguous()


# -- the convolution ---------------------------------------------------------------
def _convolution_gradient(
    needed: Sequence[bool], signals: Signals, constants: Constants, y: Tensor
) -> Gradients:
    x, weight, _ = signals
    matrix, transpose, kernel = constants
    need_x, need_weight, need_bias = needed
    K, channels, out_channels = weight.shape
    dx = dweight = None
    # One recurrence on the channels of the result serves both gradients, unless the
    # signals have so many fewer channels that two on them are less work.
    both = need_x and need_weight and out_channels <= 2 * channels
    if both and not is_transformed():
        dx, dweight = chebyshev_gradients(x, y, weight, matrix, transpose, kernel)
    else:
        if need_x:
            turned = _turned(weight)
            dx = chebyshev_convolution(y, turned, None, transpose, matrix, kernel)
            dx = dx.to(x.dtype)
        if need_weight:
            dweight = chebyshev_weight_gradient(x, y, K, matrix, transpose, kernel)
    return dx, dweight, y.sum(dim=(0, 1)) if need_bias else None


def _convolution_tangent(
    signals: Signals, constants: Constants, tangents: Signals
) -> Tensor:
    x, weight, _ = signals
    dx, dweight, dbias = tangents
    y: Tensor = chebyshev_convolution(dx, weight, None, *constants)
    along: Tensor = chebyshev_convolution(x, dweight, dbias, *constants)
    return y + along


def _convolutions(
    size: int, dims: Dims, signals: Signals, constants: Constants
) -> tuple[Tensor, int]:
    x, weight, bias = signals
    of_x, of_weight, of_bias = dims
    if of_x is not None and of_weight is not None:
        return _one_by_one(chebyshev_convolution, size, dims, signals, constants)
    if of_weight is not None:
        # Concatenate filters as channels of one.
        filters = weight.movedim(of_weight, 2)
        shape = (*filters.shape[:2], size * filters.shape[3])
        y = chebyshev_convolution(x, filters.reshape(shape), None, *constants)
        y = y.reshape(*y.shape[:2], size, filters.shape[3]).movedim(2, 0)
    elif of_x is not None:
        many = x.movedim(of_x, 0)
        flat = many.reshape(size * many.shape[1], *many.shape[2:])
        y = chebyshev_convolution(flat, weight, None, *constants)
        y = y.reshape(*many.shape[:3], y.shape[2])
    else:
        y = chebyshev_convolution(x, weight, None, *constants)[None]
    if bias is not None:
        several = bias[None] if of_bias is None else bias.movedim(of_bias, 0)
        y = y + several[:, None, None]
    return y, 0


chebyshev_convolution = Transformable(
    chebyshev.chebyshev_convolution,
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
    dx = chebyshev_convolution(y, _turned(weight), None, transpose, matrix, kernel)
    return dx.to(x.dtype), chebyshev_weight_gradient(x, y, len(weight), *constants)


def _gradients_gradient(
    needed: Sequence[bool],
    signals: Signals,
    constants: Constants,
    dx: Tensor,
    dweight: Tensor,
) -> Gradients:
    x, y, weight = signals
    matrix, transpose, kernel = constants
    # The first result is C(y, W^T; L^T), the second G(x, y; L).
    for_x = chebyshev_convolution(y, _turned(dweight), None, transpose, matrix, kernel)
    for_y = chebyshev_convolution(dx, weight, None, *constants)
    for_y = for_y + chebyshev_convolution(x, dweight, None, *constants)
    for_weight = chebyshev_weight_gradient(dx, y, len(weight), *constants)
    return for_x.to(x.dtype), for_y, for_weight


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


chebyshev_gradients = Transformable(
    chebyshev.chebyshev_gradients,
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
        turned = _turned(dweight)
        for_x = chebyshev_convolution(y, turned, None, transpose, matrix, kernel)
        for_x = for_x.to(x.dtype)
    if needed[1]:
        for_y = chebyshev_convolution(x, dweight, None, matrix, transpose, kernel)
    return for_x, for_y


def _weight_gradient_tangent(
    signals: Signals, constants: Constants, tangents: Signals
) -> Tensor:
    x, y = signals
    dx, dy = tangents
    of_x: Tensor = chebyshev_weight_gradient(dx, y, *constants)
    of_y: Tensor = chebyshev_weight_gradient(x, dy, *constants)
    return of_x + of_y


def _weight_gradients(
    size: int, dims: Dims, signals: Signals, constants: Constants
) -> tuple[Tensor, int]:
    of_x, of_y = dims
    if of_x is not None and of_y is not None:
        return _one_by_one(chebyshev_weight_gradient, size, dims, signals, constants)
    # Concatenate the channels of the mapped argument.
    at = 0 if of_y is None else 1
    many = signals[at].movedim(dims[at], 2)
    flat = many.reshape(*many.shape[:2], size * many.shape[3])
    parts = (flat, signals[1]) if at == 0 else (signals[0], flat)
    found = chebyshev_weight_gradient(*parts, *constants)
    axis = 1 + at
    return found.unflatten(axis, (size, many.shape[3])), axis


chebyshev_weight_gradient = Transformable(
    chebyshev.chebyshev_weight_gradient,
    2,
    gradient=_weight_gradient_gradient,
    tangent=_weight_gradient_tangent,
    mapped=_weight_gradients,
)


def _one_by_one(
    operation: Callable[..., Tensor],
    size: int,
    dims: Dims,
    signals: Signals,
    constants: Constants,
) -> tuple[Tensor, int]:
    """Return the results if both arguments are mapped, one after the other."""
    found = [
        operation(
            *(
                part if dim is None or part is None else part.select(dim, i)
                for part, dim in zip(signals, dims, strict=True)
            ),
            *constants,
        )
        for i in range(size)
    ]
    return torch.stack(found), 0
