"""Checks of coefficients and layouts, for functions, modules and layers."""

from __future__ import annotations

from typing import SupportsIndex

import torch
from torch import Tensor

from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout

PRECISIONS = (torch.float32, torch.float64)


def checked_layout(layout: HarmonicLayout) -> HarmonicLayout:
    """Return ``layout``, or raise ``TypeError`` if it is not a HarmonicLayout."""
    if not isinstance(layout, HarmonicLayout):
        raise TypeError(
            f"layout must be a HarmonicLayout, got {type(layout).__name__}; for "
            "signals on the sphere pass HarmonicLayout(L)"
        )
    return layout


def checked_coefficients(coefficients: Tensor, layout: HarmonicLayout) -> Tensor:
    """Return coefficients if they are real and have the rows of a layout.

    Parameters
    ----------
    coefficients
        Shape ``(*batch, row, channel)``.
    layout
        Layout of the rows.

    Raises
    ------
    TypeError
        If ``layout`` is not a layout, or ``coefficients`` not a float32 or float64
        tensor.
    ValueError
        If it has fewer than two axes, or its number of rows is not that of the layout.

    Examples
    --------
    >>> checked_coefficients(torch.zeros(9, 2), HarmonicLayout(3)).shape
    torch.Size([9, 2])
    """
    checked_layout(layout)
    if not isinstance(coefficients, Tensor):
        raise TypeError(
            "coefficients must be a tensor (*batch, row, channel), got "
            f"{type(coefficients).__name__}; convert them with torch.as_tensor"
        )
    if coefficients.dtype.is_complex:
        raise TypeError(
            f"coefficients must be real, got {coefficients.dtype}; convert those of "
            "real signals with from_healpy or from_torch_harmonics"
        )
    if coefficients.dtype not in PRECISIONS:
        raise TypeError(
            f"coefficients must be float32 or float64, got {coefficients.dtype}: sums "
            "over many degrees lose what half precision keeps; convert them with "
            ".float()"
        )
    if coefficients.ndim < 2:
        raise ValueError(
            "coefficients must have shape (*batch, row, channel), got "
            f"{tuple(coefficients.shape)}; add a channel with [..., None]"
        )
    if coefficients.shape[-2] != layout.n_rows:
        raise ValueError(
            f"coefficients have {coefficients.shape[-2]} rows, {layout} has "
            f"{layout.n_rows}; rows are the last axis but one, channels the last"
        )
    return coefficients


def as_layout(layout: HarmonicLayout | SupportsIndex) -> HarmonicLayout:
    """Return a layout as it is, and the sphere's layout for a bandlimit."""
    return layout if isinstance(layout, HarmonicLayout) else HarmonicLayout(layout)


def checked_operand(
    coefficients: Tensor, layout: HarmonicLayout, like: Tensor, dtype: torch.dtype
) -> Tensor:
    """Return coefficients that fit a module's layout, dtype and device.

    Under autocast they are converted to the module's dtype.
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


def numbered_layout(layout: HarmonicLayout | SupportsIndex) -> HarmonicLayout:
    """Return :func:`as_layout`, its rows numbered now: compilers cannot do so later."""
    known = as_layout(layout)
    known.rows(0)
    return known


def in_full_precision(coefficients: Tensor) -> Tensor:
    """Convert coefficients that autocast has rounded to float32; keep others.

    For layers without a dtype of their own: the layers after them expect float32.
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
    """Raise ``ValueError`` if the number of channels is not the given one."""
    if coefficients.shape[-1] != channels:
        raise ValueError(
            f"expected {channels} input channels, got {coefficients.shape[-1]}; "
            "coefficients must have shape (*batch, row, channel)"
        )
