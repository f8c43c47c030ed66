"""The weighted sum over edges as one operation, with its derivatives."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from deepsphere_pyg.propagation.executions import numbers_of_a_tile
from deepsphere_pyg.propagation.gpu import triton_sum
from deepsphere_pyg.propagation.products import (
    PRODUCTS,
    fastest_kernel,
    in_given_precision,
)
from deepsphere_pyg.propagation.transformable import linear_in_signals


@torch.library.custom_op("deepsphere_pyg::edge_sum", mutates_args=())
@in_given_precision
def _edge_sum(
    x: Tensor, rows: Sequence[Tensor], columns: Sequence[Tensor], kernel: str
) -> Tensor:
    r"""Return :math:`y_i = \sum_{j \to i} w_{ij} x_j`.

    Parameters
    ----------
    x
        Signals, shape ``(batch, n_in, channel)``.
    rows
        Compressed rows of the matrix: offsets ``(n_out + 1,)``, indices and weights
        ``(E,)``.
    columns
        The same of its transpose.
    kernel
        ``"embedding_bag"``, ``"csr"``, ``"triton"`` or ``"auto"``: the fastest for such
        signals.

    Returns
    -------
    Tensor
        Shape ``(batch, n_out, channel)``.
    """
    if x.numel() == 0:
        # Not every kernel takes an empty batch.
        return x.new_zeros(x.shape[0], len(rows[0]) - 1, x.shape[2])
    if kernel == "auto" and x.device.type != "cpu":
        kernel = fastest_kernel(x, rows, lambda name: _summed(x, rows, name))
    return _summed(x, rows, kernel)


def _summed(x: Tensor, rows: Sequence[Tensor], kernel: str) -> Tensor:
    """Return the sum of signals that are not empty, by a kernel."""
    offsets, indices, weights = rows
    if kernel == "triton":
        # It reads and writes signals where they are.
        return triton_sum(x, offsets, indices, weights)
    product = PRODUCTS[kernel]
    batch, n_in, channels = x.shape
    n_out = len(offsets) - 1
    if batch == 1 or n_in == 1:
        # One signal, or one vertex: its channels are contiguous already.
        side_by_side = x.reshape(n_in, -1).contiguous()
        y = product(side_by_side, *rows).view(n_out, batch, channels)
        return y.transpose(0, 1).contiguous()
    numbers = numbers_of_a_tile(x.device)
    together = max(1, numbers // (max(n_in, n_out) * channels))
    y = x.new_empty(batch, n_out, channels)
    for first in range(0, batch, together):
        some = x[first : first + together]
        flat = some.transpose(0, 1).reshape(n_in, -1).contiguous()
        image = product(flat, *rows).view(n_out, len(some), channels)
        y[first : first + together] = image.transpose(0, 1)
    return y


@_edge_sum.register_fake
def _edge_sum_shape(x: Tensor, rows: Sequence[Tensor], *others: Any) -> Tensor:
    return x.new_empty(x.shape[0], rows[0].shape[0] - 1, x.shape[2])


def _adjoint(
    y: Tensor, rows: Sequence[Tensor], columns: Sequence[Tensor], kernel: str
) -> Tensor:
    """Apply the stored transpose: a sum over edges too, with all derivatives."""
    x: Tensor = edge_sum(y, columns, rows, kernel)
    return x


edge_sum = linear_in_signals(_edge_sum, _adjoint)
