"""What layers with a nonlinearity of the user's ask of it."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

# Nonlinearities of PyTorch that act on each number by itself, and what acts like one.
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
    activation: Callable[[Tensor], Tensor] | None,
) -> Callable[[Tensor], Tensor]:
    """Return what can be called on a tensor: ReLU for None.

    Raises
    ------
    TypeError
        If it is another thing, or a class of modules.
    """
    chosen = nn.ReLU() if activation is None else activation
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
