"""Checks of coefficients and layouts, for functions, modules and layers."""

from __future__ import annotations

from typing import SupportsIndex

import torch
from torch import Tensor

from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout

PRECISIONS = (torch.float32, torch.float64)


def checked_layout(layout: HarmonicLayout) -> HarmonicLayout:
    """Return a layout as it is, and refuse anything else.

    Raises
    ------
    TypeError
        If it is not a :class:`HarmonicLayout`.
    """
    if not isinstance(layout, HarmonicLayout):
        raise TypeError(
            f"layout must be a HarmonicLayout, got {type(layout).__name__}; for "
            "signals on the sphere pass HarmonicLayout(L)"
        )
    return layout


def checked_coefficients(coefficients: Tensor, layout: HarmonicLayout) -> Tensor:
    """Refuse what is not real coefficients of a layout.

    Parameters
    ----------
    coefficients
        Shape ``(*batch, row, channel)``.
    layout
        What its rows are.

    Raises
    ------
    TypeError
        If ``layout`` is not a layout, or ``coefficients`` not a float32 or float64
        tensor.
    ValueError
        If it has fewer than two axes, or another number of rows than the layout.

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
