"""Scaling a matrix of overlaps so that its rows and columns have given sums."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import LinearOperator, cg

from samplings.base import FloatArray, IntArray

# Alternate scalings before Newton's method: enough where sums are local matters.
SWEEPS = 20
NEWTON_STEPS = 30
HALVINGS = 10
# What round-off may leave of the relative errors where cells differ widely in size.
ROUND_OFF = 1e-11
# Totals that are equal but for round-off differ by less, relatively.
SAME_TOTAL = 1e-9


def balanced(
    matrix: sp.csr_array,
    rows: FloatArray,
    columns: FloatArray,
    accuracy: float = 1e-13,
) -> sp.csr_array | None:
    r"""Scale rows and columns of a non-negative matrix to given sums.

    .. math:: B_{ij} = u_i A_{ij} v_j, \quad \sum_j B_{ij} = r_i, \quad
              \sum_i B_{ij} = c_j

    B is the matrix with these sums of the least divergence
    :math:`\sum B \log(B / A)` from A: zeros stay, and all else changes as little as may
    be. Sinkhorn's alternate scaling of rows and columns meets the sums quickly where
    they are missed by little; then Newton's method on the convex dual in
    :math:`\log u, \log v` closes what would take it very long.

    Parameters
    ----------
    matrix
        Non-negative, shape ``(R, C)``.
    rows, columns
        The sums, positive, shapes ``(R,)`` and ``(C,)``, of equal totals.
    accuracy
        Largest error of a sum, relative to the sum.

    Returns
    -------
    scipy.sparse.csr_array or None
        The scaled matrix; None if no such scaling is found: the zeros forbid it.

    Notes
    -----
    Source: Sinkhorn and Knopp 1967, Pacific Journal of Mathematics 21, 343.

    Examples
    --------
    >>> B = balanced(sp.csr_array([[1.0, 1], [1, 3]]), np.ones(2), np.ones(2))
    >>> bool(np.allclose(B.sum(axis=0), 1) and np.allclose(B.sum(axis=1), 1))
    True
    """
    scaled = sp.csr_array(matrix, copy=True)
    row_of = np.repeat(np.arange(scaled.shape[0]), np.diff(scaled.indptr))
    null = _null_vectors(scaled)
    if not _may_have(null, rows, columns):
        return None
    for _ in range(SWEEPS):
        if _worst(_sums(scaled), rows, columns) <= accuracy:
            return scaled
        _sweep(scaled, row_of, rows, columns)
    worst = _worst(_sums(scaled), rows, columns)
    for _ in range(NEWTON_STEPS):
        if worst <= accuracy:
            return scaled
        step = _newton_step(scaled, rows, columns, null)
        # Halve steps that overshoot.
        for _ in range(HALVINGS):
            trial = scaled.copy()
            u, v = step[: len(rows)], step[len(rows) :]
            trial.data *= np.exp(np.clip(u[row_of] + v[scaled.indices], -50, 50))
            _sweep(trial, row_of, rows, columns)
            remaining = _worst(_sums(trial), rows, columns)
            if remaining < worst:
                break
            step = step / 2
        else:
            # Nothing gets nearer: round-off, or sums that the zeros forbid.
            break
        scaled, worst = trial, remaining
    return scaled if worst <= ROUND_OFF else None


def _sweep(
    matrix: sp.csr_array, row_of: IntArray, rows: FloatArray, columns: FloatArray
) -> None:
    """Scale rows, then columns, in place."""
    matrix.data *= (rows / _sums(matrix)[0])[row_of]
    matrix.data *= (columns / _sums(matrix)[1])[matrix.indices]


def _sums(matrix: sp.csr_array) -> tuple[FloatArray, FloatArray]:
    """Sums of the rows and of the columns."""
    columns = np.bincount(matrix.indices, matrix.data, minlength=matrix.shape[1])
    rows = np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()
    return rows, columns.astype(np.float64)


def _worst(
    sums: tuple[FloatArray, FloatArray], rows: FloatArray, columns: FloatArray
) -> float:
    """Largest relative error of a sum."""
    return float(
        max(np.abs(sums[0] / rows - 1).max(), np.abs(sums[1] / columns - 1).max())
    )


def _null_vectors(matrix: sp.csr_array) -> sp.csr_array:
    """Vectors (u, -u) of one number for each connected part of rows and columns.

    Scaling rows up and columns down by the same changes nothing. Shape
    ``(parts, R + C)``, each of length one.
    """
    n_rows, n_columns = matrix.shape
    n = n_rows + n_columns
    ends = sp.coo_array(matrix)
    links = (np.ones(len(ends.row)), (ends.row, ends.col + n_rows))
    both = sp.csr_array(links, shape=(n, n))
    n_parts, part = connected_components(both, directed=False)
    size = np.bincount(part, minlength=n_parts)
    sign = np.repeat([1.0, -1.0], [n_rows, n_columns])
    entries = (sign / np.sqrt(size[part]), (part, np.arange(n)))
    return sp.csr_array(entries, shape=(n_parts, n))


def _may_have(null: sp.csr_array, rows: FloatArray, columns: FloatArray) -> bool:
    """Whether the sums of each connected part have the same total in both."""
    wanted = np.concatenate([rows, columns])
    return bool((np.abs(null @ wanted) <= SAME_TOTAL * (abs(null) @ wanted)).all())


def _newton_step(
    matrix: sp.csr_array, rows: FloatArray, columns: FloatArray, null: sp.csr_array
) -> FloatArray:
    """Changes of log u and log v that meet the sums to first order.

    The Hessian is the graph Laplacian of the overlaps with the signs of one side
    turned: semidefinite, zero on the null vectors only.
    """
    row_sums, column_sums = _sums(matrix)
    missing = np.concatenate([rows - row_sums, columns - column_sums])
    missing -= null.T @ (null @ missing)
    diagonal = np.concatenate([row_sums, column_sums])
    transpose = matrix.T.tocsr()

    def hessian(x: FloatArray) -> FloatArray:
        u, v = x[: len(rows)], x[len(rows) :]
        return np.asarray(diagonal * x + np.concatenate([matrix @ v, transpose @ u]))

    size = (len(missing), len(missing))
    # Where the sums cannot be met, overlaps vanish and the step grows without bounds.
    with np.errstate(all="ignore"):
        step, _ = cg(
            LinearOperator(size, matvec=hessian, dtype=np.float64),
            missing,
            rtol=1e-9,
            maxiter=2000,
            M=LinearOperator(size, matvec=lambda x: x / diagonal, dtype=np.float64),
        )
    return np.nan_to_num(np.asarray(step))
