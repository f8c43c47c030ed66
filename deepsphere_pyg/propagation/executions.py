"""Choice of the execution of a weighted sum over edges."""

from __future__ import annotations

import torch

from samplings.arguments import choice_argument

EXECUTIONS = ("auto", "message_passing", "csr", "embedding_bag")

# Numbers of the signals in a tile: 1 MB in float32, which the cache of a core holds.
NUMBERS_OF_A_TILE = 2**18

# Width up to which PyTorch's CSR product is faster in float32.
NARROW = 4


def automatic_execution(
    dtype: torch.dtype, device: torch.device, width: int = 16
) -> str:
    """Return the execution that ``"auto"`` stands for.

    Parameters
    ----------
    dtype, device
        Of the signals.
    width
        Number of channels times signals in a row.

    Notes
    -----
    Measured on one core of an AMD EPYC with AVX-512, HEALPix nside 64 with k = 8, by
    the best of seven runs (``benchmarks/run.py`` compares whole convolutions): in
    float32, ``embedding_bag`` takes 1.6, 1.5, 1.25, 0.6 and 0.3 of the time of the CSR
    product at 1, 2, 4, 16 and 64 channels; in float64, for which it has no vectorised
    kernel, 4.1, 3.9, 3.1, 2.4 and 0.8. There is no CSR product in half precision.
    On CUDA, CSR goes through cuSPARSE, without atomic additions. Elsewhere message
    passing runs on whatever PyTorch has.
    """
    if device.type == "cpu":
        narrow = dtype == torch.float32 and width <= NARROW
        return "csr" if narrow or dtype == torch.float64 else "embedding_bag"
    return "csr" if device.type == "cuda" else "message_passing"


def checked_execution(name: str) -> str:
    """Return ``name``, or raise ``ValueError`` if it is not an execution."""
    return choice_argument("execution", name, EXECUTIONS)


def chosen_execution(name: str, dtype: torch.dtype, device: torch.device) -> str:
    """Return an execution that runs, ``"auto"`` if the width decides.

    Parameters
    ----------
    name
        One of :data:`EXECUTIONS`.
    dtype, device
        Of the signals.

    Raises
    ------
    TypeError
        If the execution has no kernel for the dtype on the device.
    """
    if name == "auto" and automatic_execution(dtype, device) == "message_passing":
        return "message_passing"
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


def tile_size(channels: int, alone: bool) -> int:
    """Return the number of vertices in a tile.

    Parameters
    ----------
    channels
        Number of channels that the matrix acts on.
    alone
        Whether there is only one signal.

    Notes
    -----
    Measured on the same machine, forward pass, k = 8, 16 channels: one signal at nside
    256 takes 123, 105, 97 and 97 ms with tiles of 4096, 8192, 16,384 and 32,768
    vertices; four signals at nside 64, 21, 18, 20 and 24 ms with 2048 to 16,384.
    """
    most = 16384 if alone else 4096
    return max(1024, min(most, NUMBERS_OF_A_TILE // channels))
