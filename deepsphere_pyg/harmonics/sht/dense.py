"""Transforms as dense matrices, for arbitrary points."""

import math
import warnings
from typing import cast

import numpy as np
import scipy.linalg
import torch
from torch import Tensor

from deepsphere_pyg.fixed_tensors.float64_tensors import Float64Tensors
from deepsphere_pyg.fixed_tensors.shared_tables import SharedTable, shared_table
from deepsphere_pyg.harmonics.sht.base import batched
from deepsphere_pyg.harmonics.sht.scalar_harmonics import ScalarHarmonics
from deepsphere_pyg.propagation.products import in_given_precision
from deepsphere_pyg.propagation.transformable import linear_in_signals
from samplings import Sampling
from samplings.arrays import FloatArray

# Of a matrix (vertices x coefficients) in float64; its factors take twice that again.
LARGEST_MATRIX_GIB = 4.0
# Condition of a fit: the largest amplification of relative errors of the signal. Beyond
# the first value, noise dominates some coefficients; beyond the second, so does
# round-off of float32.
_WARNED_CONDITION = 1e2
_REFUSED_CONDITION = 1e6


@torch.library.custom_op("deepsphere_pyg::matrix_product", mutates_args=())
@in_given_precision
def _matrix_operation(x: Tensor, matrix: Tensor, transposed: bool) -> Tensor:
    """Apply a matrix, or its transpose, to signals ``(batch, n, channel)``."""
    some = matrix.T if transposed else matrix
    batch, n_in, channels = x.shape
    y = some @ x.transpose(0, 1).reshape(n_in, batch * channels)
    return y.view(len(some), batch, channels).transpose(0, 1).contiguous()


@_matrix_operation.register_fake
def _shape(x: Tensor, matrix: Tensor, transposed: bool) -> Tensor:
    return x.new_empty(x.shape[0], matrix.shape[1 if transposed else 0], x.shape[2])


def _adjoint(y: Tensor, matrix: Tensor, transposed: bool) -> Tensor:
    x: Tensor = _matrix_product(y, matrix, not transposed)
    return x


_matrix_product = linear_in_signals(_matrix_operation, _adjoint)


class DenseTransform(Float64Tensors):
    """A matrix ``(L * L, V)`` from vertices to rows, and its transpose."""

    def __init__(self, matrix: SharedTable, dtype: torch.dtype | None) -> None:
        super().__init__(dtype)
        self.shared = matrix
        self.n_rows, self.n_vertices = matrix.master.shape
        self.keep("matrix", None)

    def rounded(self, name: str, dtype: torch.dtype) -> Tensor:
        """Return the matrix in a dtype; transforms may share it."""
        return self.shared.rounded(dtype)

    @property
    def table_bytes(self) -> int:
        """Bytes of the matrix, in every dtype that is kept."""
        return self.shared.n_bytes

    @property
    def probe(self) -> Tensor:
        """A tensor of the dtype and on the device of the matrix."""
        return cast(Tensor, self.matrix)

    def analyze(self, x: Tensor) -> Tensor:
        """Apply the matrix."""
        return batched(_matrix_product, x, self.matrix, False)

    def synthesize(self, c: Tensor) -> Tensor:
        """Apply its transpose."""
        return batched(_matrix_product, c, self.matrix, True)


def fits_in_memory(sampling: Sampling, harmonics: ScalarHarmonics) -> bool:
    """Whether the matrix of harmonics at the vertices takes at most 4 GiB."""
    return _gibibytes(sampling, harmonics) <= LARGEST_MATRIX_GIB


def harmonic_sums(
    sampling: Sampling, harmonics: ScalarHarmonics, dtype: torch.dtype | None
) -> DenseTransform:
    """Return plain sums against the harmonics at the vertices, and their adjoint.

    Transforms of the same sampling and functions share the matrix, of at most 4 GiB.
    """
    settings = ("harmonics", sampling, harmonics)
    table = shared_table(settings, lambda: _harmonics_matrix(sampling, harmonics).T)
    return DenseTransform(table, dtype)


