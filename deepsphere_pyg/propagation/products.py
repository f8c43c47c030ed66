"""Products of compressed rows with dense signals, without gradients."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.nn import functional as F

from deepsphere_pyg.propagation.executions import automatic_execution

Function = TypeVar("Function", bound=Callable[..., Any])


def in_given_precision(function: Function) -> Function:
    """Disable autocast inside a function, also when its gradients are computed."""
    for device in ("cpu", "cuda"):
        function = torch.autocast(device, enabled=False)(function)
    return function


def bag_product(x: Tensor, offsets: Tensor, indices: Tensor, weights: Tensor) -> Tensor:
    """Sum with ``embedding_bag``: vectorised over channels, with prefetching.

    Parameters
    ----------
    x
        Contiguous signals, shape ``(n_in, channel)``.
    offsets, indices, weights
        Compressed rows; the weights of the dtype of ``x``.

    Returns
    -------
    Tensor
        Shape ``(n_out, channel)``.
    """
    return F.embedding_bag(
        indices,
        x,
        offsets,
        mode="sum",
        per_sample_weights=weights,
        include_last_offset=True,
    )


def csr_product(x: Tensor, offsets: Tensor, indices: Tensor, weights: Tensor) -> Tensor:
    """Sum with PyTorch's product of a compressed sparse matrix and a dense one.

    Parameters and result are those of :func:`bag_product`.
    """
    _hear_csr_notice()
    return torch.mm(_csr_tensor(x, offsets, indices, weights), x)


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


def _csr_tensor(x: Tensor, offsets: Tensor, indices: Tensor, weights: Tensor) -> Tensor:
    """Return PyTorch's own matrix of the same rows, which are known to be sorted."""
    return torch.sparse_csr_tensor(
        offsets,
        indices,
        weights,
        (len(offsets) - 1, len(x)),
        check_invariants=False,
    )


@cache
def _hear_csr_notice() -> None:
    """Trigger, and suppress, PyTorch's one warning that its CSR tensors are in beta.

    Tests compare them with message passing.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support")
        one = torch.ones(1, 1)
        zero, ends = torch.tensor([0]), torch.tensor([0, 1])
        _csr_tensor(one, ends, zero, one[0])
