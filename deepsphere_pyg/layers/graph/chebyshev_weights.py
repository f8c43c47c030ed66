"""Weights of a Chebyshev convolution, in our form and PyTorch Geometric's."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from samplings.arguments import flag_argument, integer_argument


class ChebyshevWeights(nn.Module):
    """Weights and bias of a Chebyshev convolution.

    ``load_state_dict`` takes them as ``weight``, shape
    ``(K, in_channels, out_channels)``, or as in PyTorch Geometric's ChebConv:
    ``lins.{k}.weight``, shape ``(out_channels, in_channels)``, for each term.

    Parameters
    ----------
    in_channels, out_channels, K, bias
        As in :class:`~deepsphere_pyg.layers.ChebConv`.
    """

    weight: nn.Parameter
    bias: nn.Parameter | None

    def __init__(
        self, in_channels: int, out_channels: int, K: int, *, bias: bool = True
    ) -> None:
        super().__init__()
        self.in_channels = integer_argument("in_channels", in_channels, 1)
        self.out_channels = integer_argument("out_channels", out_channels, 1)
        self.K = integer_argument("K", K, 1)
        shape = (self.K, self.in_channels, self.out_channels)
        self.weight = nn.Parameter(torch.empty(shape))
        constants = torch.empty(self.out_channels)
        self.bias = nn.Parameter(constants) if flag_argument("bias", bias) else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights and set the bias to zero."""
        if not is_lazy(self.weight):
            nn.init.normal_(self.weight, std=(2 / (self.in_channels * self.K)) ** 0.5)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Load; ``state_dict`` is PyTorch's own copy, which may change."""
        if not stack_terms(state_dict, prefix, error_msgs):
            return
        others = (local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        cast(Any, super())._load_from_state_dict(state_dict, prefix, *others)


def stack_terms(state_dict: dict[str, Any], prefix: str, error_msgs: list[str]) -> bool:
    """Replace PyTorch Geometric's matrices, if all are present, by our one tensor.

    Returns
    -------
    bool
        Whether there was no error; if there was, it is appended to the messages.
    """
    key = f"{prefix}weight"
    names = [name for name in state_dict if name.startswith(f"{prefix}lins.")]
    ordered = [f"{prefix}lins.{k}.weight" for k in range(len(names))]
    if not names or set(names) != set(ordered) or key in state_dict:
        # PyTorch lists unexpected and missing keys.
        ordered = []
    matrices = [state_dict[name] for name in ordered]
    if any(is_lazy(given) for given in [*matrices, state_dict.get(key)]):
        error_msgs.append(
            f"{prefix}{'lins' if matrices else 'weight'} has no values, since it was "
            "saved before the first call of a layer of in_channels=-1; call that layer "
            "before saving"
        )
        return False
    shapes = {tuple(matrix.shape) for matrix in matrices}
    if len(shapes) > 1 or any(len(shape) != 2 for shape in shapes):
        error_msgs.append(
            f"{prefix}lins must be matrices (out_channels, in_channels) of one shape, "
            f"got {sorted(shapes)}"
        )
        return False
    if matrices:
        for name in ordered:
            del state_dict[name]
        state_dict[key] = torch.stack([matrix.t() for matrix in matrices])
    return True


def pyg_state_dict(module: nn.Module) -> dict[str, Tensor]:
    """Return a ``state_dict`` for a network with PyTorch Geometric's ChebConv.

    Each :class:`~deepsphere_pyg.layers.ChebConv` in the module gets a matrix
    ``lins.{k}.weight`` of shape ``(out_channels, in_channels)`` for each of its K
    terms; all else is as in ``module.state_dict()``. The way back needs no function:
    ``load_state_dict`` of this package's layers takes both forms.

    Parameters
    ----------
    module
        A ChebConv, or a network that contains some.

    Returns
    -------
    dict of Tensor
        Shares memory with the parameters, as a ``state_dict`` does.

    Raises
    ------
    TypeError
        If ``module`` is not a module.
    ValueError
        If the number of channels of a layer is not yet known, or its weight is pruned
        or parametrized.

    Examples
    --------
    >>> from deepsphere_pyg import ChebConv
    >>> list(pyg_state_dict(nn.Sequential(ChebConv(3, 5, K=2))))
    ['0.lins.0.weight', '0.lins.1.weight', '0.bias']
    """
    if not isinstance(module, nn.Module):
        raise TypeError(
            f"module must be a torch.nn.Module, got {type(module).__name__}; pass the "
            "layer or network itself, not its state_dict"
        )
    ours = set()
    for name, layer in module.named_modules(remove_duplicate=False):
        if isinstance(layer, ChebyshevWeights):
            key = f"{name}.weight" if name else "weight"
            if "weight" not in layer._parameters:
                raise ValueError(
                    f"{key} must be a parameter, got one computed from others by "
                    "pruning or a parametrization; make it one again with "
                    "torch.nn.utils.prune.remove or "
                    "torch.nn.utils.parametrize.remove_parametrizations"
                )
            ours.add(key)
    result: dict[str, Tensor] = {}
    for key, value in module.state_dict().items():
        if key not in ours:
            result[key] = value
            continue
        if is_lazy(value):
            raise ValueError(
                f"{key} has no values: in_channels is -1 until the layer's first call; "
                "call it once before"
            )
        prefix = key.removesuffix("weight")
        for k, matrix in enumerate(value):
            result[f"{prefix}lins.{k}.weight"] = matrix.t()
    return result
