r"""Derivatives of all orders of sums over products of rows, and their batching.

With P(x, y) these sums and G(g; x, y) the gradients of x and y for a gradient g of the
result, the derivatives of each are of the same two kinds:

.. math::
    P:\; \partial_{x,y} = G(g; x, y), \qquad
    G:\; \partial_g = P(h_x, y) + P(x, h_y), \quad
    \partial_{x,y} = G(g; h_x, h_y)

for gradients h of G's results. Derivatives along tangents follow from P and G being
linear in each of their arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from deepsphere_pyg.propagation import pair_sums
from deepsphere_pyg.propagation.transformable import (
    Constants,
    Signals,
    Transformable,
)

Gradients = Sequence[Tensor | None]
Dims = Sequence[int | None]


def _sum_gradient(
    needed: Sequence[bool], signals: Signals, constants: Constants, gradient: Tensor
) -> Gradients:
    found: Gradients = pair_sum_gradients(gradient.contiguous(), *signals, *constants)
    return found


def _sum_tangent(signals: Signals, constants: Constants, tangents: Signals) -> Tensor:
    (x, y), (dx, dy) = signals, tangents
    of_x: Tensor = pair_sum(dx.contiguous(), y, *constants)
    of_y: Tensor = pair_sum(x, dy.contiguous(), *constants)
    return of_x + of_y


def _side_by_side(
    operation: Callable[..., Any],
    size: int,
    dims: Dims,
    signals: Signals,
    constants: Constants,
) -> Any:
    """Return results ``(row, size * width)``; columns are independent."""
    flat = []
    for part, dim in zip(signals, dims, strict=True):
        rows, width = (s for axis, s in enumerate(part.shape) if axis != dim)
        whole = part[:, None] if dim is None else part.movedim(dim, 1)
        whole = whole.expand(rows, size, width)
        flat.append(whole.reshape(rows, size * width).contiguous())
    return operation(*flat, *constants)


def _apart(found: Tensor, size: int) -> Tensor:
    return found.reshape(len(found), size, found.shape[1] // size)


def _sums(
    size: int, dims: Dims, signals: Signals, constants: Constants
) -> tuple[Tensor, int]:
    return _apart(_side_by_side(pair_sum, size, dims, signals, constants), size), 1


pair_sum = Transformable(
    pair_sums.pair_sum, 2, gradient=_sum_gradient, tangent=_sum_tangent, mapped=_sums
)


def _gradients_gradient(
    needed: Sequence[bool],
    signals: Signals,
    constants: Constants,
    for_x: Tensor,
    for_y: Tensor,
) -> Gradients:
    gradient, x, y = signals
    for_x, for_y = for_x.contiguous(), for_y.contiguous()
    of_gradient = pair_sum(for_x, y, *constants) + pair_sum(x, for_y, *constants)
    return of_gradient, *pair_sum_gradients(gradient, for_x, for_y, *constants)


def _gradients_tangent(
    signals: Signals, constants: Constants, tangents: Signals
) -> tuple[Tensor, Tensor]:
    gradient, x, y = signals
    dgradient, dx, dy = (tangent.contiguous() for tangent in tangents)
    of_gradient = pair_sum_gradients(dgradient, x, y, *constants)
    of_signals = pair_sum_gradients(gradient, dx, dy, *constants)
    return of_gradient[0] + of_signals[0], of_gradient[1] + of_signals[1]


def _many_gradients(
    size: int, dims: Dims, signals: Signals, constants: Constants
) -> tuple[tuple[Tensor, Tensor], tuple[int, int]]:
    found = _side_by_side(pair_sum_gradients, size, dims, signals, constants)
    return (_apart(found[0], size), _apart(found[1], size)), (1, 1)


pair_sum_gradients = Transformable(
    pair_sums.pair_sum_gradients,
    3,
    gradient=_gradients_gradient,
    tangent=_gradients_tangent,
    mapped=_many_gradients,
)
