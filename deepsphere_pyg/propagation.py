"""Ways to compute a weighted sum over edges; they agree in value and gradient."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from deepsphere_pyg.compressed_rows import CompressedRows, EdgesBothWays
from deepsphere_pyg.pyg import MessagePassing

# The signals of a batch are treated in one call as long as their edges together stay
# below this: 8 MB in float32.
EDGES_AT_ONCE = 2**20


class EdgePropagation(MessagePassing):  # type: ignore[misc]
    r"""Message passing with fixed edge weights, in PyTorch Geometric's own words.

    .. math:: y_i = \sum_{j \to i} w_{ij} x_j

    The reference for the faster executions in this module, and the one that runs on
    every device that PyTorch Geometric runs on.

    Examples
    --------
    >>> edge_index = torch.tensor([[0, 1, 2], [0, 0, 1]])
    >>> x = torch.tensor([[1.0], [2.0], [3.0]])
    >>> EdgePropagation()(x, edge_index, torch.ones(3), n_out=2)
    tensor([[3.],
            [3.]])
    """

    def __init__(self) -> None:
        super().__init__(aggr="add", flow="source_to_target", node_dim=-2)

    def forward(
        self, x: Tensor, edge_index: Tensor, edge_weight: Tensor, n_out: int
    ) -> Tensor:
        """Return the sum of the messages at each target.

        Parameters
        ----------
        x
            Signals at the sources, shape ``(*batch, n_in, channel)``.
        edge_index
            Sources in row 0, targets in row 1, shape ``(2, E)``, int64.
        edge_weight
            Weights, shape ``(E,)``.
        n_out
            Number of targets.

        Returns
        -------
        Tensor
            Shape ``(*batch, n_out, channel)``.
        """
        size = (x.shape[self.node_dim], n_out)
        y: Tensor = self.propagate(
            edge_index, x=(x, None), edge_weight=edge_weight, size=size
        )
        return y

    def message(self, x_j: Tensor, edge_weight: Tensor) -> Tensor:
        """Weigh what comes along each edge."""
        return edge_weight.unsqueeze(-1) * x_j


@cache
def edge_propagation() -> EdgePropagation:
    """The one instance: it has no state, and PyTorch Geometric writes code for it."""
    return EdgePropagation()


Kernel = Callable[[Tensor, CompressedRows], Tensor]


def sum_by_embedding_bag(x: Tensor, rows: CompressedRows) -> Tensor:
    """Sum with ``embedding_bag``: vectorised over channels, with prefetching.

    Parameters
    ----------
    x
        Contiguous signals, shape ``(n_in, channel)``.
    rows
        Edges and weights.

    Returns
    -------
    Tensor
        Shape ``(n_out, channel)``.
    """
    return F.embedding_bag(
        rows.indices,
        x.detach(),
        rows.offsets,
        mode="sum",
        per_sample_weights=rows.weights,
        include_last_offset=True,
    )


def sum_by_csr(x: Tensor, rows: CompressedRows) -> Tensor:
    """Sum with the product of a compressed sparse matrix and a dense one.

    Parameters
    ----------
    x
        Contiguous signals, shape ``(n_in, channel)``.
    rows
        Edges and weights.

    Returns
    -------
    Tensor
        Shape ``(n_out, channel)``.
    """
    _hear_csr_notice()
    return torch.mm(_csr_tensor(rows), x.detach())


def _csr_tensor(rows: CompressedRows) -> Tensor:
    """PyTorch's own matrix of the same rows, which are known to be in order."""
    return torch.sparse_csr_tensor(
        rows.offsets,
        rows.indices,
        rows.weights,
        (rows.n_out, rows.n_in),
        check_invariants=False,
    )


class _LinearSum(torch.autograd.Function):
    """A kernel with the derivatives of the linear map it computes.

    The transpose is stored, so that the gradient is a sum over edges like the value:
    no scattering with atomic additions, and derivatives of every order.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        kernel: Kernel,
        rows: CompressedRows,
        columns: CompressedRows,
    ) -> Tensor:
        ctx.kernel, ctx.rows, ctx.columns = kernel, rows, columns
        return kernel(x.contiguous(), rows)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x = _apply(gradients[0], ctx.kernel, ctx.columns, ctx.rows)
        return x, None, None, None


_apply: Callable[..., Tensor] = _LinearSum.apply


def linear_sum(
    x: Tensor, kernel: Kernel, edges: EdgesBothWays, transposed: bool = False
) -> Tensor:
    """Apply a kernel so that it can be differentiated any number of times.

    Parameters
    ----------
    x
        Signals, shape ``(batch, n_in, channel)``, not empty.
    kernel
        :func:`sum_by_embedding_bag` or :func:`sum_by_csr`.
    edges
        The matrix and its transpose.
    transposed
        Whether to apply the transpose.

    Returns
    -------
    Tensor
        Shape ``(batch, n_out, channel)``.
    """
    batch, channels = len(x), x.shape[-1]
    parts = []
    for part in torch.split(x, max(1, min(batch, EDGES_AT_ONCE // edges.size))):
        rows, columns = edges.repeated(len(part))
        if transposed:
            rows, columns = columns, rows
        parts.append(_apply(part.reshape(-1, channels), kernel, rows, columns))
    y = parts[0] if len(parts) == 1 else torch.cat(parts)
    return y.view(batch, -1, channels)


def max_windows(offsets: Tensor, indices: Tensor) -> Tensor:
    """Lay out the sources of each target as a table without gaps.

    Returns
    -------
    Tensor
        Sources of each target, shape ``(n_out, size)``, int64; where a target has
        fewer than ``size``, its first is repeated, which changes no maximum. If the
        sources are consecutive and equally many, only an empty table
        ``(0, size)``: reshaping finds them.

    Raises
    ------
    ValueError
        If a target has no source.
    """
    degrees = offsets.long().diff()
    size = int(degrees.max())
    if int(degrees.min()) == 0:
        bad = int(degrees.argmin())
        raise ValueError(
            f"the maximum over no source is undefined: target {bad} has no edge; "
            "drop such targets"
        )
    counted = torch.arange(len(indices), device=indices.device)
    if bool((degrees == size).all()) and torch.equal(indices.long(), counted):
        return counted.new_empty(0, size)
    column = torch.arange(size, device=indices.device)
    column = torch.where(column < degrees[:, None], column, 0)
    return indices.long()[offsets[:-1].long()[:, None] + column]


def max_over_windows(x: Tensor, windows: Tensor, n_out: int) -> Tensor:
    """Return the largest source of each target.

    Parameters
    ----------
    x
        Signals, shape ``(*batch, n_in, channel)``.
    windows
        From :func:`max_windows`.
    n_out
        Number of targets.

    Returns
    -------
    Tensor
        Shape ``(*batch, n_out, channel)``.
    """
    if len(windows) == 0:
        shape = (*x.shape[:-2], n_out, windows.shape[1], x.shape[-1])
        return x.reshape(shape).amax(dim=-2)
    return x[..., windows, :].amax(dim=-2)


@cache
def _hear_csr_notice() -> None:
    """Let PyTorch say once, unheard, that its CSR tensors are in beta.

    The tests of this module compare them with message passing.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support")
        one = torch.ones(1)
        _csr_tensor(CompressedRows(torch.tensor([0, 1]), torch.tensor([0]), one, 1))
