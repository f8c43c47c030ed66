"""Fields of spin as signals of two components at each vertex."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from deepsphere_pyg.signals import tensor_argument
from samplings.arguments import counted

SHAPE = "(*batch, vertex, 2, channel)"


def checked_field(x: Tensor, channels: int | None = None, name: str = "x") -> Tensor:
    """Return a field of spin.

    Raises
    ------
    TypeError
        If it is not a floating tensor.
    ValueError
        If its last axes are not vertices, two components and ``channels``.
    """
    shape = tensor_argument(name, x, SHAPE).shape
    if x.ndim < 3 or shape[-2] != 2:
        raise ValueError(
            f"{name} must have shape {SHAPE}, with components to the south and to the "
            f"east, or Q and U, got {tuple(shape)}; stack them with "
            "torch.stack([f_0, f_1], dim=-2)"
        )
    if channels is not None and shape[-1] != channels:
        raise ValueError(
            f"{name} must have {counted(channels, 'channel')}, got {shape[-1]}; it "
            f"must have shape {SHAPE}"
        )
    if not x.is_floating_point():
        raise TypeError(
            f"{name} must be real and floating, got {x.dtype}; for complex fields use "
            "torch.view_as_real(f).transpose(-1, -2)"
        )
    return x


def quarter_turn(x: Tensor) -> Tensor:
    r"""Return i f: components :math:`(-f_1, f_0)`."""
    south, east = x.unbind(-2)
    return torch.stack([-east, south], dim=-2)


def squared_magnitude(x: Tensor) -> Tensor:
    r"""Return :math:`|f|^2`, with one component, ``(*batch, vertex, 1, channel)``."""
    return x.square().sum(-2, keepdim=True)


def on_components(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Apply a function of signals on 2 V nodes, the components of the vertices."""
    *batch, n, two, channels = x.shape
    y = function(x.reshape(*batch, n * two, channels))
    if y.shape[-2] % 2:
        raise ValueError(
            f"an operator of fields has two rows at each vertex, got {y.shape[-2]} "
            "rows; pass one of a connection Laplacian or of spin=..."
        )
    return y.view(*batch, y.shape[-2] // 2, two, y.shape[-1])
