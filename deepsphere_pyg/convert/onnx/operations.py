r"""Sums over edges, Chebyshev convolutions and transforms in the operators of ONNX.

ONNX has no sparse matrices. A product with one becomes a Gather of the neighbours of
each vertex, listed in a table, and a MatMul with their weights, vertex by vertex; a
ScatterND adds the few edges that do not fit in the table. Signals lie side by side,
``(vertex, batch channel)``, so that a row of the Gather moves all values of a vertex.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
import torch
from torch import Tensor

from deepsphere_pyg.convert.onnx.tables import (
    NeighbourTable,
    neighbour_table,
    rows_of_tiles,
)
from deepsphere_pyg.convert.onnx.transforms import matrix_of, transforms
from deepsphere_pyg.propagation import Tiles

# Rows of a table that are gathered at once. More are not faster, and take several times
# the memory of the signals.
ROWS_AT_ONCE = 2**16

Value = Any  # of onnx_ir, an optional package


def onnx_module(name: str) -> Any:
    """Import a package of the ``onnx`` extra.

    Raises
    ------
    ImportError
        If it is not installed, with the command that installs it.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"ONNX files are written with {name}, which is not installed; "
            "run: pip install 'deepsphere-pyg[onnx]'"
        ) from error


class Translator:
    """Translates this package's operations for PyTorch's ONNX exporter.

    Parameters
    ----------
    constants
        Tensors of the exported program by the names of its placeholders.
    opset
        Version of ONNX's operators.

    Attributes
    ----------
    initializers
        Arrays that the translations use, by their content, so that operators shared by
        layers are stored once.
    """

    def __init__(self, constants: Mapping[str, Tensor], opset: int) -> None:
        self.constants = constants
        self.ir = onnx_module("onnx_ir")
        self.op = getattr(onnx_module("onnxscript"), f"opset{opset}")
        self.initializers: dict[str, Value] = {}

    def table(self) -> dict[Callable[..., Any], Callable[..., Any]]:
        """The translation of each operation, as the exporter takes it."""
        ops = torch.ops.deepsphere_pyg
        # Functions, since the exporter leaves notes on them.
        return {
            ops.edge_sum.default: lambda *args: self.edge_sum(*args),
            ops.chebyshev_convolution.default: (
                lambda *args: self.chebyshev_convolution(*args)
            ),
            ops.depthwise_convolution.default: (
                lambda *args: self.depthwise_convolution(*args)
            ),
            **{one: self._transform_by(one) for one in transforms()},
        }

    def _transform_by(self, operation: Any) -> Callable[..., Any]:
        return lambda *args: self.transform(operation, *args)

    # -- operations -------------------------------------------------------------
    def edge_sum(
        self, x: Value, rows: Sequence[Value], columns: Sequence[Value], kernel: str
    ) -> Value:
        """As :func:`deepsphere_pyg.propagation.edge_sum`."""
        offsets, indices, weights = (part.numpy() for part in self._tensors(rows))
        shape = len(offsets) - 1, x.shape[1]
        matrix = sp.csr_array((weights, indices, offsets), shape=shape)
        flat, channels = self._side_by_side(x), x.shape[2]
        y = self._product(neighbour_table(matrix), flat)
        return self._apart(y, shape[0], channels)

    def chebyshev_convolution(
        self,
        x: Value,
        weight: Value,
        bias: Value | None,
        tiles: Sequence[Value],
        tiles_t: Sequence[Value],
        kernel: str,
    ) -> Value:
        """As :func:`deepsphere_pyg.propagation.chebyshev_convolution`."""
        # Twice the matrix, exactly, which the recurrences use in all steps but one.
        matrix = rows_of_tiles(Tiles(*self._tensors(tiles))) * 2
        doubled = neighbour_table(sp.csr_array(matrix))
        K, channels, out_channels = (int(size) for size in weight.shape)
        weights = [self.op.Gather(weight, self._kept(np.int64(k))) for k in range(K)]
        recurrence = self._clenshaw if out_channels < channels else self._terms
        sizes = channels, out_channels
        y = recurrence(self._side_by_side(x), weights, bias, doubled, sizes)
        return self._apart(y, x.shape[1], out_channels)

    def depthwise_convolution(
        self,
        x: Value,
        weight: Value,
        bias: Value | None,
        tiles: Sequence[Value],
        tiles_t: Sequence[Value],
        kernel: str,
    ) -> Value:
        """As :func:`deepsphere_pyg.propagation.depthwise_convolution`."""
        matrix = rows_of_tiles(Tiles(*self._tensors(tiles))) * 2
        doubled = neighbour_table(sp.csr_array(matrix))
        K, channels = (int(size) for size in weight.shape)
        weights = [self.op.Gather(weight, self._kept(np.int64(k))) for k in range(K)]

        def add(y: Value | None, term: Value, scales: Value) -> Value:
            scaled = self.op.Mul(self._reshape(term, -1, channels), scales)
            return scaled if y is None else self.op.Add(scaled, y)

        y = self._sum_of_terms(self._side_by_side(x), weights, bias, doubled, add)
        return self._apart(y, x.shape[1], channels)

    def transform(self, operation: Any, x: Value, *constants: Any) -> Value:
        """A transform on the sphere, as a product with its matrix."""
        dtype = np.dtype(x.dtype.numpy())
        arguments = [self._given(one) for one in constants]
        matrix = matrix_of(operation, int(x.shape[1]), dtype, arguments)
        return self.op.MatMul(self._kept(matrix), x)

    # -- recurrences ------------------------------------------------------------
    def _terms(
        self,
        x: Value,
        weights: list[Value],
        bias: Value | None,
        doubled: NeighbourTable,
        channels: tuple[int, int],
    ) -> Value:
        """The sum of T_k(L) x W_k, term after term."""

        def add(y: Value | None, term: Value, weight: Value) -> Value:
            flat = self._reshape(term, -1, channels[0])
            return self.op.Gemm(flat, weight, y)

        return self._sum_of_terms(x, weights, bias, doubled, add)

    def _sum_of_terms(
        self,
        x: Value,
        weights: list[Value],
        bias: Value | None,
        doubled: NeighbourTable,
        add: Callable[[Value | None, Value, Value], Value],
    ) -> Value:
        """Add T_0(L) x, T_1(L) x, ... with their weights to the bias."""
        half = self._half(doubled)
        before, current = x, self.op.Mul(self._product(doubled, x), half)
        y = add(add(bias, before, weights[0]), current, weights[1])
        for weight in weights[2:]:
            image = self.op.Sub(self._product(doubled, current), before)
            before, current = current, image
            y = add(y, current, weight)
        return y

    def _clenshaw(
        self,
        x: Value,
        weights: list[Value],
        bias: Value | None,
        doubled: NeighbourTable,
        channels: tuple[int, int],
    ) -> Value:
        """The same sum with the channels mixed first, if there are fewer outputs."""
        n, (in_channels, out_channels) = len(doubled.sources), channels
        flat = self._reshape(x, -1, in_channels)
        current, after = self.op.Gemm(flat, weights[-1]), None
        for k in range(len(weights) - 2, -1, -1):
            image = self._product(doubled, self._reshape(current, n, -1))
            if k == 0:
                image = self.op.Mul(image, self._half(doubled))
            image = self._reshape(image, -1, out_channels)
            if after is not None:
                image = self.op.Sub(image, after)
            after, current = current, self.op.Gemm(flat, weights[k], image)
        return current if bias is None else self.op.Add(current, bias)

    # -- products ---------------------------------------------------------------
    def _product(self, table: NeighbourTable, x: Value) -> Value:
        """The matrix times signals side by side."""
        sources, weights = table.sources, table.weights
        if table.width == 1:
            y = self.op.Gather(x, self._kept(sources[:, 0]), axis=0)
            if (weights != 1).any():
                y = self.op.Mul(y, self._kept(weights))
        elif table.in_order:
            gathered = self._reshape(x, *sources.shape, -1)
            y = self._weighted(weights, gathered)
        else:
            pieces = [
                self._weighted(
                    weights[first : first + ROWS_AT_ONCE],
                    self.op.Gather(
                        x, self._kept(sources[first : first + ROWS_AT_ONCE]), axis=0
                    ),
                )
                for first in range(0, len(sources), ROWS_AT_ONCE)
            ]
            y = pieces[0] if len(pieces) == 1 else self.op.Concat(*pieces, axis=0)
        if len(table.targets) == 0:
            return y
        more = self.op.Gather(x, self._kept(table.more_sources), axis=0)
        more = self.op.Mul(more, self._kept(table.more_weights[:, None]))
        targets = self._kept(table.targets[:, None])
        return self.op.ScatterND(y, targets, more, reduction="add")

    def _weighted(self, weights: npt.NDArray[np.floating], gathered: Value) -> Value:
        """The sum over neighbours, each vertex a product of a row and a matrix."""
        y = self.op.MatMul(self._kept(weights[:, None, :]), gathered)
        return self.op.Squeeze(y, self._numbers(1))

    # -- shapes and constants ---------------------------------------------------
    def _side_by_side(self, x: Value) -> Value:
        """Bring ``(batch, vertex, channel)`` to ``(vertex, batch channel)``."""
        n = int(x.shape[1])
        return self._reshape(self.op.Transpose(x, perm=[1, 0, 2]), n, -1)

    def _apart(self, y: Value, n: int, channels: int) -> Value:
        """Bring signals side by side to ``(batch, vertex, channel)``."""
        y = self._reshape(y, int(n), -1, int(channels))
        return self.op.Transpose(y, perm=[1, 0, 2])

    def _reshape(self, x: Value, *shape: int) -> Value:
        return self.op.Reshape(x, self._numbers(*shape))

    def _numbers(self, *numbers: int) -> Value:
        return self._kept(np.array(numbers, dtype=np.int64))

    def _half(self, table: NeighbourTable) -> Value:
        return self._kept(table.weights.dtype.type(0.5))

    def _kept(self, array: npt.ArrayLike) -> Value:
        """A constant, the same one for equal arrays."""
        array = np.asarray(array, order="C")
        content = hashlib.sha256(array.tobytes())
        content.update(f"{array.dtype} {array.shape}".encode())
        name = f"constant_{content.hexdigest()[:32]}"
        if name not in self.initializers:
            tensor = self.ir.tensor(array, name=name)
            self.initializers[name] = self.ir.Value(
                name=name,
                shape=tensor.shape,
                type=self.ir.TensorType(tensor.dtype),
                const_value=tensor,
            )
        return self.initializers[name]

    def _given(self, argument: Any) -> Any:
        """An argument of an operation, with its tensors in place of their values."""
        if isinstance(argument, list | tuple):
            return [self._given(one) for one in argument]
        if getattr(argument, "name", None) in self.constants:
            return self._tensors([argument])[0]
        return argument

    def _tensors(self, values: Sequence[Value]) -> list[Tensor]:
        """The tensors of an operator, which are constants of the program."""
        return [self.constants[value.name].detach().cpu() for value in values]
