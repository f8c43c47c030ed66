"""The one linear operator: a weighted sum over a fixed set of edges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from deepsphere_pyg.compilers import constant_result
from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from deepsphere_pyg.propagation import (
    Derived,
    canonical_rows,
    checked_execution,
    chosen_execution,
    edge_sum,
    max_over_windows,
    transposed_rows,
)
from deepsphere_pyg.signals import checked_signal

__all__ = ["EdgeOperator"]


class EdgeOperator(FixedTensors):
    r"""A linear map between signals, as a weighted sum over edges.

    .. math:: y_i = \sum_{j \to i} w_{ij} x_j

    Laplacians, pooling, unpooling and interpolation are all of this kind. The weights
    are fixed; learned weights act on channels.

    Parameters
    ----------
    matrix
        Sparse matrix ``(n_out, n_in)`` of SciPy, finite and real; ``matrix[i, j]``
        is the weight of the edge from source j to target i. Stored zeros are dropped.
    dtype
        ``torch.float32``, ``torch.float64``, ...; PyTorch's default if None.
    execution
        ``"message_passing"`` (PyTorch Geometric, the reference), ``"csr"``,
        ``"embedding_bag"``, ``"triton"`` (on CUDA), or ``"auto"``: the fastest for the
        dtype and device.

    Shapes
    ------
    ``x : (*batch, n_in, channel) -> (*batch, n_out, channel)``, of the operator's dtype

    Raises
    ------
    TypeError
        If ``matrix`` is not a sparse matrix, or ``dtype`` is not a floating dtype.
    ValueError
        If the matrix is complex, empty or not finite, or the execution is unknown.

    Notes
    -----
    Edges are neither parameters nor buffers: functions that average, cast or broadcast
    the state of a network do not see them, and weights learned on one sampling load on
    another. They move with the module. A float64 copy of the weights is kept, so that
    ``.double()`` restores them exactly, whatever the dtype before. Edges that were
    changed in place are refused at use.

    Examples
    --------
    >>> matrix = sp.csr_array([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]])
    >>> operator = EdgeOperator(matrix)
    >>> operator(torch.tensor([[1.0], [3.0], [5.0]]))
    tensor([[2.],
            [5.]])
    >>> operator.transpose()
    EdgeOperator(2 -> 3, 3 edges, execution='auto')
    """

    offsets: Tensor
    indices: Tensor
    weight: Tensor
    offsets_t: Tensor
    indices_t: Tensor
    weight_t: Tensor

    def __init__(
        self,
        matrix: sp.sparray | sp.spmatrix,
        *,
        dtype: torch.dtype | None = None,
        execution: str = "auto",
    ) -> None:
        super().__init__()
        self.execution = checked_execution(execution)
        dtype = torch.get_default_dtype() if dtype is None else dtype
        if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
            raise TypeError(
                f"dtype must be a floating dtype, got {dtype}; pass torch.float32"
            )
        rows = canonical_rows(matrix)
        self.n_out, self.n_in = rows.shape
        # 32-bit indices halve the memory traffic, and MKL takes no others.
        kind = np.int32 if max(rows.nnz, *rows.shape) < 2**31 else np.int64
        rows.indptr = rows.indptr.astype(kind, copy=False)
        rows.indices = rows.indices.astype(kind, copy=False)
        columns, order = transposed_rows(rows)
        # Plain attributes, which .to(dtype) does not convert: the matrix in float64 and
        # the order of its weights in the transpose (None for a symmetric matrix).
        self._rows = rows
        self._order = order
        self.keep("offsets", rows.indptr)
        self.keep("indices", rows.indices)
        self.keep("weight", rows.data, dtype)
        if order is not None:
            self.keep("offsets_t", columns.indptr.astype(kind))
            self.keep("indices_t", columns.indices.astype(kind))
            self.keep("weight_t", None, dtype)
        self._forget()

    def rounded(self, name: str, dtype: torch.dtype) -> Tensor:
        """Return a master in a dtype; the transpose reorders the same weights.

        Weights are copied, so that the matrix does not share their memory.
        """
        if name == "weight":
            return torch.from_numpy(self._rows.data).to(dtype, copy=True)
        if name == "weight_t":
            return torch.from_numpy(self._rows.data[self._order]).to(dtype)
        return super().rounded(name, dtype)

    def converted(self, fn: Callable[[Tensor], Tensor]) -> None:
        """Drop derived tables if the dtype or device has changed."""
        kind = self.dtype, self.offsets.device
        if kind != self._derived_for:
            self._forget()

    def _forget(self) -> None:
        """Drop the tables derived for a dtype and device."""
        self._derived_for = self.dtype, self.offsets.device
        symmetric = self._order is None
        self._derived = Derived(self._rows, symmetric, *self._derived_for)

    # -- construction -----------------------------------------------------------
    @staticmethod
    def block_diagonal(operators: Sequence[EdgeOperator]) -> EdgeOperator:
        """Return the operator that applies each operator to its own vertices.

        Parameters
        ----------
        operators
            One a graph of a batch, in order; the first gives dtype, device and
            execution.

        Raises
        ------
        ValueError
            If the sequence is empty.
        """
        if not operators:
            raise ValueError("operators must not be empty; pass one a graph")
        blocks = [operator.to_scipy() for operator in operators]
        return operators[0]._of(sp.block_diag(blocks, format="csr"))

    def transpose(self) -> EdgeOperator:
        """Return the operator with every edge reversed."""
        return self._of(sp.csr_array(self.to_scipy().T))

    def _of(self, matrix: sp.csr_array) -> EdgeOperator:
        """Return an operator of other edges with the same options."""
        operator = EdgeOperator(matrix, dtype=self.dtype, execution=self.execution)
        return operator.to(self.weight.device)

    def to_scipy(self) -> sp.csr_array:
        """Return the matrix, float64, shape ``(n_out, n_in)``."""
        return self._rows.copy()

    # -- edges ------------------------------------------------------------------
    @property
    def dtype(self) -> torch.dtype:
        """Dtype of the weights, and of the signals."""
        return self.weight.dtype

    @property
    def n_edges(self) -> int:
        """Number of edges E."""
        return len(self.indices)

    @property
    def edge_index(self) -> Tensor:
        """Sources in row 0 and targets in row 1, shape ``(2, E)``, int64."""
        targets = torch.arange(self.n_out, device=self.offsets.device)
        repeats = self.offsets.long().diff()
        return torch.stack([self.indices.long(), targets.repeat_interleave(repeats)])

    @property
    def edge_weight(self) -> Tensor:
        """Weights in the order of ``edge_index``, shape ``(E,)``."""
        return self.weight

    # -- application ------------------------------------------------------------
    def forward(self, x: Tensor) -> Tensor:
        """Return the weighted sum at each target.

        Raises
        ------
        TypeError
            If ``x`` is not of the operator's dtype, or the execution lacks it.
        ValueError
            If its number of vertices is not ``n_in``, its device differs, or execution
            ``"triton"`` does not run there.
        ImportError
            If execution ``"triton"`` is asked for and Triton is not installed.
        """
        return self._sum(checked_signal(x, self.n_in, self.weight), transposed=False)

    def adjoint(self, y: Tensor) -> Tensor:
        r"""Apply the transpose: :math:`x_j = \sum_{j \to i} w_{ij} y_i`."""
        return self._sum(checked_signal(y, self.n_out, self.weight), transposed=True)

    def _sum(self, x: Tensor, transposed: bool) -> Tensor:
        """Apply the matrix or its transpose to checked signals."""
        self.check_unchanged()
        n_out = self.n_in if transposed else self.n_out
        *batch, n_in, channels = x.shape
        execution = chosen_execution(self.execution, x.dtype, x.device)
        if execution == "message_passing":
            # PyTorch Geometric takes as long to load as PyTorch; others need not wait.
            from deepsphere_pyg.propagation.message_passing import edge_propagation

            edges = self.edge_index.flip(0) if transposed else self.edge_index
            y: Tensor = edge_propagation()(x, edges, self.weight, n_out)
            return y
        rows, columns = self._both_ways()
        if transposed:
            rows, columns = columns, rows
        flat = x.reshape(prod(batch), n_in, channels)
        y = edge_sum(flat, rows, columns, execution)
        return y.view(*batch, n_out, channels)

    def _both_ways(self) -> tuple[list[Tensor], list[Tensor]]:
        """Return the compressed rows of the matrix and of its transpose."""
        rows = [self.offsets, self.indices, self.weight]
        if self._order is None:
            return rows, rows
        return rows, [self.offsets_t, self.indices_t, self.weight_t]

    @constant_result
    def tiles(self, hops: int, size: int) -> tuple[list[Tensor], list[Tensor]]:
        """Return the matrix and its transpose, cut for polynomials.

        They are made at first use, and kept until the operator is moved or converted.

        Parameters
        ----------
        hops
            Degree of the polynomials, at least 1.
        size
            Approximate number of vertices in a tile. On a GPU there is one tile.

        Returns
        -------
        tuple of list of Tensor
            Both as :func:`deepsphere_pyg.propagation.chebyshev_convolution` takes
            them; the same list twice for a symmetric matrix. Weights are float32 if the
            operator's are of half precision.

        Raises
        ------
        ValueError
            If the operator is not square.
        """
        if self.n_in != self.n_out:
            raise ValueError(
                "the operator must map a sampling to itself to have polynomials, got "
                f"one from {self.n_in} to {self.n_out} vertices; pass a Laplacian"
            )
        self.check_unchanged()
        cut, turned = self._derived.tiles(hops, size)
        return cut.parts(), turned.parts()

    def surrounded(self, x: Tensor, hops: int) -> tuple[Tensor, EdgeOperator]:
        """Return signals with all that polynomials at their vertices depend on.

        Here signals are whole. Operators of a part of the vertices fetch their
        surroundings from other processes.

        Parameters
        ----------
        x
            Checked signals, ``(*batch, vertex, channel)``.
        hops
            Degree of the polynomials.

        Returns
        -------
        tuple
            Signals whose first vertices are those of ``x``, and the operator on them.
        """
        return x, self

    def reduce_max(self, x: Tensor) -> Tensor:
        r"""Return the largest source of each target, ignoring weights.

        .. math:: y_i = \max_{j \to i} x_j

        Equal sources share the gradient.

        Raises
        ------
        TypeError, ValueError
            As for :meth:`forward`; and if a target has no source.
        """
        x = checked_signal(x, self.n_in, self.weight)
        (windows,) = self._max_windows()
        return max_over_windows(x, windows, self.n_out)

    @constant_result
    def _max_windows(self) -> list[Tensor]:
        """Return the sources of each target as a table, in a list."""
        return [self._derived.windows()]

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.n_in} -> {self.n_out}, {self.n_edges} edges, "
            f"execution={self.execution!r})"
        )
