"""Modules whose tables are float64 first, and rounded to the dtype in use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy.typing as npt
import torch
from torch import Tensor

from deepsphere_pyg.harmonics.fixed_buffers import FixedBuffers


class Float64Buffers(FixedBuffers):
    """Buffers that stay out of ``state_dict``, with float64 masters.

    A change of dtype starts from the masters, so that ``.double()`` is exact whatever
    the dtype before. Half precision is refused.

    Parameters
    ----------
    dtype
        ``torch.float32`` or ``torch.float64``; PyTorch's default if None.
    """

    def __init__(self, dtype: torch.dtype | None) -> None:
        super().__init__()
        self.dtype = checked_dtype(
            torch.get_default_dtype() if dtype is None else dtype
        )

    def keep(
        self,
        name: str,
        master: npt.NDArray[Any] | None,
        dtype: torch.dtype | None = None,
    ) -> None:
        """Register a master, and the buffer of the module's dtype made of it."""
        super().keep(name, master, dtype or self.dtype)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Move or convert; refuse a dtype before anything changes."""
        device = next((b.device for b in self.buffers()), torch.device("cpu"))
        probe = fn(torch.zeros(1, dtype=self.dtype, device=device))
        if probe.dtype != self.dtype:
            _checked_conversion(probe.dtype, type(self).__name__)
        super()._apply(fn, recurse)
        self.dtype = probe.dtype
        return self


def checked_dtype(dtype: torch.dtype) -> torch.dtype:
    """Refuse dtypes that transforms are not computed in.

    Raises
    ------
    TypeError
        If it is neither float32 nor float64.
    """
    if isinstance(dtype, torch.dtype) and dtype in (torch.float32, torch.float64):
        return dtype
    if isinstance(dtype, torch.dtype) and dtype in (torch.float16, torch.bfloat16):
        raise TypeError(
            f"harmonic transforms are float32 or float64, got {dtype}: its 8 to 11 "
            "bits are lost in sums over hundreds of harmonics; keep the transform in "
            "float32 (under autocast it converts the signals that it is given)"
        )
    raise TypeError(
        f"harmonic transforms are torch.float32 or torch.float64, got {dtype}; pass "
        "one of the two"
    )


def _checked_conversion(dtype: torch.dtype, name: str) -> None:
    """Refuse to convert a module; PyTorch has begun with others.

    Raises
    ------
    TypeError
        As :func:`checked_dtype`.
    """
    try:
        checked_dtype(dtype)
    except TypeError as error:
        raise TypeError(
            f"{error}. {name} is as it was, but where it is part of a model, the "
            f"modules that come before it are {dtype} by now: call .float() or "
            ".double() on the model to have all of them alike"
        ) from None
