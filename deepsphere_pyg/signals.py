"""What every operator asks of the signals it is given."""

from __future__ import annotations

import torch
from torch import Tensor


def checked_signal(x: Tensor, n_in: int, weight: Tensor, cast: bool = True) -> Tensor:
    """Refuse what is not a signal on the sources of an operator.

    Under autocast the signal is brought to the operator's dtype: sums over many edges
    stay in its precision.

    Parameters
    ----------
    x
        Signals, shape ``(*batch, n_in, channel)``.
    n_in
        Number of vertices expected.
    weight
        Edge weights, whose dtype and device are expected.
    cast
        Whether to bring the signal to that dtype under autocast; else it is left as
        it is there.

    Raises
    ------
    TypeError
        If ``x`` is not a tensor or of another dtype.
    ValueError
        If it has another shape or is on another device.
    """
    if not isinstance(x, Tensor):
        raise TypeError(
            f"x must be a tensor (*batch, vertex, channel), got {type(x).__name__};"
            " convert it with torch.as_tensor"
        )
    if x.ndim < 2:
        raise ValueError(
            "x must have shape (*batch, vertex, channel), got "
            f"{tuple(x.shape)}; add a channel with x[..., None]"
        )
    if x.shape[-2] != n_in:
        raise ValueError(
            f"x has {x.shape[-2]} vertices, this operator takes {n_in}; x must have "
            "shape (*batch, vertex, channel) and live on the sampling that the "
            "operator was built for"
        )
    if x.device != weight.device:
        raise ValueError(
            f"x is on {x.device} but the operator is on {weight.device}; "
            "move one with .to(device)"
        )
    if x.is_floating_point() and torch.is_autocast_enabled(x.device.type):
        return x.to(weight.dtype) if cast else x
    if x.dtype != weight.dtype:
        other = (
            f", or the operator with .to({x.dtype})"
            if x.dtype.is_floating_point
            else ""
        )
        raise TypeError(
            f"x must be {weight.dtype} like the operator, got {x.dtype}; convert it "
            f"with .to({weight.dtype}){other}"
        )
    return x
