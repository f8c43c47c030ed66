"""What every function asks of the coefficients it is given."""

from __future__ import annotations

import torch
from torch import Tensor

from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout

PRECISIONS = (torch.float32, torch.float64)


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
    if not isinstance(layout, HarmonicLayout):
        raise TypeError(
            f"layout must be a HarmonicLayout, got {type(layout).__name__}; for "
            "signals on the sphere pass HarmonicLayout(L)"
        )
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
