"""Modules with buffers that never change, wherever the module goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn


class FixedBuffers(nn.Module):
    """Buffers that stay out of ``state_dict``, laid down from masters on the CPU.

    They are made on the device in force, as parameters are, and again from the masters
    whenever the module is moved or converted: so they also survive ``to_empty``, which
    leaves memory as it is, and a module made on ``meta`` needs nothing but its
    ``state_dict``. They are never tensors of an inference mode, which could not be
    trained with.
    """

    def __init__(self) -> None:
        super().__init__()
        self._masters: dict[str, Tensor | None] = {}

    def keep(
        self,
        name: str,
        master: npt.NDArray[Any] | None,
        dtype: torch.dtype | None = None,
    ) -> None:
        """Register a master, and the buffer that is made of it.

        Parameters
        ----------
        name
            Of the buffer.
        master
            Values; None where a subclass has them elsewhere, and overrides
            :meth:`rounded`.
        dtype
            Of the buffer, by default that of the master. Integers stay as they are.
        """
        kept = None
        if master is not None:
            kept = plain_tensor(master)
            if dtype is None or not kept.is_floating_point():
                dtype = kept.dtype
        self._masters[name] = kept
        made = self._made(name, cast(torch.dtype, dtype), torch.get_default_device())
        self.register_buffer(name, made, persistent=False)

    def rounded(self, name: str, dtype: torch.dtype) -> Tensor:
        """Return a master in a dtype, on the CPU."""
        return cast(Tensor, self._masters[name]).to(dtype)

    def _made(self, name: str, dtype: torch.dtype, device: torch.device) -> Tensor:
        """Return what a buffer is to be."""
        with torch.inference_mode(False):
            # Rounded before it moves: not every device has float64.
            return self.rounded(name, dtype).to(device)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Move or convert; what becomes of fixed buffers is made of the masters."""
        # Taken out, so that no table is on a device twice.
        fixed = {name: cast(Tensor, self._buffers.pop(name)) for name in self._masters}
        try:
            cast(Any, super())._apply(fn, recurse)
            for name, before in fixed.items():
                probe = before[:0]
                after = fn(probe)
                if after is not probe:
                    fixed[name] = self._made(name, after.dtype, after.device)
        finally:
            self._buffers.update(fixed)
        return self


def plain_tensor(array: npt.NDArray[Any]) -> Tensor:
    """Return a tensor on the same memory, which no inference mode has marked."""
    with torch.inference_mode(False):
        return torch.from_numpy(np.ascontiguousarray(array))
