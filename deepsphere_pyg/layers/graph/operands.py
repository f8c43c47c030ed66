"""Checks of what convolutions with polynomials of a Laplacian are given."""

from __future__ import annotations

import torch
from torch import Tensor

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.signals import checked_signal, tensor_argument
from samplings.arguments import counted, instance_argument


def checked_operands(
    x: Tensor,
    laplacian: EdgeOperator,
    channels: int,
    remedy: str = "make one with deepsphere_pyg.laplacian_operator",
    *,
    cast: bool = False,
) -> Tensor:
    """Return signals that a Laplacian and a number of channels fit.

    Parameters
    ----------
    x
        Signals, shape ``(*batch, vertex, channels)``.
    laplacian
        Square operator.
    channels
        Number of channels expected.
    remedy
        Last part of the message about an object that is not an operator.
    cast
        Whether to convert the signals to the operator's dtype under autocast.

    Raises
    ------
    TypeError, ValueError
        If one of them does not fit.
    """
    instance_argument("laplacian", laplacian, EdgeOperator, remedy)
    if laplacian.n_in != laplacian.n_out:
        raise ValueError(
            "a Laplacian maps a sampling to itself, got an operator from "
            f"{laplacian.n_in} to {laplacian.n_out} vertices"
        )
    x = checked_signal(x, laplacian.n_in, laplacian.weight, cast=cast)
    if x.shape[-1] != channels:
        raise ValueError(
            f"expected {channels} input channels, got {x.shape[-1]}; "
            "x must have shape (*batch, vertex, channel)"
        )
    return x


def checked_channels(
    x: Tensor, channels: int | None = None, like: Tensor | None = None
) -> Tensor:
    """Return signals of real numbers, of a number of channels and a dtype if given.

    Raises
    ------
    TypeError
        If ``x`` is not a floating tensor, or not of the dtype of ``like``.
    ValueError
        If ``x`` has fewer than two axes, or another number of channels.
    """
    if tensor_argument("x", x).ndim < 2 or channels not in (None, x.shape[-1]):
        asked = "" if channels is None else f" of {counted(channels, 'channel')}"
        raise ValueError(
            f"x must have shape (*batch, vertex, channel){asked}, got "
            f"{tuple(x.shape)}; pass the signals that the layer was made for"
        )
    dtype = (
        x.dtype
        if like is None or torch.is_autocast_enabled(x.device.type)
        else (like.dtype)
    )
    if not x.is_floating_point() or x.dtype != dtype:
        wanted = dtype if dtype.is_floating_point else torch.float32
        raise TypeError(f"x must be {wanted}, got {x.dtype}; convert it with .to()")
    return x
