"""Scaling of a matrix of overlaps to given sums of rows and columns."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import cg

from samplings.arrays import FloatArray, IntArray

# Alternate scalings before Newton's method: enough for local errors.
SWEEPS = 20
NEWTON_STEPS = 30
HALVINGS = 10
# Accuracy of each Newton step; the next one corrects its error.
ACCURACY = 1e-5
# Relative errors: to stop at, and left by round-off where cells differ widely in size.
CLOSE, ROUND_OFF = 1e-13, 1e-11
# Largest relative difference of totals that are equal to round-off.
SAME_TOTAL = 1e-9


def balanced(
    matrix: sp.csr_array, rows: FloatArray, columns: FloatArray
) -> sp.csr_array | None:
    r"""Scale rows and columns of a non-negative matrix ``(R, C)`` to given sums.

    .. math:: B_{ij} = u_i A_{ij} v_j, \quad \sum_j B_{ij} = r_i, \quad
              \sum_i B_{ij} = c_j

    B is the matrix with these sums of the least divergence :math:`\sum B \log(B / A)`
    from A; zeros stay. Sinkhorn's alternate scaling of rows and columns removes local
    errors; then Newton's method on the convex dual in :math:`\log v`, with u from the
    rows, quickly removes the others.

    The sums of ``rows`` and ``columns`` must be positive, of equal totals, and are met
    to a relative 1e-13. Return None if the zeros forbid such a scaling.

    Notes
    -----
    Source: Sinkhorn and Knopp 1967, Pacific Journal of Mathematics 21, 343.

    Examples
    --------
    >>> B = balanced(sp.csr_array([[1.0, 1], [1, 3]]), np.ones(2), np.ones(2))
    >>> bool(np.allclose(B.sum(axis=0), 1) and np.allclose(B.sum(axis=1), 1))
    True
    """
    if matrix.shape[0] < matrix.shape[1]:
        # The work of a step grows with the number of columns.
        turned = balanced(sp.csr_array(matrix.T), columns, rows)
        return None if turned is None else sp.csr_array(turned.T)
    scaled = sp.csr_array(matrix, copy=True)
    row_of = np.repeat(np.arange(scaled.shape[0]), np.diff(scaled.indptr))
    part, row_part = _connected_parts(scaled)
    if not _may_have(rows, columns, row_part, part):
        return None
    for _ in range(SWEEPS):
        if _worst(scaled, rows, columns) <= CLOSE:
            return scaled
        _scale_columns(scaled, columns)
        _scale_rows(scaled, row_of, rows)
    worst = _worst(scaled, rows, columns)
    for _ in range(NEWTON_STEPS):
        if worst <= CLOSE:
            return scaled
        step = _newton_step(scaled, rows, columns, part)
        # Halve steps that overshoot.
        for _ in range(HALVINGS):
            trial = scaled.copy()
            trial.data *= np.exp(np.clip(step, -50, 50))[scaled.indices]
            _scale_rows(trial, row_of, rows)
            # The step is accurate for large columns; this corrects the small ones.
            _scale_columns(trial, columns)
            _scale_rows(trial, row_of, rows)
            remaining = _worst(trial, rows, columns)
            if remaining < worst:
                break
            step = step / 2
        else:
            # No improvement: round-off, or sums that the zeros forbid.
            break
        scaled, worst = trial, remaining
    return scaled if worst <= ROUND_OFF else None


def _scale_rows(matrix: sp.csr_array, row_of: IntArray, rows: FloatArray) -> None:
    """Scale rows to their sums, in place."""
    matrix.data *= (rows / _row_sums(matrix))[row_of]


def _scale_columns(matrix: sp.csr_array, columns: FloatArray) -> None:
    """Scale columns to their sums, in place."""
    matrix.data *= (columns / _column_sums(matrix))[matrix.indices]


def _row_sums(matrix: sp.csr_array) -> FloatArray:
    return np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()


def _column_sums(matrix: sp.csr_array) -> FloatArray:
    sums = np.bincount(matrix.indices, matrix.data, minlength=matrix.shape[1])
    return sums.astype(np.float64)


def _worst(matrix: sp.csr_array, rows: FloatArray, columns: FloatArray) -> float:
    """Return the largest relative error of a sum."""
    of_rows = np.abs(_row_sums(matrix) / rows - 1).max()
    return float(max(of_rows, np.abs(_column_sums(matrix) / columns - 1).max()))


def _connected_parts(matrix: sp.csr_array) -> tuple[IntArray, IntArray]:
    """Return the connected part to which each column, and each row, belongs."""
    n_rows, n_columns = matrix.shape
    n = n_rows + n_columns
    ends = sp.coo_array(matrix)
    links = (np.ones(len(ends.row)), (ends.row, ends.col + n_rows))
    both = sp.csr_array(links, shape=(n, n))
    part = connected_components(both, directed=False)[1].astype(np.int64)
    return part[n_rows:], part[:n_rows]


def _may_have(
    rows: FloatArray, columns: FloatArray, row_part: IntArray, column_part: IntArray
) -> bool:
    """Whether rows and columns have the same total in each connected part."""
    n = int(max(row_part.max(), column_part.max())) + 1
    of_rows = np.bincount(row_part, rows, minlength=n)
    of_columns = np.bincount(column_part, columns, minlength=n)
    return bool(np.allclose(of_rows, of_columns, rtol=SAME_TOTAL, atol=0))


def _newton_step(
    matrix: sp.csr_array, rows: FloatArray, columns: FloatArray, part: IntArray
) -> FloatArray:
    """Return changes of log v that meet the sums of columns to first order.

    As rows are always rescaled to their sums, the Hessian is the graph Laplacian of the
    columns, linked if they share a row. It vanishes on constants over connected parts,
    which change nothing.
    """
    row_sums, column_sums = _row_sums(matrix), _column_sums(matrix)
    divided = matrix.copy()
    divided.data /= np.repeat(row_sums, np.diff(matrix.indptr))
    hessian = sp.diags_array(column_sums) - sp.csr_array(matrix.T @ divided)
    missing = columns - column_sums
    missing -= matrix.T @ ((rows - row_sums) / row_sums)
    _, label = np.unique(part, return_inverse=True)
    missing -= (np.bincount(label, missing) / np.bincount(label))[label]
    diagonal = hessian.diagonal()
    inverse = 1 / np.where(diagonal > 0, diagonal, 1)
    # If the sums cannot be met, overlaps vanish and the step grows without bounds.
    with np.errstate(all="ignore"):
        step, _ = cg(
            sp.csr_array(hessian),
            missing,
            rtol=ACCURACY,
            maxiter=2000,
            M=sp.diags_array(inverse, format="csr"),
        )
    return np.nan_to_num(np.asarray(step))
