"""Products of compressed rows with dense signals by name, without gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor

from deepsphere_pyg.propagation.compressed_products import bag_product, csr_product
from deepsphere_pyg.propagation.executions import automatic_execution
from deepsphere_pyg.propagation.gpu import chosen_by_time, runs_triton, triton_sum

Function = TypeVar("Function", bound=Callable[..., Any])


def in_given_precision(function: Function) -> Function:
    """Disable autocast inside a function, also when its gradients are computed."""
    for device in ("cpu", "cuda"):
        function = torch.autocast(device, enabled=False)(function)
    return function


def fastest_product(
    x: Tensor, offsets: Tensor, indices: Tensor, weights: Tensor
) -> Tensor:
    """Sum with the kernel that was measured to be faster for such signals."""
    rows = offsets, indices, weights
    name = fastest_kernel(x, rows, lambda name: PRODUCTS[name](x, *rows))
    return PRODUCTS[name](x, *rows)


def fastest_kernel(
    x: Tensor, rows: Sequence[Tensor], summed: Callable[[str], Tensor]
) -> str:
    """Return the name of the kernel that is fastest for such signals.

    On the CPU it follows from rules. On CUDA, Triton's kernel is measured against
    that of the rules if it runs there: once for each device and dtype, and for numbers
    of rows, of edges in a row, and of channels that differ by less than a factor of 2.

    Parameters
    ----------
    x
        Signals, ``(*batch, n_in, channel)``.
    rows
        Compressed rows.
    summed
        Takes the name of a kernel and returns the sum that it is for.
    """
    *batch, _, channels = x.shape
    name = automatic_execution(x.dtype, x.device, channels)
    if name not in PRODUCTS:
        # Message passing, where no kernel was measured: this one is everywhere.
        name = "embedding_bag"
    if x.device.type != "cuda" or not runs_triton(x.device) or not x.numel():
        return name
    n_out, edges = len(rows[0]) - 1, len(rows[1])
    numbers = n_out, edges // n_out, channels, *batch
    kind = x.device, x.dtype, *(number.bit_length() for number in numbers)
    runs = {one: partial(summed, one) for one in (name, "triton")}
    return chosen_by_time(kind, runs, x.device)


def product_step(
    x: Tensor,
    rows: Sequence[Tensor],
    kernel: str,
    scale: int = 1,
    minus: Tensor | None = None,
) -> Tensor:
    r"""Return :math:`s L x - z`, a step of a recurrence.

    Triton does it in one pass, the other kernels in the memory of their product.

    Parameters
    ----------
    x
        Contiguous signals, shape ``(n_in, channel)``.
    rows
        Compressed rows of L, of the dtype of ``x``.
    kernel
        A key of :data:`PRODUCTS`.
    scale
        The factor s: 1, or 2.
    minus
        The signals z, at least of the shape of the result; None for zero.
    """
    offsets, indices, weights = rows
    if kernel == "auto":
        kernel = fastest_kernel(x, rows, lambda name: PRODUCTS[name](x, *rows))
    if kernel == "triton":
        return triton_sum(x, offsets, indices, weights, scale, minus)
    image = PRODUCTS[kernel](x, offsets, indices, weights)
    if minus is None:
        return image if scale == 1 else image.mul_(scale)
    if scale == 1:
        return image.sub_(minus[: len(image)])
    # lerp(a, b, 2) = 2 b - a, in one pass and without another tensor.
    return torch.lerp(minus[: len(image)], image, scale, out=image)


Product = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
PRODUCTS: dict[str, Product] = {
    "auto": fastest_product,
    "embedding_bag": bag_product,
    "csr": csr_product,
    "triton": triton_sum,
}
