"""What a Chebyshev convolution learns, and how PyTorch Geometric stores it."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter, is_lazy

from samplings.arguments import flag_argument, integer_argument


class ChebyshevWeights(nn.Module):
    """Weights and bias of a Chebyshev convolution.

    ``load_state_dict`` takes them as ``weight``, shape
    ``(K, in_channels, out_channels)``, or as PyTorch Geometric's ChebConv has them:
    ``lins.{k}.weight``, shape ``(out_channels, in_channels)``, one a term.

    Parameters
    ----------
    in_channels, out_channels, K, bias
        As of :class:`~deepsphere_pyg.layers.ChebConv`.
    """

    weight: nn.Parameter
    bias: nn.Parameter | None

    def __init__(self, in_channels: int, out_channels: int, K: int, bias: bool) -> None:
        super().__init__()
        # -1 takes it from the first call, as in PyTorch Geometric.
        in_channels = integer_argument("in_channels", in_channels, -1)
        if in_channels == 0:
            raise ValueError(
                "in_channels must be at least 1, got 0; -1 takes it from the first call"
            )
        bias = flag_argument("bias", bias)
        self.in_channels = in_channels
        self.out_channels = out_channels = integer_argument(
            "out_channels", out_channels, 1
        )
        self.K = K = integer_argument("K", K, 1)
        if in_channels == -1:
            self.weight = cast(nn.Parameter, UninitializedParameter())
        else:
            self.weight = nn.Parameter(torch.empty(K, in_channels, out_channels))
        self.bias = nn.Parameter(torch.empty(out_channels)) if bias else None

    def reset_parameters(self) -> None:
        """Draw new weights and set the bias to zero."""
        if not is_lazy(self.weight):
            nn.init.normal_(self.weight, std=(2 / (self.in_channels * self.K)) ** 0.5)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def _set_in_channels(self, in_channels: int) -> None:
        """Make room for the weights, once it is known for how many channels."""
        self.in_channels = in_channels
        shape = (self.K, in_channels, self.out_channels)
        # Parameters made in inference mode could never be trained.
        with torch.inference_mode(False):
            cast(UninitializedParameter, self.weight).materialize(shape)

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        """Save; weights without values as they are, for they cannot be detached."""
        lazy = {
            name: value
            for name, value in self._parameters.items()
            if value is not None and is_lazy(value)
        }
        self._parameters.update(dict.fromkeys(lazy))
        try:
            super()._save_to_state_dict(destination, prefix, keep_vars)
        finally:
            self._parameters.update(lazy)
        destination.update((prefix + name, value) for name, value in lazy.items())

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
        key = prefix + "weight"
        try:
            _stack_terms(state_dict, prefix)
            if key in state_dict and is_lazy(state_dict[key]):
                raise ValueError(
                    f"{key} has no values: it was saved before the first call of a "
                    "layer of in_channels=-1; call that layer before saving"
                )
        except ValueError as error:
            error_msgs.append(str(error))
            return
        if is_lazy(self.weight) and key in state_dict:
            if state_dict[key].ndim == 3:
                self._set_in_channels(state_dict[key].shape[1])
            else:
                error_msgs.append(
                    f"{key} must have shape (K, in_channels, out_channels), got "
                    f"{tuple(state_dict[key].shape)}"
                )
                return
        cast(Any, super())._load_from_state_dict(
            state_dict,
            prefix,
            local_metadata,
            strict,
            missing_keys,
            unexpected_keys,
            error_msgs,
        )


def _stack_terms(state_dict: dict[str, Any], prefix: str) -> None:
    """Replace PyTorch Geometric's matrices, if all are there, by our one tensor."""
    names = [key for key in state_dict if key.startswith(f"{prefix}lins.")]
    ordered = [f"{prefix}lins.{k}.weight" for k in range(len(names))]
    if not names or set(names) != set(ordered) or f"{prefix}weight" in state_dict:
        # PyTorch says which keys it did not expect, and which it misses.
        return
    matrices = [state_dict[name] for name in ordered]
    if any(is_lazy(matrix) for matrix in matrices):
        raise ValueError(
            f"{prefix}lins have no values: they were saved before the first call of a "
            "layer of in_channels=-1; call that layer before saving"
        )
    shapes = {tuple(matrix.shape) for matrix in matrices}
    if len(shapes) > 1 or matrices[0].ndim != 2:
        raise ValueError(
            f"{prefix}lins must be matrices (out_channels, in_channels) of one shape, "
            f"got {sorted(shapes)}"
        )
    for name in ordered:
        del state_dict[name]
    state_dict[f"{prefix}weight"] = torch.stack([m.t() for m in matrices])


def pyg_state_dict(module: nn.Module) -> dict[str, Tensor]:
    """Return a ``state_dict`` that a network of PyTorch Geometric's ChebConv loads.

    Each :class:`~deepsphere_pyg.layers.ChebConv` in the module gets a matrix
    ``lins.{k}.weight`` of shape ``(out_channels, in_channels)`` for each of its K
    terms; all else stays as in ``module.state_dict()``. The way back needs no function:
    ``load_state_dict`` of this package's layers takes both forms.

    Parameters
    ----------
    module
        A ChebConv, or a network with some.

    Returns
    -------
    dict of Tensor
        Shares memory with the parameters, as a ``state_dict`` does.

    Raises
    ------
    TypeError
        If it is not a module.
    ValueError
        If a layer has not yet seen how many channels it gets, or its weight is pruned
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
                    f"{key} is computed of other parameters, by pruning or a "
                    "parametrization; make it one again with "
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
