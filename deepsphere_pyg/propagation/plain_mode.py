"""Calls that no tracing, inference mode or default device of the caller changes."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import TypeVar

Result = TypeVar("Result")


def in_plain_mode(function: Callable[[], Result]) -> Result:
    """Call a function as if nothing were being traced, exported or inferred.

    Tensors that are made once and kept have to be plain ones, whoever asks first: an
    exporter would record how they are made, and those of an inference mode could
    never be trained with. PyTorch's modes belong to threads; another one has none.

    Parameters
    ----------
    function
        What to call. An error that it raises is raised here.

    Examples
    --------
    >>> import torch
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
