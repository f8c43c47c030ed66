"""Weighted sums over edges by Triton, on CUDA devices or in its interpreter."""

from __future__ import annotations

import importlib
import os
from functools import cache
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

# Numbers that a program computes: eight for each thread of four warps.
NUMBERS_OF_A_PROGRAM = 1024
# Columns that a program has at most: a cache line of 128 bytes for each warp.
MOST_COLUMNS = 128


def runs_triton(device: torch.device) -> bool:
    """Whether execution ``"triton"`` runs on a device.

    Triton must be installed. On the CPU, the environment variable ``TRITON_INTERPRET``
    must also be 1, and have been so when Python started.
    """
    if not _is_installed():
        return False
    interpreted = device.type == "cpu" and os.environ.get("TRITON_INTERPRET") == "1"
    return device.type == "cuda" or interpreted


def triton_sum(
    x: Tensor,
    offsets: Tensor,
    indices: Tensor,
    weights: Tensor,
    scale: float = 1.0,
    minus: Tensor | None = None,
) -> Tensor:
    r"""Return :math:`y_i = s \sum_{j \to i} w_{ij} x_j - z_i`, in one pass.

    Sums are in float64 for signals in float64, otherwise in float32. They have the
    order of the edges, so that equal inputs give equal bits.

    Parameters
    ----------
    x
        Signals, shape ``(batch, n_in, channel)`` or ``(n_in, channel)``.
    offsets, indices, weights
        Compressed rows.
    scale
        The factor s, which is exact if it is a small integer.
    minus
        The signal z, whose first rows are subtracted, ``(at least n_out, channel)``;
        only with one signal x.

    Returns
    -------
    Tensor
        Of the dtype of ``x``, shape ``(batch, n_out, channel)`` or
        ``(n_out, channel)``.

    Raises
    ------
    ImportError
        If Triton is not installed.
    ValueError
        If the signals are neither on a CUDA device nor in Triton's interpreter.
    """
    kernel = _kernel()
    _check_device(x.device)
    *batch, n_in, channels = x.shape
    n_out = len(offsets) - 1
    y = x.new_empty(*batch, n_out, channels)
    if y.numel() == 0:
        return y
    columns = y.numel() // n_out
    many = _power_of_two(min(columns, MOST_COLUMNS))
    rows = min(_power_of_two(n_out), NUMBERS_OF_A_PROGRAM // many)
    # Of one axis, since others have at most 65,535 programs.
    programs = -(-n_out // rows) * -(-columns // many)
    x = x.contiguous()
    subtracted = y if minus is None else minus.contiguous()
    signals = y, x, subtracted
    # Triton launches on the current device.
    with torch.cuda.device_of(x):  # type: ignore[no-untyped-call]
        kernel[(programs,)](
            *signals,
            *(offsets, indices, weights),
            *(n_out, n_in, channels, columns, float(scale)),
            subtracts=minus is not None,
            precise=x.dtype == torch.float64,
            ROWS=rows,
            COLUMNS=many,
            # Sums are of fused products, whatever the default of Triton is.
            enable_fp_fusion=True,
        )
    return y


def _power_of_two(n: int) -> int:
    """Return the least power of two that is not below n."""
    return 1 << (n - 1).bit_length()


@cache
def _is_installed() -> bool:
    return find_spec("triton") is not None


@cache
def _kernel() -> Any:
    """Import the kernel, or say how to install Triton."""
    if not _is_installed():
        raise ImportError(
            "execution 'triton' needs triton, which is not installed; run "
            "pip install triton, or use execution 'auto' or 'csr'"
        )
    module = importlib.import_module("deepsphere_pyg.propagation.gpu.kernel")
    return module.weighted_sum


def _check_device(device: torch.device) -> None:
    """Refuse the devices on which the kernel cannot run."""
    if not runs_triton(device):
        raise ValueError(
            f"execution 'triton' needs signals on a CUDA device, got {device.type}; "
            "move the operator and the signals there, use execution 'auto', or set "
            "TRITON_INTERPRET=1 before Python starts, for tests on the CPU"
        )
