"""Operations that PyTorch compiles, differentiates in both modes, and batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor

from deepsphere_pyg.compilers import is_transformed

# Signals are the differentiable arguments of an operation, constants all others.
Signals = Sequence[Any]
Constants = Sequence[Any]


class Transformable:
    """An operation of :mod:`torch.library`, with derivatives and a batching rule.

    PyTorch compiles and exports such an operation, and differentiates it in reverse
    mode; :mod:`torch.func` and forward mode cannot differentiate it. They can an
    ``autograd.Function``, which compilers cannot trace. A call runs as the one that
    fits.

    Parameters
    ----------
    operation
        Takes signals, tensors or None, and then constants.
    n_signals
        Number of signals.
    gradient
        ``gradient(needed, signals, constants, *gradients)`` takes gradients of the
        results and returns those of the signals, None for those not needed.
    tangent
        ``tangent(signals, constants, tangents)`` returns the derivative of the results
        along tangents of the signals, which are None where a signal is None.
    mapped
        ``mapped(size, dims, signals, constants)`` returns the results for signals with
        one more axis, at ``dims`` (None without), and its position in the results.
    linear
        Whether derivatives do not depend on signals, which are then not kept, but None
        in ``gradient`` and ``tangent``.
    """

    def __init__(
        self,
        operation: Any,
        n_signals: int,
        *,
        gradient: Callable[..., Sequence[Tensor | None]],
        tangent: Callable[..., Any],
        mapped: Callable[..., tuple[Any, Any]],
        linear: bool = False,
    ) -> None:
        self.operation = operation
        self.n_signals = n_signals
        self.gradient = gradient
        self.tangent = tangent
        self.mapped = mapped
        self.linear = linear
        operation.register_autograd(self._backward, setup_context=self._keep)
        operation.register_vmap(self._map)

    def __call__(self, *arguments: Any) -> Any:
        """Apply the operation."""
        if torch.compiler.is_compiling() or not is_transformed():
            return self.operation(*arguments)
        return _Transformed.apply(self, *arguments)  # type: ignore[no-untyped-call]

    def split(self, arguments: Sequence[Any]) -> tuple[Signals, Constants]:
        """Return signals and constants."""
        return arguments[: self.n_signals], arguments[self.n_signals :]

    def _keep(self, ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        keep_for_derivatives(ctx, self, inputs)

    def _backward(self, ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        found = gradients_of(ctx, self, ctx.needs_input_grad, gradients)
        # A list of tensors needs a list of gradients of the same length.
        return *found, *(
            [None] * len(part)
            if isinstance(part, list | tuple) and _tensors(part)
            else None
            for part in ctx.constants
        )

    def _map(
        self, info: Any, in_dims: Sequence[Any], *arguments: Any
    ) -> tuple[Any, Any]:
        signals, constants = self.split(arguments)
        dims, others = self.split(in_dims)
        refuse_mapped(others)
        return self.mapped(info.batch_size, dims, signals, constants)


class _Transformed(torch.autograd.Function):
    """The ``autograd.Function`` of a :class:`Transformable`, its first argument."""

    @staticmethod
    def forward(operation: Transformable, *arguments: Any) -> Any:
        """Apply the operation."""
        return operation.operation(*arguments)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Keep the tensors that derivatives need."""
        ctx.operation = inputs[0]
        keep_for_derivatives(ctx, inputs[0], inputs[1:])

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Any, ...]:
        """Return the gradients of all arguments."""
        needed = ctx.needs_input_grad[1:]
        found = gradients_of(ctx, ctx.operation, needed, gradients)
        return None, *found, *[None] * len(ctx.constants)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        """Return the derivative along tangents of the arguments."""
        along, _ = ctx.operation.split(tangents[1:])
        return ctx.operation.tangent(kept_signals(ctx), ctx.constants, along)

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[Any, ...], operation: Transformable, *arguments: Any
    ) -> tuple[Any, Any]:
        """Map over an axis of the signals."""
        return operation._map(info, in_dims[1:], *arguments)


def keep_for_derivatives(
    ctx: Any, operation: Transformable, arguments: Sequence[Any]
) -> None:
    """Keep the arguments of an operation that its derivatives need."""
    signals, ctx.constants = operation.split(arguments)
    if not operation.linear:
        ctx.save_for_backward(*signals)
        if hasattr(ctx, "save_for_forward"):
            ctx.save_for_forward(*signals)


def kept_signals(ctx: Any) -> Signals:
    """Return the signals that were kept; a linear operation keeps no signals."""
    return cast(Signals, ctx.saved_tensors)


def gradients_of(
    ctx: Any,
    operation: Transformable,
    needed: Sequence[bool],
    gradients: Sequence[Tensor],
) -> Sequence[Tensor | None]:
    """Return the gradients of the signals."""
    asked = needed[: operation.n_signals]
    return operation.gradient(asked, kept_signals(ctx), ctx.constants, *gradients)


def _tensors(part: Sequence[Any]) -> bool:
    """Whether a list is one of tensors."""
    return len(part) > 0 and isinstance(part[0], Tensor)


def refuse_mapped(dims: Sequence[Any]) -> None:
    """Raise ``ValueError`` if a constant has an axis that is mapped over."""
    flat = [
        d for part in dims for d in (part if isinstance(part, list | tuple) else [part])
    ]
    if any(dim is not None for dim in flat):
        raise ValueError(
            "vmap maps over signals and weights, not over graphs and tables, which are "
            "fixed; call the layer once a graph"
        )


# -- operations on one signal ----------------------------------------------------------
def linear_in_signals(operation: Any, adjoint: Callable[..., Tensor]) -> Transformable:
    """Return an operation that is linear in its one signal ``(batch, n, channel)``.

    Parameters
    ----------
    operation
        ``operation(x, *constants)``; signals of a batch do not mix.
    adjoint
        ``adjoint(y, *constants)``.
    """
    itself: Transformable

    def gradient(
        needed: Sequence[bool], signals: Signals, constants: Constants, y: Tensor
    ) -> Sequence[Tensor | None]:
        return (adjoint(y, *constants) if needed[0] else None,)

    def tangent(signals: Signals, constants: Constants, along: Signals) -> Tensor:
        return cast(Tensor, itself(along[0], *constants))

    def mapped(
        size: int, dims: Sequence[int], signals: Signals, constants: Constants
    ) -> tuple[Tensor, int]:
        x = signals[0].movedim(dims[0], 0)
        y = itself(x.reshape(size * x.shape[1], *x.shape[2:]), *constants)
        return y.reshape(size, x.shape[1], *y.shape[1:]), 0

    itself = Transformable(
        operation, 1, gradient=gradient, tangent=tangent, mapped=mapped, linear=True
    )
    return itself
