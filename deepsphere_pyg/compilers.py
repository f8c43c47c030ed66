"""Workarounds for tracing, compilation and export in PyTorch, each with its reason."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any, TypeVar, cast

import torch
from torch import Tensor
from torch.autograd import forward_ad

Function = TypeVar("Function", bound=Callable[..., Any])
Result = TypeVar("Result")


def constant_result(method: Function) -> Function:
    """Make compilers take the result of a method as a constant, without tracing it.

    Compilers name a single tensor after the method, and so mistake those of two objects
    for one: such methods return lists. To be dropped when PyTorch names constants after
    the object as well.

    This is the mark of ``torch.compiler.assume_constant_result``, which loads the
    compiler. That takes as long as PyTorch, and most processes compile nothing.
    """
    cast(Any, method)._dynamo_marked_constant = True
    return method


def untraced(function: Function) -> Function:
    """Leave a function that reads the values of tensors out of compiled graphs.

    The graph breaks there. To be dropped when compilers trace NumPy and SciPy.
    """
    disabled: Function = torch.compiler.disable(function)  # type: ignore[no-untyped-call]
    return disabled


def in_plain_mode(function: Callable[[], Result]) -> Result:
    """Call a function as if nothing were being traced, exported or inferred.

    Tensors that are made once and kept must be plain, whatever the caller does:
    exporters would record how they are made, those of inference mode could never be
    trained with, and those of a default device would stay there. These modes belong to
    threads, so the function runs in another one. To be dropped when PyTorch has a
    context manager that leaves all of them.

    Parameters
    ----------
    function
        Function of no arguments. Its errors are raised here.

    Examples
    --------
    >>> with torch.inference_mode():
    ...     made, plain = torch.ones(1), in_plain_mode(lambda: torch.ones(1))
    >>> made.is_inference(), plain.is_inference()
    (True, False)
    """
    results: list[Result] = []
    errors: list[BaseException] = []

    def call() -> None:
        try:
            results.append(function())
        except BaseException as error:
            errors.append(error)

    thread = Thread(target=call)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def is_transformed() -> bool:
    """Whether torch.func is at work, or derivatives are taken in forward mode.

    To be dropped when PyTorch has a public function for it, or differentiates custom
    operations in forward mode.
    """
    functions: Any = torch._C
    return bool(
        functions._are_functorch_transforms_active() or forward_ad._current_level >= 0
    )


def has_values(x: Tensor) -> bool:
    """Whether Python can read the values of a tensor at no cost.

    It cannot while they are traced, exported or transformed by torch.func, and would
    wait for them on accelerators. To be simplified when PyTorch has a public function
    for this.
    """
    return (
        x.device.type == "cpu"
        and type(x) in (Tensor, torch.nn.Parameter)
        and not torch.compiler.is_compiling()
        and torch._C._get_tracing_state() is None
        and not torch._C._functorch.is_functorch_wrapped_tensor(x)
    )


def is_plain(x: Tensor) -> bool:
    """Whether a tensor is not differentiated, traced or cast: functions will do.

    The call of a custom operation takes PyTorch as long as a transform of a few signals
    at L = 32. To be dropped when this overhead is gone.
    """
    return not (
        torch.compiler.is_compiling()
        or is_transformed()
        or (torch.is_grad_enabled() and x.requires_grad)
        or torch.is_autocast_enabled(x.device.type)
        or type(x) not in (Tensor, torch.nn.Parameter)
    )
