"""Matrices, modules and functions as maps of float64 tensors on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from deepsphere_pyg.fixed_tensors.fixed_tensors import tensors_of
from samplings import Laplacian
from samplings.arguments import kind_of

SignalMap = Callable[[Tensor], Tensor]


@contextmanager
def signal_map(
    operator: Any,
    dtype: torch.dtype | None,
    device: torch.device | str | None,
) -> Iterator[SignalMap]:
    """Yield ``operator`` as a map of float64 tensors ``(batch, vertex, channel)``.

    Modules are in evaluation mode inside the block, and restored after it.
    """
    if isinstance(operator, Laplacian):
        operator = operator.matrix
    if sp.issparse(operator) or isinstance(operator, np.ndarray):
        yield _matrix_map(operator)
        return
    if not callable(operator):
        raise TypeError(
            "operator must be a SciPy sparse matrix, a samplings.Laplacian, a torch "
            "module, or a function of signals (batch, vertex, channel), "
            f"got {kind_of(operator)}; for a graph pass samplings.laplacian(graph)"
        )
    modules = list(operator.modules()) if isinstance(operator, nn.Module) else []
    modes = [module.training for module in modules]
    own_dtype, own_device = _dtype_and_device(operator)
    dtype = own_dtype if dtype is None else dtype
    device = own_device if device is None else device

    def apply(signals: Tensor) -> Tensor:
        with torch.no_grad():
            # A copy: the operator may overwrite it.
            out = operator(signals.to(device=device, dtype=dtype, copy=True))
        return torch.as_tensor(out).detach().to("cpu", torch.float64)

    try:
        if isinstance(operator, nn.Module):
            operator.eval()
        yield apply
    finally:
        for module, training in zip(modules, modes, strict=True):
            module.training = training


def _matrix_map(matrix: Any) -> SignalMap:
    """Multiply each channel of each signal by a matrix ``(V_out, V_in)``."""

    def apply(signals: Tensor) -> Tensor:
        batch, vertices, channels = signals.shape
        if matrix.ndim != 2 or matrix.shape[1] != vertices:
            raise ValueError(
                f"the matrix must have {vertices} columns, one per vertex of the "
                f"sampling, got shape {matrix.shape}; pass the sampling it was made for"
            )
        columns = signals.transpose(0, 1).reshape(vertices, batch * channels).numpy()
        out = np.asarray(matrix @ columns, dtype=np.float64)
        return torch.from_numpy(out).view(-1, batch, channels).transpose(0, 1)

    return apply


def _dtype_and_device(operator: Any) -> tuple[torch.dtype, torch.device]:
    """Return those of a module's first floating-point tensor, or float64, CPU."""
    if isinstance(operator, nn.Module):
        for tensor in tensors_of(operator):
            if tensor.is_floating_point():
                return tensor.dtype, tensor.device
    return torch.float64, torch.device("cpu")
