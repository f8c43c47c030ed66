r"""Derivatives, of every order, of the Chebyshev convolution.

With C(x, W; L) the convolution and G(x, y; L) the gradient of its weights for a
gradient y of its result, the derivatives of each are of the same two kinds:

.. math::
    C:\; \partial_x = C(y, W^T; L^T), \quad \partial_W = G(x, y; L), \qquad
    G:\; \partial_x = C(y, H^T; L^T), \quad \partial_y = C(x, H; L)

for a gradient y of C's result and H of G's.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from deepsphere_pyg.propagation.chebyshev import (
    chebyshev_convolution as chebyshev_convolution,
)
from deepsphere_pyg.propagation.chebyshev import (
    chebyshev_gradients as chebyshev_gradients,
)
from deepsphere_pyg.propagation.chebyshev import (
    chebyshev_weight_gradient as chebyshev_weight_gradient,
)


def _turned(weight: Tensor) -> Tensor:
    """Weights from the outputs back to the inputs."""
    return weight.transpose(1, 2).contiguous()


def _keep_convolution(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    x, weight, bias, ctx.tiles, ctx.tiles_t, ctx.kernel = inputs
    ctx.save_for_backward(x, weight)
    ctx.has_bias = bias is not None


def _convolution_gradient(ctx: Any, y: Tensor) -> tuple[Any, ...]:
    x, weight = ctx.saved_tensors
    matrix, transpose = ctx.tiles, ctx.tiles_t
    need_x, need_weight, need_bias = ctx.needs_input_grad[:3]
    K, channels, out_channels = weight.shape
    dx = dweight = dbias = None
    # The result's channels go through the recurrence once for both gradients, unless
    # the signals' are so many fewer that going through it twice is less work.
    if need_x and need_weight and out_channels <= 2 * channels:
        dx, dweight = chebyshev_gradients(x, y, weight, matrix, transpose, ctx.kernel)
    else:
        if need_x:
            turned = _turned(weight)
            dx = chebyshev_convolution(y, turned, None, transpose, matrix, ctx.kernel)
            dx = dx.to(x.dtype)
        if need_weight:
            dweight = chebyshev_weight_gradient(x, y, K, matrix, transpose, ctx.kernel)
    if ctx.has_bias and need_bias:
        dbias = y.sum(dim=(0, 1))
    none = [None] * len(matrix), [None] * len(transpose), None
    return dx, dweight, dbias, *none


chebyshev_convolution.register_autograd(
    _convolution_gradient, setup_context=_keep_convolution
)


def _keep_gradients(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
    x, y, weight, ctx.tiles, ctx.tiles_t, ctx.kernel = inputs
    ctx.save_for_backward(x, y, weight)


def _gradients_gradient(ctx: Any, dx: Tensor, dweight: Tensor) -> tuple[Any, ...]:
    x, y, weight = ctx.saved_tensors
    matrix, transpose, kernel = ctx.tiles, ctx.tiles_t, ctx.kernel
    K = len(weight)
    # The first result is C(y, W^T; L^T), the second G(x, y; L).
    for_x = chebyshev_convolution(y, _turned(dweight), None, transpose, matrix, kernel)
    for_y = chebyshev_convolution(dx, weight, None, matrix, transpose, kernel)
    for_y = for_y + chebyshev_convolution(x, dweight, None, matrix, transpose, kernel)
    for_weight = chebyshev_weight_gradient(dx, y, K, matrix, transpose, kernel)
    none = [None] * len(matrix), [None] * len(transpose), None
    return for_x.to(x.dtype), for_y, for_weight, *none


chebyshev_gradients.register_autograd(
    _gradients_gradient, setup_context=_keep_gradients
)


def _keep_weight_gradient(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
    x, y, _, ctx.tiles, ctx.tiles_t, ctx.kernel = inputs
    ctx.save_for_backward(x, y)


def _weight_gradient_gradient(ctx: Any, dweight: Tensor) -> tuple[Any, ...]:
    x, y = ctx.saved_tensors
    matrix, transpose, kernel = ctx.tiles, ctx.tiles_t, ctx.kernel
    turned = _turned(dweight)
    for_x = chebyshev_convolution(y, turned, None, transpose, matrix, kernel)
    for_y = chebyshev_convolution(x, dweight, None, matrix, transpose, kernel)
    none = [None] * len(matrix), [None] * len(transpose), None
    return for_x.to(x.dtype), for_y, None, *none


chebyshev_weight_gradient.register_autograd(
    _weight_gradient_gradient, setup_context=_keep_weight_gradient
)
