"""Scaling matrices to given sums of rows and columns."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from samplings.transfer.matrix_scaling import balanced

law = settings(max_examples=60, derandomize=True, deadline=None)


@law
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_sums_that_some_matrix_has_are_met_by_scaling(n_rows, n_columns, seed):
    generator = np.random.default_rng(seed)
    pattern = generator.uniform(size=(n_rows, n_columns)) < 0.5
    pattern[np.arange(n_rows), generator.integers(0, n_columns, n_rows)] = True
    pattern[generator.integers(0, n_rows, n_columns), np.arange(n_columns)] = True
    matrix = pattern * generator.uniform(0.1, 1, pattern.shape)
    # Sums of another matrix with the same zeros, hence possible.
    wanted = pattern * generator.uniform(0.1, 1, pattern.shape)
    rows, columns = wanted.sum(axis=1), wanted.sum(axis=0)
    scaled = balanced(sp.csr_array(matrix), rows, columns)
    assert scaled is not None
    scaled = scaled.toarray()
    np.testing.assert_allclose(scaled.sum(axis=1), rows, rtol=1e-11)
    np.testing.assert_allclose(scaled.sum(axis=0), columns, rtol=1e-11)
    assert (scaled[~pattern] == 0).all() and (scaled >= 0).all()
    # Scaled by row and column: log ratios are sums of one term for each.
    ratio = np.where(
        pattern, np.log(np.where(pattern, scaled / np.where(pattern, matrix, 1), 1)), 0
    )
    incidence = np.concatenate(
        [
            np.repeat(np.eye(n_rows), n_columns, axis=0),
            np.tile(np.eye(n_columns), (n_rows, 1)),
        ],
        axis=1,
    )[pattern.ravel()]
    target = ratio.ravel()[pattern.ravel()]
    fitted, *_ = np.linalg.lstsq(incidence, target)
    np.testing.assert_allclose(incidence @ fitted, target, atol=1e-8)


def test_chains_whose_ends_must_exchange_are_met():
    # Alternate scaling takes some n^2 sweeps for this.
    n = 2000
    chain = sp.diags_array([np.ones(n), np.full(n - 1, 0.3)], offsets=[0, 1])
    rows = np.ones(n)
    columns = np.ones(n)
    rows[0] += 0.2
    columns[-1] += 0.2
    scaled = balanced(sp.csr_array(chain), rows, columns)
    np.testing.assert_allclose(scaled.sum(axis=1), rows, rtol=1e-11)
    np.testing.assert_allclose(scaled.sum(axis=0), columns, rtol=1e-11)


@pytest.mark.parametrize(
    ("matrix", "rows", "columns"),
    [
        ([[1, 0], [0, 1]], [1, 2], [2, 1]),
        ([[1, 0], [0, 0]], [1, 1], [1, 1]),
        # Connected, but the first row can only go to the first column.
        ([[1, 0], [1, 1]], [2, 1], [1, 2]),
    ],
)
def test_sums_that_zeros_forbid_are_not_found(matrix, rows, columns):
    wanted = np.array(rows, dtype=float), np.array(columns, dtype=float)
    assert balanced(sp.csr_array(np.array(matrix, dtype=float)), *wanted) is None


def test_the_matrix_given_stays_as_it_is():
    matrix = sp.csr_array(np.array([[1.0, 2], [3, 4]]))
    balanced(matrix, np.ones(2), np.ones(2))
    np.testing.assert_array_equal(matrix.toarray(), [[1, 2], [3, 4]])
