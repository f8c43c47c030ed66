"""Sums over products of two rows in compiled loops, which write no products.

Importing this module imports numba. It compiles a function at its first call for a
dtype, in a second or two, and keeps it on disk.
"""

from __future__ import annotations

from collections.abc import Callable

import numba
import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.integer]
Numbers = npt.NDArray[np.floating]
Function = Callable[..., None]


def _compiled(function: Function) -> Function:
    """Compile a function at its first call, without Python's lock."""
    # Multiply-adds may be fused, but sums keep their order.
    compiler = numba.njit(nogil=True, fastmath={"contract"}, error_model="numpy")
    lazy = compiler(function)
    try:
        lazy.enable_caching()
    except RuntimeError:
        # No folder can be written: each process compiles for itself.
        pass
    function_of_arrays: Function = lazy
    return function_of_arrays


@_compiled
def sum_pairs(
    result: Numbers,
    x: Numbers,
    y: Numbers,
    offsets: Integers,
    indices: Integers,
    weights: Numbers,
    targets: Integers,
    blocks: Integers,
) -> None:
    """Write the sums of all blocks; parameters as for :func:`.pair_sum`."""
    width = x.shape[1]
    row = entry = target = 0
    for block in range(len(blocks)):
        first, _, other_first, other_last, n_targets, n_edges = blocks[block]
        across = other_last - other_first
        for _ in range(n_targets):
            i = targets[target]
            for column in range(width):
                result[i, column] = 0
            edge, stop = entry + offsets[row], entry + offsets[row + 1]
            # Two edges at once, so that sums are read and written half as often.
            while edge + 1 < stop:
                a, b = weights[edge], weights[edge + 1]
                down, on = divmod(indices[edge], across)
                j, k = first + down, other_first + on
                down, on = divmod(indices[edge + 1], across)
                m, n = first + down, other_first + on
                for column in range(width):
                    result[i, column] += (
                        a * x[j, column] * y[k, column]
                        + b * x[m, column] * y[n, column]
                    )
                edge += 2
            if edge < stop:
                a = weights[edge]
                down, on = divmod(indices[edge], across)
                j, k = first + down, other_first + on
                for column in range(width):
                    result[i, column] += a * x[j, column] * y[k, column]
            row += 1
            target += 1
        row += 1
        entry += n_edges


@_compiled
def add_pair_gradients(
    for_x: Numbers,
    for_y: Numbers,
    gradient: Numbers,
    x: Numbers,
    y: Numbers,
    offsets: Integers,
    indices: Integers,
    weights: Numbers,
    blocks: Integers,
) -> None:
    """Add the gradients of all blocks; as for :func:`.pair_sum_gradients`."""
    width = x.shape[1]
    total = np.empty(width, x.dtype)
    row = entry = 0
    for block in range(len(blocks)):
        first, last, other_first, other_last, _, n_edges = blocks[block]
        for j in range(first, last):
            for k in range(other_first, other_last):
                edge, stop = entry + offsets[row], entry + offsets[row + 1]
                row += 1
                if edge == stop:
                    continue
                a, i = weights[edge], indices[edge]
                if edge + 1 < stop:
                    # Most pairs of trees have two edges at most.
                    b, n = weights[edge + 1], indices[edge + 1]
                    for column in range(width):
                        total[column] = (
                            a * gradient[i, column] + b * gradient[n, column]
                        )
                else:
                    for column in range(width):
                        total[column] = a * gradient[i, column]
                for later in range(edge + 2, stop):
                    a, i = weights[later], indices[later]
                    for column in range(width):
                        total[column] += a * gradient[i, column]
                for column in range(width):
                    for_x[j, column] += total[column] * y[k, column]
                for column in range(width):
                    for_y[k, column] += total[column] * x[j, column]
        row += 1
        entry += n_edges
