"""Modules with float64 tables, rounded to the dtype in use."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor

from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors


class Float64Tensors(FixedTensors):
    """Fixed tensors with float64 masters.

    A change of dtype starts from the masters, so that ``.double()`` is always exact.
    Half precision is refused.

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
        stated: bool = False,
    ) -> None:
        """Register a master, and make its tensor in the module's dtype."""
        super().keep(name, master, dtype or self.dtype, stated)

    def refuse_conversion(self, fn: Callable[[Tensor], Tensor]) -> None:
        """Refuse a dtype that is neither float32 nor float64."""
        dtype = self._dtype_after(fn)
        if dtype != self.dtype:
            _checked_conversion(dtype, type(self).__name__)

    def converted(self, fn: Callable[[Tensor], Tensor]) -> None:
        """Update the dtype."""
        self.dtype = self._dtype_after(fn)

    def _dtype_after(self, fn: Callable[[Tensor], Tensor]) -> torch.dtype:
        """Return the dtype that a conversion gives to the module's tensors."""
        fixed = (tensor for _, tensor in self.named_fixed_tensors())
        tensors = chain(fixed, self.parameters(), self.buffers())
        device = next((tensor.device for tensor in tensors), torch.device("cpu"))
        return fn(torch.zeros(0, dtype=self.dtype, device=device)).dtype


def checked_dtype(dtype: torch.dtype) -> torch.dtype:
    """Return ``dtype``, or raise ``TypeError`` if it is not float32 or float64."""
    if isinstance(dtype, torch.dtype) and dtype in (torch.float32, torch.float64):
        return dtype
    if isinstance(dtype, torch.dtype) and dtype in (torch.float16, torch.bfloat16):
        raise TypeError(
            f"harmonic transforms are float32 or float64, got {dtype}: its 8 to 11 "
            "bits are too few for sums over hundreds of harmonics; keep the transform "
            "in float32 (under autocast it converts its signals)"
        )
    raise TypeError(
        "dtype of harmonic transforms must be torch.float32 or torch.float64, got "
        f"{dtype!s:.60}; pass one of the two"
    )


def _checked_conversion(dtype: torch.dtype, name: str) -> None:
    """Check the dtype; PyTorch may have converted other modules already."""
    try:
        checked_dtype(dtype)
    except TypeError as error:
        raise TypeError(
            f"{error}. {name} was not converted, but modules before it in the model "
            f"are {dtype} already; call .float() or .double() on the whole model"
        ) from None
