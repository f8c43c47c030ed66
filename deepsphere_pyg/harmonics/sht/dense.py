"""Transforms as dense matrices, for points that lie anyhow."""

from math import prod
from typing import cast

import torch
from torch import Tensor

from deepsphere_pyg.fixed_tensors.float64_tensors import Float64Tensors
from deepsphere_pyg.harmonics.functions.spherical_harmonics import spherical_harmonics
from deepsphere_pyg.propagation.products import in_given_precision
from deepsphere_pyg.propagation.transformable import linear_in_signals
from samplings import Sampling
from samplings.arrays import FloatArray

# A matrix (vertices x coefficients) in float64; its factors need twice as much more.
LARGEST_MATRIX_GIB = 4.0


@torch.library.custom_op("deepsphere_pyg::matrix_product", mutates_args=())
@in_given_precision
def _matrix_product(x: Tensor, matrix: Tensor, transposed: bool) -> Tensor:
    """Apply one matrix, or its transpose, to signals side by side.

    Parameters
    ----------
    x
        Shape ``(batch, n_in, channel)``.
    matrix
        Shape ``(n_out, n_in)``, or of its transpose.
    transposed
        Whether to apply the transpose.

    Returns
    -------
    Tensor
        Shape ``(batch, n_out, channel)``.
    """
    some = matrix.T if transposed else matrix
    batch, n_in, channels = x.shape
    y = some @ x.transpose(0, 1).reshape(n_in, batch * channels)
    return y.view(len(some), batch, channels).transpose(0, 1).contiguous()


@_matrix_product.register_fake
def _shape(x: Tensor, matrix: Tensor, transposed: bool) -> Tensor:
    return x.new_empty(x.shape[0], matrix.shape[1 if transposed else 0], x.shape[2])


def _adjoint(y: Tensor, matrix: Tensor, transposed: bool) -> Tensor:
    x: Tensor = matrix_product(y, matrix, not transposed)
    return x


matrix_product = linear_in_signals(_matrix_product, _adjoint)


class DenseTransform(Float64Tensors):
    """A matrix from vertices to rows, and its transpose.

    Parameters
    ----------
    matrix
        Shape ``(L * L, V)``.
    dtype
        As for :class:`Float64Tensors`.
    """

    def __init__(self, matrix: FloatArray, dtype: torch.dtype | None) -> None:
        super().__init__(dtype)
        self.n_rows, self.n_vertices = matrix.shape
        self.keep("matrix", matrix)

    @property
    def table_bytes(self) -> int:
        """Bytes of the matrix, and of its float64 master where that is another."""
        size = cast(Tensor, self.matrix).element_size()
        return int(self.n_rows * self.n_vertices * (8 if size == 8 else 8 + size))

    @property
    def probe(self) -> Tensor:
        """A tensor of the dtype and on the device of the matrix."""
        return cast(Tensor, self.matrix)

    def analyze(self, x: Tensor) -> Tensor:
        """Apply the matrix."""
        return self._product(x, transposed=False)

    def synthesize(self, c: Tensor) -> Tensor:
        """Apply its transpose."""
        return self._product(c, transposed=True)

    def _product(self, x: Tensor, transposed: bool) -> Tensor:
        """Multiply the last but one axis."""
        *batch, n, channels = x.shape
        flat = x.reshape(prod(batch), n, channels)
        y: Tensor = matrix_product(flat, cast(Tensor, self.matrix), transposed)
        return y.view(*batch, y.shape[1], channels)


def harmonics_matrix(sampling: Sampling, L: int) -> FloatArray:
    """Return the harmonics at the vertices, shape ``(V, L * L)``.

    Raises
    ------
    ValueError
        If it were larger than 4 GiB.
    """
    size = len(sampling) * L * L * 8 / 2**30
    if size > LARGEST_MATRIX_GIB:
        raise ValueError(
            f"the {len(sampling)} x {L * L} matrix of harmonics on {sampling!r} would "
            f"take {size:.1f} GiB, more than {LARGEST_MATRIX_GIB:g}; use a smaller L, "
            "fewer vertices, or a sampling of rings, whose tables are far smaller"
        )
    return spherical_harmonics(sampling.theta, sampling.phi, L)
