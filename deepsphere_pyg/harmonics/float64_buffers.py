"""Modules whose tables are float64 first, and rounded to the dtype in use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self, cast

import torch
from torch import Tensor, nn


class Float64Buffers(nn.Module):
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
        self.dtype = checked_dtype(dtype or torch.get_default_dtype())
        self._masters: dict[str, Tensor | None] = {}

    def keep(self, name: str, master: Tensor | None) -> None:
        """Register a float64 master, and the buffer that is rounded of it.

        None where a subclass keeps the master elsewhere, and rounds it itself.
        """
        self._masters[name] = master
        self.register_buffer(name, self.rounded(name, self.dtype), persistent=False)

    def rounded(self, name: str, dtype: torch.dtype) -> Tensor:
        """Return a master in a dtype, on the CPU."""
        return cast(Tensor, self._masters[name]).to(dtype)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Move or convert; a new dtype starts from the masters."""
        device = next((b.device for b in self.buffers()), torch.device("cpu"))
        probe = fn(torch.zeros(1, dtype=self.dtype, device=device))
        dtype = checked_dtype(probe.dtype)
        cast(Any, super())._apply(fn, recurse)
        if dtype != self.dtype:
            self.dtype = dtype
            for name in self._masters:
                # Rounded before it moves: not every device has float64.
                setattr(self, name, self.rounded(name, dtype).to(probe.device))
        return self


def checked_dtype(dtype: torch.dtype) -> torch.dtype:
    """Refuse dtypes that transforms are not computed in.

    Raises
    ------
    TypeError
        If it is neither float32 nor float64.
    """
    if dtype in (torch.float32, torch.float64):
        return dtype
    if dtype in (torch.float16, torch.bfloat16):
        raise TypeError(
            f"harmonic transforms are float32 or float64, got {dtype}: its 8 to 11 "
            "bits are lost in sums over hundreds of harmonics; keep the transform in "
            "float32 (under autocast it converts the signals that it is given)"
        )
    raise TypeError(
        f"harmonic transforms are torch.float32 or torch.float64, got {dtype}; pass "
        "one of the two"
    )
