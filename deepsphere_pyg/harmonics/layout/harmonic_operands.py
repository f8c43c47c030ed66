"""What layers on coefficients ask of their input."""

from __future__ import annotations

from typing import SupportsIndex

import torch
from torch import Tensor

from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.harmonics.layout.operands import as_layout


def numbered_layout(layout: HarmonicLayout | SupportsIndex) -> HarmonicLayout:
    """Return the layout, or that of the sphere for a bandlimit, with rows numbered.

    They are numbered at first use, under a lock in Python 3.11: compilers cannot.

    Raises
    ------
    TypeError, ValueError
        If it is neither.
    """
    known = as_layout(layout)
    known.rows(0)
    return known


def in_full_precision(coefficients: Tensor) -> Tensor:
    """Return coefficients that autocast has rounded in float32, others as they are.

    Layers without a dtype of their own ask for this: those after them take float32.
    """
    half = (torch.float16, torch.bfloat16)
    if (
        isinstance(coefficients, Tensor)
        and coefficients.dtype in half
        and torch.is_autocast_enabled(coefficients.device.type)
    ):
        return coefficients.float()
    return coefficients


def check_channels(coefficients: Tensor, channels: int) -> None:
    """Refuse coefficients of another number of channels.

    Raises
    ------
    ValueError
        If the last axis has another length.
    """
    if coefficients.shape[-1] != channels:
        raise ValueError(
            f"expected {channels} input channels, got {coefficients.shape[-1]}; "
            "coefficients must have shape (*batch, row, channel)"
        )
