"""Products of compressed rows with dense signals by name, without gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor

from deepsphere_pyg.propagation.compressed_products import bag_product, csr_product
from deepsphere_pyg.propagation.executions import automatic_execution

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
    name = automatic_execution(x.dtype, x.device, x.shape[1])
    return PRODUCTS[name](x, offsets, indices, weights)


Product = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
PRODUCTS: dict[str, Product] = {
    "auto": fastest_product,
    "embedding_bag": bag_product,
    "csr": csr_product,
}
