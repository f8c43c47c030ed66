"""Sums over products of two rows by compiled kernels, on the CPU."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from samplings.arguments import choice_argument

#: Environment variable that turns compiled kernels off.
COMPILED = "DEEPSPHERE_PYG_COMPILED"

Array = npt.NDArray[Any]

# Without products in memory, a sum reads two rows for each edge, where embedding_bag
# reads one: they break even at some 13 edges of a pair (all products at L = 17). In
# float64 that has no vectorised kernel.
_MOST_EDGES_OF_A_PAIR = 10
# Columns of a part: its rows stay in the cache.
_WIDEST, _NARROWEST = 256, 32


def runs_compiled(x: Tensor, n_edges: int, n_pairs: int) -> bool:
    """Tell whether compiled kernels run for such signals, and are faster.

    Raises
    ------
    ValueError
        If the environment variable ``DEEPSPHERE_PYG_COMPILED`` is neither ``on`` nor
        ``off``.

    Warns
    -----
    RuntimeWarning
        Once, if numba is installed and cannot be imported.
    """
    if x.device.type != "cpu" or x.dtype not in (torch.float32, torch.float64):
        return False
    many = x.dtype == torch.float32 and n_edges > _MOST_EDGES_OF_A_PAIR * n_pairs
    return not many and x.numel() > 0 and _has_numba() and _switched_on()


def compiled_pair_sum(
    x: Tensor, y: Tensor, rows: Sequence[Tensor], blocks: Array, n_out: int
) -> Tensor:
    """Return :func:`.pair_sum`; parameters as there, six numbers a row of blocks."""
    from deepsphere_pyg.propagation.compiled.pair_kernels import sum_pairs

    result = x.new_empty(n_out, x.shape[1])
    tables = [_array(table) for table in rows]
    given, found = (_array(x), _array(y)), _array(result)

    def fill(some: slice) -> None:
        whole = found[:, some]
        part = whole if whole.flags.c_contiguous else np.empty(whole.shape, whole.dtype)
        sum_pairs(part, *_columns(given, some), *tables, blocks)
        if part is not whole:
            whole[:] = part

    _over_parts(fill, x.shape[1])
    return result


def compiled_pair_gradients(
    gradient: Tensor, x: Tensor, y: Tensor, columns: Sequence[Tensor], blocks: Array
) -> tuple[Tensor, Tensor]:
    """Return :func:`.pair_sum_gradients`; parameters as there, blocks as above."""
    from deepsphere_pyg.propagation.compiled.pair_kernels import add_pair_gradients

    results = torch.zeros_like(x), torch.zeros_like(y)
    tables = [_array(table) for table in columns]
    given = _array(gradient), _array(x), _array(y)
    found = _array(results[0]), _array(results[1])

    def fill(some: slice) -> None:
        parts = _columns(found, some)
        add_pair_gradients(*parts, *_columns(given, some), *tables, blocks)
        for whole, part in zip(found, parts, strict=True):
            if not np.may_share_memory(whole, part):
                whole[:, some] = part

    _over_parts(fill, x.shape[1])
    return results


def _array(tensor: Tensor) -> Array:
    """Return the numbers of a tensor on the CPU, without a copy."""
    array: Array = tensor.detach().resolve_neg().numpy()
    return array


def _columns(arrays: Sequence[Array], some: slice) -> list[Array]:
    """Return columns side by side, where not all copied.

    In the whole, rows of many columns would compete for the same lines of the cache.
    """
    return [np.ascontiguousarray(array[:, some]) for array in arrays]


def _over_parts(fill: Callable[[slice], None], width: int) -> None:
    """Call a function for parts of the columns, on as many threads as PyTorch has."""
    threads = torch.get_num_threads()
    n = max(-(-width // _WIDEST), min(threads, width // _NARROWEST), 1)
    bounds = [width * part // n for part in range(n + 1)]
    parts = [slice(*ends) for ends in pairwise(bounds)]
    if n == 1 or threads == 1:
        for part in parts:
            fill(part)
    else:
        list(_pool(os.getpid(), threads).map(fill, parts))


@cache
def _pool(process: int, threads: int) -> ThreadPoolExecutor:
    """Return the threads of a process; those of the process before a fork are gone."""
    return ThreadPoolExecutor(threads, thread_name_prefix="deepsphere_pyg")


@cache
def _has_numba() -> bool:
    """Tell whether numba is installed, and compiles; warn if it cannot be imported."""
    if find_spec("numba") is None:
        return False
    try:
        from numba.core import config
    except ImportError as error:
        warnings.warn(
            f"numba cannot be imported ({error}), so that products of fragments are "
            "computed by slower operations of PyTorch; install a version of numba that "
            f"goes with this NumPy, or set {COMPILED} to off",
            RuntimeWarning,
            stacklevel=2,
        )
        return False
    return not getattr(config, "DISABLE_JIT", False)


def _switched_on() -> bool:
    """Tell whether the environment allows compiled kernels."""
    choice = os.environ.get(COMPILED, "on")
    return choice_argument(COMPILED, choice, ("on", "off")) == "on"
