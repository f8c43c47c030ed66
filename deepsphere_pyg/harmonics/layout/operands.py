"""What modules ask of the coefficients and layouts they are given."""

from __future__ import annotations

from typing import SupportsIndex

import torch
from torch import Tensor

from deepsphere_pyg.harmonics.layout.checked_rows import checked_coefficients
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout


def as_layout(layout: HarmonicLayout | SupportsIndex) -> HarmonicLayout:
    """Return a layout as it is, and that of the sphere for a bandlimit.

    Raises
    ------
    TypeError, ValueError
        If it is neither.
    """
    return layout if isinstance(layout, HarmonicLayout) else HarmonicLayout(layout)


def checked_operand(
    coefficients: Tensor, layout: HarmonicLayout, like: Tensor, dtype: torch.dtype
) -> Tensor:
    """Return coefficients that fit a module's layout, dtype and device.

    Under autocast they are brought to the module's dtype.

    Raises
    ------
    TypeError, ValueError
        As :func:`checked_coefficients`; if dtype or device are not the module's.
    """
    if isinstance(coefficients, Tensor):
        if coefficients.device != like.device:
            raise ValueError(
                f"coefficients are on {coefficients.device}, the module is on "
                f"{like.device}; move one with .to(device)"
            )
        floating = coefficients.is_floating_point()
        if floating and torch.is_autocast_enabled(coefficients.device.type):
            coefficients = coefficients.to(dtype)
    checked_coefficients(coefficients, layout)
    if coefficients.dtype != dtype:
        raise TypeError(
            f"coefficients must be {dtype} like the module, got {coefficients.dtype}; "
            f"convert them with .to({dtype}), or the module with "
            f".to({coefficients.dtype})"
        )
    return coefficients
