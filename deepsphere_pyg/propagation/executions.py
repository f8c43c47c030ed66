"""Choice of the execution of a weighted sum over edges."""

from __future__ import annotations

import torch

from deepsphere_pyg.compilers import constant_result
from deepsphere_pyg.propagation.choice_trials import BUILT_IN
from deepsphere_pyg.propagation.gpu import runs_triton
from deepsphere_pyg.propagation.kept_choice import choice_here
from samplings.arguments import choice_argument

EXECUTIONS = ("auto", "message_passing", "csr", "embedding_bag", "triton")

# Numbers of the signals that are processed together on a GPU, where what counts is how
# few kernels are started: 256 MB in float32.
NUMBERS_ON_A_GPU = 2**26


def automatic_execution(
    dtype: torch.dtype, device: torch.device, width: int = 16
) -> str:
    """Return the execution that ``"auto"`` stands for without measurement.

    On CUDA, ``"triton"`` is then measured against it, if it runs there.

    Parameters
    ----------
    dtype, device
        Of the signals.
    width
        Number of channels times signals in a row.

    Notes
    -----
    The widths up to which the CSR product is faster are measured on the processor at
    hand (:mod:`deepsphere_pyg.propagation.kept_choice`). Those built in come from one
    core of an AMD EPYC with AVX-512, HEALPix nside 64 with k = 8, the best of seven
    runs (``benchmarks/run.py`` compares whole convolutions): in float32,
    ``embedding_bag`` takes 1.6, 1.5, 1.25, 0.6 and 0.3 of the time of the CSR product
    at 1, 2, 4, 16 and 64 channels; in float64, for which it has no vectorised kernel,
    4.1, 3.9, 3.1, 2.4 and 0.8. There is no CSR product in half precision. On CUDA, CSR
    goes through cuSPARSE, without atomic additions. Elsewhere message passing runs on
    whatever PyTorch has.
    """
    if device.type != "cpu":
        return "csr" if device.type == "cuda" else "message_passing"
    if dtype == torch.float32:
        return "csr" if width <= choice_here().csr_width else "embedding_bag"
    if dtype == torch.float64:
        return "csr" if width <= choice_here().csr_width_double else "embedding_bag"
    return "embedding_bag"


def available_executions(device: torch.device) -> tuple[str, ...]:
    """Return the executions that run on a device, in the order of ``EXECUTIONS``."""
    here = runs_triton(device)
    return tuple(name for name in EXECUTIONS if name != "triton" or here)


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
    if name == "auto" and device.type not in ("cpu", "cuda"):
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


def numbers_of_a_tile(device: torch.device) -> int:
    """Return how many numbers of signals are processed together on a device.

    The cache of a core holds them.
    """
    return _numbers_here() if device.type == "cpu" else NUMBERS_ON_A_GPU


def tile_size(channels: int, alone: bool, device: torch.device) -> int:
    """Return the number of vertices in a tile.

    Parameters
    ----------
    channels
        Number of channels that the matrix acts on.
    alone
        Whether there is only one signal.
    device
        Of the signals.

    Notes
    -----
    Measured as above, forward pass, 16 channels and 2**18 numbers in a tile: one signal
    at nside 256 takes 123, 105, 97 and 97 ms with tiles of 4096, 8192, 16,384 and
    32,768 vertices; four signals at nside 64, 21, 18, 20 and 24 ms with 2048 to 16,384.
    """
    numbers = _numbers_here() if device.type == "cpu" else BUILT_IN.numbers
    most = numbers // 16 if alone else 4096
    return max(1024, min(most, numbers // channels))


@constant_result
def _numbers_here() -> int:
    """Return the numbers of a tile on this processor, a constant for a compiler."""
    return choice_here().numbers
