"""The same convolution and pooling by several libraries, with the same weights.

All layers take signals ``(batch, vertex, channel)`` and compute in the dtype and on the
device of their buffers. Those of the peers are written as their users would.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from deepsphere_pyg import ChebConv, EdgeOperator


class Rows(nn.Module):
    """A matrix as PyTorch's sparse tensor, applied to ``(batch, n_in, channel)``.

    Batch and channels become columns of one dense matrix, as in deepsphere-pytorch.
    """

    matrix: Tensor

    def __init__(self, matrix: sp.csr_array, layout: str) -> None:
        super().__init__()
        data = torch.from_numpy(matrix.data).to(torch.get_default_dtype())
        shape, checked = matrix.shape, {"check_invariants": True}
        if layout == "coo":
            places = torch.from_numpy(np.stack(matrix.tocoo().coords)).long()
            sparse = torch.sparse_coo_tensor(places, data, shape, **checked).coalesce()
        else:
            # 32-bit indices are the fastest form for MKL.
            indices = (matrix.indptr, matrix.indices)
            narrow = (torch.from_numpy(part.astype(np.int32)) for part in indices)
            sparse = torch.sparse_csr_tensor(*narrow, data, shape, **checked)
        self.register_buffer("matrix", sparse)

    def forward(self, x: Tensor) -> Tensor:
        """Apply to ``(batch, n_in, channel)``."""
        batch, _, channels = x.shape
        y = torch.sparse.mm(self.matrix, as_columns(x))
        return y.view(-1, channels, batch).permute(2, 0, 1)


def as_columns(x: Tensor) -> Tensor:
    """Signals ``(batch, vertex, channel)`` as ``(vertex, channel * batch)``."""
    return x.permute(1, 2, 0).reshape(x.shape[1], -1)


class SparseConv(nn.Module):
    """The method of deepsphere-pytorch: stack the terms, and mix them in one product.

    Terms are appended one by one, and the stack is laid out with the order of the
    polynomial innermost, as that library does. Weight and bias are those of ChebConv.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight.clone())
        self.bias = None if bias is None else nn.Parameter(bias.clone())

    def forward(self, x: Tensor, operator: Rows) -> Tensor:
        """Convolve ``(batch, vertex, in_channels)``."""
        batch, vertices, channels = x.shape
        K, _, outputs = self.weight.shape
        before = as_columns(x)
        stacked = before[None]
        if K > 1:
            current = torch.sparse.mm(operator.matrix, before)
            stacked = torch.cat((stacked, current[None]))
        for _ in range(2, K):
            after = 2 * torch.sparse.mm(operator.matrix, current) - before
            stacked = torch.cat((stacked, after[None]))
            before, current = current, after
        stacked = stacked.view(K, vertices, channels, batch)
        rows = stacked.permute(3, 1, 2, 0).reshape(batch * vertices, channels * K)
        y = rows @ self.weight.transpose(0, 1).reshape(-1, outputs)
        y = y if self.bias is None else y + self.bias
        return y.view(batch, vertices, outputs)


class Edges(nn.Module):
    """A graph as PyTorch Geometric takes it: edges, weights and largest eigenvalue.

    A rescaled Laplacian ``2 (D - A) / lambda_max - I`` is also that of the adjacency
    ``2 A / lambda_max`` whose largest eigenvalue is set to 2: its off-diagonal part is
    enough for PyTorch Geometric to make the same matrix.
    """

    edge_index: Tensor
    edge_weight: Tensor
    lambda_max: Tensor

    def __init__(self, rescaled: sp.csr_array) -> None:
        super().__init__()
        coo = rescaled.tocoo()
        linked = coo.coords[0] != coo.coords[1]
        target, source = (torch.from_numpy(c[linked]).long() for c in coo.coords)
        weight = torch.from_numpy(-coo.data[linked]).to(torch.get_default_dtype())
        self.register_buffer("edge_index", torch.stack([source, target]))
        self.register_buffer("edge_weight", weight)
        self.register_buffer("lambda_max", torch.tensor(2.0, dtype=weight.dtype))


