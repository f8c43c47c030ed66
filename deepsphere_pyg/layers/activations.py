"""What layers with a nonlinearity of the user's ask of it."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn


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
