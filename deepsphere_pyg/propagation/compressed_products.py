"""Products of compressed rows with dense signals, each by one kernel of PyTorch."""

from __future__ import annotations

import warnings
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F


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
