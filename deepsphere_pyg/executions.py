"""Which way of computing a weighted sum over edges to take."""

from __future__ import annotations

import torch

EXECUTIONS = ("auto", "message_passing", "csr", "embedding_bag")


def automatic_execution(dtype: torch.dtype, device: torch.device) -> str:
    """Return the execution that ``"auto"`` stands for.

    Measured on one CPU core, HEALPix nside 32 with k = 8 and 20, batch 4, the best of 6
    runs: in float32 ``embedding_bag``, which has a vectorised kernel there, takes 0.4
    (64 channels) to 0.8 (16) of the time of PyTorch's CSR product, but 1.4 to 1.7 of it
    at 2 channels. In float64 it has none, and CSR takes a fifth of its time (2
    channels) to as much (64). Message passing takes 13 to 92 times as long as the best
    in float32. On CUDA, CSR goes through cuSPARSE,
    without atomic additions. Elsewhere message passing runs on whatever PyTorch has.
    """
    if device.type == "cpu":
        return "csr" if dtype == torch.float64 else "embedding_bag"
    return "csr" if device.type == "cuda" else "message_passing"


def checked_execution(name: str) -> str:
    """Return ``name`` if it is one of the executions.

    Raises
    ------
    ValueError
        If it is not.
    """
    if name not in EXECUTIONS:
        raise ValueError(
            f"execution must be one of {', '.join(EXECUTIONS)}, got {name!r}"
        )
    return name


def chosen_execution(name: str, dtype: torch.dtype, device: torch.device) -> str:
    """Return the execution that a name stands for, if it runs.

    Raises
    ------
    TypeError
        If it has no kernel for the dtype on the device.
    """
    if name == "auto":
        return automatic_execution(dtype, device)
    if (
        name == "csr"
        and device.type == "cpu"
        and dtype not in (torch.float32, torch.float64)
    ):
        raise TypeError(
            f"execution 'csr' has no kernel for {dtype} on the CPU; "
            "use 'auto' or 'embedding_bag'"
        )
    return name
