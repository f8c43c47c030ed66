"""Checks of coefficients and layouts, for functions, modules and layers."""

from __future__ import annotations

from typing import SupportsIndex

import torch
from torch import Tensor

from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.signals import tensor_argument
from samplings.arguments import integer_argument, shown

PRECISIONS = (torch.float32, torch.float64)


def as_layout(
    layout: HarmonicLayout | SupportsIndex, name: str = "layout"
) -> HarmonicLayout:
    """Return a layout as it is, and the sphere's layout for a bandlimit.

    Raises
    ------
    TypeError
        If it is neither; the message calls it ``name``.
    """
    if isinstance(layout, HarmonicLayout):
        return layout
    try:
        return HarmonicLayout(integer_argument(name, layout, 1))
    except TypeError:
        raise TypeError(
            f"{name} must be a HarmonicLayout or a bandlimit L, got {shown(layout)}; "
            "for signals on the sphere pass an integer L, for others "
            "HarmonicLayout(L, tau)"
        ) from None


def checked_coefficients(
    coefficients: Tensor,
    layout: HarmonicLayout | SupportsIndex,
    name: str = "coefficients",
) -> Tensor:
    """Return coefficients if they are real and have the rows of a layout.

    Parameters
    ----------
    coefficients
        Shape ``(*batch, row, channel)``.
    layout
        Layout of the rows; an integer L stands for ``HarmonicLayout(L)``.
    name
        Name of the coefficients, for the messages.

    Raises
    ------
    TypeError
        If ``layout`` is neither, or ``coefficients`` not a float32 or float64 tensor.
    ValueError
        If it has fewer than two axes, or its number of rows is not that of the layout.

    Examples
    --------
    >>> checked_coefficients(torch.zeros(9, 2), HarmonicLayout(3)).shape
    torch.Size([9, 2])
    """
    layout = as_layout(layout)
    check_real_rows(coefficients, name)
    if coefficients.shape[-2] != layout.n_rows:
        raise ValueError(
            f"{name} have {coefficients.shape[-2]} rows, {layout} has "
            f"{layout.n_rows}; rows are the last axis but one, channels the last"
        )
    return coefficients


def check_real_rows(coefficients: Tensor, name: str = "coefficients") -> None:
    """Raise unless these are float32 or float64 tensors ``(*batch, row, channel)``."""
    dtype = tensor_argument(name, coefficients, "(*batch, row, channel)").dtype
    if dtype.is_complex:
        raise TypeError(
            f"{name} must be real, got {dtype}; convert those of real signals with "
            "from_healpy or from_torch_harmonics"
        )
    if dtype not in PRECISIONS:
        raise TypeError(
            f"{name} must be float32 or float64, got {dtype}: sums over many degrees "
            "lose what half precision keeps; convert them with .float()"
        )
    if coefficients.ndim < 2:
        raise ValueError(
            f"{name} must have shape (*batch, row, channel), got "
            f"{tuple(coefficients.shape)}; add a channel with [..., None]"
        )


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


def check_pair(a: Tensor, b: Tensor, rows: bool = True) -> None:
    """Raise unless ``other``, b, has the dtype of a and a shape that broadcasts.

    The numbers of rows may differ if ``rows`` is False.
    """
    if a.dtype != b.dtype:
        raise TypeError(
            f"other must be {a.dtype} like the coefficients, got {b.dtype}; convert "
            f"it with .to({a.dtype})"
        )
    sizes = [*zip(reversed(a.shape), reversed(b.shape), strict=False)]
    if not rows:
        del sizes[1]
    if any(m != n and 1 not in (m, n) for m, n in sizes):
        raise ValueError(
            f"other must have the shape {tuple(a.shape)} of the coefficients, or one "
            f"that broadcasts with it, got {tuple(b.shape)}; add axes of length 1 to "
            "pair every signal with every other"
        )


def numbered_layout(
    layout: HarmonicLayout | SupportsIndex, name: str = "layout"
) -> HarmonicLayout:
    """Return :func:`as_layout`, its rows numbered now: compilers cannot do so later."""
    known = as_layout(layout, name)
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
