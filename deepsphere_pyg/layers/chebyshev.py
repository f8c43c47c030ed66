"""Chebyshev polynomials of an operator, applied to signals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from deepsphere_pyg.edge_operator import EdgeOperator

Apply = Callable[[Tensor], Tensor]


def chebyshev_terms(x: Tensor, operator: EdgeOperator, K: int) -> list[Tensor]:
    r"""Return :math:`T_0(L) x, \dots, T_{K-1}(L) x`.

    .. math:: T_0 = 1, \quad T_1 = L, \quad T_k = 2 L\, T_{k-1} - T_{k-2}

    Parameters
    ----------
    x
        Signals, shape ``(*batch, vertex, channel)``.
    operator
        Square, of spectrum in [-1, 1].
    K
        Number of terms, at least 1.

    Returns
    -------
    list of Tensor
        K signals of the shape of ``x``, the first of which is ``x``.
    """
    return [x, *_Terms.apply(x, operator, False, K)] if K > 1 else [x]  # type: ignore[no-untyped-call]


def chebyshev_sum(coefficients: list[Tensor], operator: EdgeOperator) -> Tensor:
    r"""Return :math:`\sum_k T_k(L)\, c_k` by Clenshaw's recurrence.

    .. math:: b_k = c_k + 2 L\, b_{k+1} - b_{k+2}, \quad
              y = c_0 + L\, b_1 - b_2

    Parameters
    ----------
    coefficients
        Signals :math:`c_k`, each of shape ``(*batch, vertex, channel)``.
    operator
        Square, of spectrum in [-1, 1].

    Returns
    -------
    Tensor
        Shape ``(*batch, vertex, channel)``.

    Notes
    -----
    The adjoint of :func:`chebyshev_terms`, and each is the other's gradient. Source:
    Clenshaw 1955, Mathematics of Computation 9, 118.
    """
    if len(coefficients) == 1:
        return coefficients[0]
    y: Tensor = _Sum.apply(operator, False, *coefficients)  # type: ignore[no-untyped-call]
    return y


class _Terms(torch.autograd.Function):
    """All terms but the first; ``adjoint`` stands for those of the transpose."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, operator: EdgeOperator, adjoint: bool, K: int
    ) -> tuple[Tensor, ...]:
        ctx.operator, ctx.adjoint = operator, adjoint
        apply = operator.adjoint if adjoint else operator
        terms = [x, apply(x)]
        for _ in range(2, K):
            image = apply(terms[-1])
            # lerp(a, b, 2) = 2 b - a, in one pass and without another tensor.
            terms.append(torch.lerp(terms[-2], image, 2, out=image))
        return tuple(terms[1:])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        none = torch.zeros((), dtype=gradients[0].dtype, device=gradients[0].device)
        x = _Sum.apply(ctx.operator, not ctx.adjoint, none, *gradients)  # type: ignore[no-untyped-call]
        return x, None, None, None


class _Sum(torch.autograd.Function):
    """Clenshaw's recurrence; ``adjoint`` stands for that of the transpose."""

    @staticmethod
    def forward(
        ctx: Any, operator: EdgeOperator, adjoint: bool, *coefficients: Tensor
    ) -> Tensor:
        ctx.operator, ctx.adjoint, ctx.K = operator, adjoint, len(coefficients)
        apply = operator.adjoint if adjoint else operator
        first, *inner, last = coefficients
        after, current = None, last
        for coefficient in reversed(inner):
            image = apply(current)
            if after is None:
                image.mul_(2)
            else:
                torch.lerp(after, image, 2, out=image)
            after, current = current, image.add_(coefficient)
        y = apply(current).add_(first)
        return y if after is None else y.sub_(after)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (y,) = gradients
        terms = _Terms.apply(y, ctx.operator, not ctx.adjoint, ctx.K)  # type: ignore[no-untyped-call]
        return None, None, y, *terms
