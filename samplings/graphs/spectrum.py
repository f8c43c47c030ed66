"""The largest eigenvalue of a sparse symmetric matrix, or slightly more."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.linalg import eigvalsh_tridiagonal, get_blas_funcs

from samplings.arguments import sparse_argument

# Below this a dense eigensolver is both faster and exact.
DENSE = 256
# Margin added to the Ritz value, relative to it.
MARGIN = 0.01
# The Lanczos process stops where the chance of a higher eigenvalue is below RARE, or
# SMALL after STEPS steps. A chance ten times smaller costs 12 steps.
RARE, SMALL, STEPS = 1e-6, 1e-2, 40
# A semi-definite matrix always stops long before.
MOST = 400
# Steps between evaluations of the chance, each as costly as a step on 10^4 vertices.
EVERY = 4
SEED = 0
# In single precision sums of this many entries are off by at most 2e-4, of the margin's
# 1e-2; matrices of longer rows are multiplied in double precision.
LONGEST_ROW = 1 << 12


def lambda_max(matrix: sp.csr_array) -> float:
    r"""Return the largest eigenvalue of a symmetric matrix, or slightly more.

    The Lanczos process from a seeded random vector gives a Ritz value
    :math:`\theta \leq \lambda_\max`; the result is :math:`1.01\, \theta`, or the
    Gershgorin bound :math:`\max_i \sum_j |L_{ij}|` where that is lower. Chebyshev
    polynomials of :math:`2 L / \lambda_\max - I` explode for an eigenvalue above the
    estimate, and lose nothing to one slightly high.

    Parameters
    ----------
    matrix
        Sparse symmetric positive semi-definite matrix, shape ``(V, V)``.

    Returns
    -------
    float
        At most 1 % above the eigenvalue, and exact up to V = 256; 0 for a zero matrix.

    Raises
    ------
    TypeError
        If it is not a real matrix.
    ValueError
        If the matrix is not square, empty, not finite, or, where that shows, not
        positive semi-definite.

    Notes
    -----
    The result is probably, not certainly, no less than the eigenvalue: a start vector
    without a share in the eigenvector never finds it. The process gives the polynomials
    :math:`p_j` that are orthonormal under the shares :math:`c^2` of the start vector in
    the eigenvectors. After m steps an eigenvalue at or above :math:`x > \theta` cannot
    have a larger share than :math:`1 / \sum_{j \leq m} p_j(x)^2`, and for a random
    vector :math:`P(c^2 \leq w) \leq \sqrt{2 V w / \pi}`. The process stops where this
    chance of an eigenvalue above :math:`1.01\, \theta` is below 1e-6, or below 1e-2
    from the 40th step on.

    Source: Kuczynski and Wozniakowski 1992, "Estimating the largest eigenvalue by the
    power and Lanczos algorithms with a random start", SIAM J. Matrix Anal. Appl. 13,
    1094; Akhiezer 1965, "The classical moment problem", for the largest share (the
    Christoffel function).

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> path = sp.csr_array([[1.0, -1.0], [-1.0, 1.0]])
    >>> round(lambda_max(path), 12)
    2.0
    """
    matrix = sparse_argument("matrix", matrix)
    n = matrix.shape[0]
    if matrix.shape != (n, n) or n == 0:
        raise ValueError(
            f"the matrix must be square and not empty, got shape {matrix.shape}"
        )
    gershgorin = _gershgorin(matrix)
    if not math.isfinite(gershgorin) and not np.isfinite(matrix.data).all():
        raise ValueError(
            "the matrix must be finite, got NaN or infinite entries; "
            "check the edge weights"
        )
    if gershgorin == 0:
        return 0.0
    if n <= DENSE:
        top = float(np.linalg.eigvalsh(matrix.toarray())[-1])
        # Backward error of the dense solver.
        bound = top + n * float(np.finfo(float).eps) * gershgorin
        # No entry of a semi-definite matrix is larger than its largest eigenvalue.
        if 2 * n * top < gershgorin:
            _refuse_indefinite(f"the highest is {top:.3g}")
    else:
        bound = _lanczos_bound(matrix, gershgorin)
    return min(bound, gershgorin)


def _refuse_indefinite(sign: str) -> NoReturn:
    raise ValueError(
        "the matrix must be positive semi-definite, got eigenvalues that are negative, "
        f"or not symmetric: {sign}; check the signs of the edge weights"
    )


def _gershgorin(matrix: sp.csr_array) -> float:
    """Return the largest row sum of magnitudes."""
    parts = (np.abs(matrix.data), matrix.indices, matrix.indptr)
    sums = sp.csr_array(parts, shape=matrix.shape) @ np.ones(matrix.shape[1])
    return float(sums.max())


def _lanczos_bound(matrix: sp.csr_array, scale: float) -> float:
    """Return the Ritz value plus the margin.

    Single precision moves it by some 1e-6, and takes two thirds of the time; entries
    are divided by ``scale``, a bound of the eigenvalue, to be in its range.
    """
    n = matrix.shape[0]
    longest = int(np.diff(matrix.indptr).max())
    dtype = np.float32 if longest <= LONGEST_ROW else np.float64
    entries: npt.NDArray[Any] = np.empty(matrix.nnz, dtype=dtype)
    np.divide(matrix.data, scale, out=entries, casting="same_kind")
    parts = (entries, matrix.indices, matrix.indptr)
    scaled = sp.csr_array(parts, shape=matrix.shape)
    start = np.random.default_rng(SEED).standard_normal(n)
    vector: npt.NDArray[Any] = (start / np.linalg.norm(start)).astype(dtype)
    return bound_above(_coefficients(scaled, vector), n) * scale


def _coefficients(
    scaled: sp.csr_array, vector: npt.NDArray[Any]
) -> Iterator[tuple[float, float]]:
    """Yield the entries of the tridiagonal matrix, step by step."""
    axpy, dot, scal = get_blas_funcs(("axpy", "dot", "scal"), (vector,))
    previous = np.zeros_like(vector)
    beta = 0.0
    while True:
        # BLAS updates in place: long vectors do not fit the cache.
        image = scaled @ vector
        axpy(previous, image, a=-beta)
        alpha = float(dot(vector, image))
        axpy(vector, image, a=-alpha)
        beta = math.sqrt(dot(image, image))
        yield alpha, beta
        previous, vector = vector, scal(1 / beta, image)


def bound_above(coefficients: Iterator[tuple[float, float]], n: int) -> float:
    """Return the largest Ritz value of a Lanczos process plus the margin.

    Without reorthogonalisation the process finds copies of known eigenvalues, which
    does not disturb the largest one (Paige 1980).

    Parameters
    ----------
    coefficients
        Diagonal and off-diagonal entries of the tridiagonal matrix, without end.
    n
        Number of rows of the matrix.
    """
    diagonal: list[float] = []
    off: list[float] = []
    while True:
        alpha, beta = next(coefficients)
        diagonal.append(alpha)
        off.append(beta)
        steps = len(diagonal)
        # If beta is zero the vectors span all that the start has a share in.
        if steps % EVERY == 0 or beta == 0:
            ritz = _ritz(diagonal, off)
            if ritz <= 0 or steps >= MOST:
                _refuse_indefinite(f"highest Ritz value {ritz:.3g} after {steps} steps")
            bound = ritz * (1 + MARGIN)
            chance = _chance_above(bound, diagonal, off, n)
            if chance <= (SMALL if steps >= STEPS else RARE):
                return bound


def _ritz(diagonal: list[float], off: list[float]) -> float:
    """Return the largest eigenvalue of the tridiagonal matrix."""
    last = len(diagonal) - 1
    found = eigvalsh_tridiagonal(
        diagonal, off[:-1], select="i", select_range=(last, last)
    )
    return float(found[0])


def _chance_above(x: float, diagonal: list[float], off: list[float], n: int) -> float:
    """Bound the chance of an eigenvalue at or above ``x``, above all Ritz values.

    The polynomials follow from the recurrence of the process:
    ``beta_j p_j = (x - alpha_j) p_{j-1} - beta_{j-1} p_{j-2}``, ``p_0 = 1``.
    """
    before, value, total, last = 0.0, 1.0, 1.0, 0.0
    for alpha, beta in zip(diagonal, off, strict=True):
        rest = (x - alpha) * value - last * before
        # The chance is far below any limit, and overflow still far.
        if rest > 1e50 * beta:
            return 0.0
        before, value = value, rest / beta
        last = beta
        total += value * value
    return math.sqrt(2 * n / (math.pi * total))