class PyGConv(nn.Module):
    """PyTorch Geometric's own ChebConv, with weights given."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        from torch_geometric.nn import ChebConv as TheirConv

        K, inputs, outputs = weight.shape
        self.conv = TheirConv(
            inputs, outputs, K, normalization=None, bias=bias is not None
        )
        self.conv.to(weight.device, weight.dtype)
        with torch.no_grad():
            for linear, mine in zip(self.conv.lins, weight, strict=True):
                linear.weight.copy_(mine.T)
            if bias is not None:
                self.conv.bias.copy_(bias)

    def forward(self, x: Tensor, edges: Edges) -> Tensor:
        """Convolve ``(batch, vertex, in_channels)``."""
        y: Tensor = self.conv(
            x, edges.edge_index, edges.edge_weight, lambda_max=edges.lambda_max
        )
        return y


def precision_of(peer: str, device: torch.device) -> AbstractContextManager[object]:
    """Return the context that a peer computes in: autocast, or nothing."""
    if peer == "ours_bf16":
        return torch.autocast(device.type, torch.bfloat16)
    return nullcontext()


def our_conv(weight: Tensor, bias: Tensor | None) -> ChebConv:
    """The layer of this package, with weights given."""
    K, inputs, outputs = weight.shape
    layer = ChebConv(inputs, outputs, K, bias=bias is not None)
    layer.to(weight.device, weight.dtype)
    with torch.no_grad():
        layer.weight.copy_(weight)
        if layer.bias is not None and bias is not None:
            layer.bias.copy_(bias)
    return layer


def stacked_gradient(layer: nn.Module) -> tuple[list[nn.Parameter], Callable]:
    """Parameters of a layer, and a function from their gradients to ``(dW, db)``."""
    if not isinstance(layer, PyGConv):
        return [layer.weight, layer.bias], lambda gradients: list(gradients)
    parameters = [linear.weight for linear in layer.conv.lins]
    return [*parameters, layer.conv.bias], lambda gradients: [
        torch.stack([gradient.T for gradient in gradients[:-1]]),
        gradients[-1],
    ]


def graph_of(peer: str, rescaled: sp.csr_array) -> nn.Module:
    """A rescaled Laplacian in the form that the layers of a peer take."""
    if peer == "pyg":
        return Edges(rescaled)
    return Rows(rescaled, peer) if peer in ("coo", "csr") else EdgeOperator(rescaled)


def conv_of(peer: str, weight: Tensor, bias: Tensor | None) -> nn.Module:
    """The convolution of a peer, with weights given."""
    if peer == "pyg":
        return PyGConv(weight, bias)
    return (SparseConv if peer in ("coo", "csr") else our_conv)(weight, bias)


class Scatter(nn.Module):
    """A matrix by PyTorch Geometric's scatter: a message an edge, summed."""

    source: Tensor
    target: Tensor
    weight: Tensor

    def __init__(self, matrix: sp.csr_array) -> None:
        super().__init__()
        target, source = (torch.from_numpy(c).long() for c in matrix.tocoo().coords)
        data = torch.from_numpy(matrix.data).to(torch.get_default_dtype())
        self.n_out = matrix.shape[0]
        self.register_buffer("source", source)
        self.register_buffer("target", target)
        self.register_buffer("weight", data[:, None])

    def forward(self, x: Tensor) -> Tensor:
        """Apply to ``(batch, n_in, channel)``."""
        from torch_geometric.utils import scatter

        messages = x[:, self.source] * self.weight
        return scatter(messages, self.target, 1, self.n_out, "sum")


def pool_of(peer: str, matrix: sp.csr_array) -> nn.Module:
    """A pooling or unpooling by a peer."""
    if peer == "pyg":
        return Scatter(matrix)
    return Rows(matrix, peer) if peer in ("coo", "csr") else EdgeOperator(matrix)


def scipy_conv(
    rescaled: sp.csr_array, weight: np.ndarray, bias: np.ndarray
) -> Callable[[np.ndarray], np.ndarray]:
    """The convolution of ``(batch, vertex, channel)`` in SciPy and NumPy."""

    def run(x: np.ndarray) -> np.ndarray:
        batch, vertices, channels = x.shape
        columns = np.ascontiguousarray(x.transpose(1, 0, 2)).reshape(vertices, -1)
        y = bias
        applied = terms(rescaled, columns, len(weight))
        for term, part in zip(applied, weight, strict=True):
            y = y + term.reshape(vertices, batch, channels) @ part
        return y.transpose(1, 0, 2)

    return run


def terms(matrix: sp.csr_array, x: np.ndarray, K: int):
    """Chebyshev polynomials of a matrix applied to columns, one after the other."""
    before, current = None, x
    for k in range(K):
        if k == 1:
            before, current = current, matrix @ current
        elif k > 1:
            before, current = current, 2 * (matrix @ current) - before
        yield current


def reference_conv(
    rescaled: sp.csr_array,
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray,
    g: np.ndarray,
) -> list[np.ndarray]:
    """The convolution and the gradients of ``sum(g * y)``, in float64 by SciPy.

    Returns
    -------
    list of numpy.ndarray
        ``y``, and the gradients with respect to x, weight and bias.
    """
    x, weight, bias, g = (part.astype(np.float64) for part in (x, weight, bias, g))
    y = scipy_conv(rescaled, weight, bias)(x)
    batch, vertices, outputs = g.shape
    columns = g.transpose(1, 0, 2).reshape(vertices, -1)
    dx, dW = np.zeros_like(x), []
    applied = terms(rescaled.T.tocsr(), columns, len(weight))
    for term, part in zip(applied, weight, strict=True):
        u = term.reshape(vertices, batch, outputs).transpose(1, 0, 2)
        dx += u @ part.T
        dW.append(np.einsum("bvi,bvo->io", x, u, optimize=True))
    return [y, dx, np.stack(dW), g.sum((0, 1))]
