"""Checks of nonlinearities that users pass to layers."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

# Elementwise modules of PyTorch: they keep rows and channels.
POINTWISE = (
    nn.CELU,
    nn.Dropout,
    nn.ELU,
    nn.GELU,
    nn.Hardshrink,
    nn.Hardsigmoid,
    nn.Hardswish,
    nn.Hardtanh,
    nn.Identity,
    nn.LeakyReLU,
    nn.LogSigmoid,
    nn.Mish,
    nn.PReLU,
    nn.RReLU,
    nn.ReLU,
    nn.SELU,
    nn.SiLU,
    nn.Sigmoid,
    nn.Softplus,
    nn.Softshrink,
    nn.Softsign,
    nn.Tanh,
    nn.Tanhshrink,
    nn.Threshold,
)


def checked_activation(
    activation: Callable[[Tensor], Tensor] | None, default: type[nn.Module] = nn.ReLU
) -> Callable[[Tensor], Tensor]:
    """Return the activation, or an instance of the default for None.

    Raises
    ------
    TypeError
        If it cannot be called on tensors, or is a class of modules.
    """
    chosen = default() if activation is None else activation
    if isinstance(chosen, type):
        raise TypeError(
            f"activation must be a module, not its class; pass {chosen.__name__}()"
        )
    if not callable(chosen):
        raise TypeError(
            f"activation must be a module or a function, got {type(chosen).__name__}; "
            "pass one such as torch.nn.SiLU()"
        )
    return chosen