def _harmonics_matrix(sampling: Sampling, harmonics: ScalarHarmonics) -> FloatArray:
    """Return the harmonics at the vertices, ``(components * V, n_rows)``."""
    if not fits_in_memory(sampling, harmonics):
        n = harmonics.components * len(sampling)
        raise ValueError(
            f"the {n} x {harmonics.n_rows} matrix of harmonics on {sampling!r} would "
            f"take {_gibibytes(sampling, harmonics):.1f} GiB, more than "
            f"{LARGEST_MATRIX_GIB:g}; use a smaller L, fewer vertices, a sampling of "
            "rings, whose tables are far smaller, or the methods 'blocks' of ISHT and "
            "'conjugate-gradients' of SHT, which keep no matrix"
        )
    return harmonics.matrix(sampling.theta, sampling.phi)


def _gibibytes(sampling: Sampling, harmonics: ScalarHarmonics) -> float:
    return harmonics.components * len(sampling) * harmonics.n_rows * 8 / 2**30


class IllConditionedWarning(UserWarning):
    """Warns that the points barely determine some of the fitted coefficients."""


def least_squares(
    sampling: Sampling, harmonics: ScalarHarmonics, ridge: float = 0.0
) -> tuple[FloatArray, float]:
    r"""Return the matrix that fits harmonics to signals, and its condition.

    .. math:: \min_c \sum_i a_i \Big(x_i - \sum_{lm} c_{lm} Y_{lm}(x_i)\Big)^2
        + \lambda \sum_{lm} c_{lm}^2

    with the areas :math:`a_i` of the cells, by orthogonal factors, not by the normal
    equations, whose condition is the square. The ridge :math:`\lambda` is the power of
    noise over that of the signal, in units in which the matrix of inner products on the
    whole sphere has eigenvalues near 1. The matrix has shape
    ``(n_rows, components * V)``; its condition, the largest over the smallest singular
    value of the weighted harmonics with the ridge, warns above 100 and is an error
    above 1e6.
    """
    if not (isinstance(ridge, int | float) and math.isfinite(ridge) and ridge >= 0):
        raise ValueError(
            f"ridge must be a number, at least 0, got {ridge!r}; it is the power of "
            "noise over that of the signal, 1e-6 to 1e-2 as a rule"
        )
    L, components = harmonics.L, harmonics.components
    n, n_zeros = components * len(sampling), harmonics.n_zeros
    n_coefficients = harmonics.n_rows - n_zeros
    if n < n_coefficients and ridge == 0:
        largest = math.isqrt((n + n_zeros) // components)
        raise ValueError(
            f"{len(sampling)} vertices do not determine the {n_coefficients} "
            f"coefficients of L = {L}; use L <= {largest}, or a ridge such as "
            "ridge=1e-3"
        )
    root = np.sqrt(np.repeat(sampling.weights, components))
    weighted = _harmonics_matrix(sampling, harmonics)[:, n_zeros:] * root[:, None]
    left, upper = scipy.linalg.qr(weighted, mode="economic", overwrite_a=True)
    inner, values, right = scipy.linalg.svd(upper, full_matrices=False)
    damped = values**2 + ridge
    least = math.sqrt(float(damped[-1]) if n >= n_coefficients else ridge)
    condition = math.sqrt(float(damped[0])) / least if least > 0 else math.inf
    if ridge == 0 or condition > _REFUSED_CONDITION:
        _judge(sampling, L, condition, ridge)
    filtered = right.T * (values / damped)
    fit = (filtered @ inner.T) @ left.T * root
    return (np.pad(fit, ((n_zeros, 0), (0, 0))) if n_zeros else fit), condition


def _judge(sampling: Sampling, L: int, condition: float, ridge: float) -> None:
    """Warn of a fit that amplifies errors, or refuse it."""
    told = (
        f"least squares for L = {L} on {sampling!r} magnify errors up to "
        f"{condition:.1e} times"
    )
    remedy = f"use a smaller L, or a ridge above {ridge:g}, such as ridge=1e-3"
    if condition > _REFUSED_CONDITION:
        raise ValueError(f"{told}, more than {_REFUSED_CONDITION:.0e}; {remedy}")
    if condition > _WARNED_CONDITION:
        warnings.warn(f"{told}; {remedy}", IllConditionedWarning, stacklevel=5)
