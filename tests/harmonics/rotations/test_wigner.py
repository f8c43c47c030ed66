"""Wigner's matrices of real harmonics: conventions, oracles, laws, bad input."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.harmonics import (
    Rotation,
    spherical_harmonics,
    wigner_matrices,
    wigner_matrix,
)
from tests.round_off import assert_near

EULER = st.tuples(*[st.floats(-7, 7)] * 3)


def unit_vectors(n):
    xyz = torch.from_numpy(np.random.default_rng(0).normal(size=(n, 3)))
    return xyz / xyz.norm(dim=1, keepdim=True)


def harmonics(xyz, L):
    x, y, z = xyz.T.numpy()
    theta, phi = np.arctan2(np.hypot(x, y), z), np.arctan2(y, x)
    return torch.from_numpy(spherical_harmonics(theta, phi, L))


def test_degree_one_is_the_rotation_of_y_z_x():
    rotation = Rotation.random((5,), torch.Generator().manual_seed(0))
    order = torch.tensor([1, 2, 0])
    expected = rotation.matrix()[:, order][:, :, order]
    assert_near(wigner_matrices(rotation, 2)[1], expected, 3)


@given(EULER)
@settings(deadline=None, derandomize=True, max_examples=25)
def test_harmonics_at_rotated_points_are_rotated_harmonics(angles):
    # Y(R^-1 x) has the coefficients D(R) e, so Y(R^-1 x) = Y(x) D(R).
    rotation, xyz = Rotation.from_euler(*angles), unit_vectors(20)
    back = xyz @ rotation.matrix()
    expected = harmonics(xyz, 12) @ wigner_matrix(rotation, 12)
    # Functions of degree 11 turn a rounding of a point into one of 11 their size.
    assert_near(harmonics(back, 12), expected, 23, 11 * expected.abs().max())


@given(EULER, EULER)
@settings(deadline=None, derandomize=True, max_examples=25)
def test_products_of_rotations_are_products_of_matrices(first, second):
    a, b = Rotation.from_euler(*first), Rotation.from_euler(*second)
    for one, two, both in zip(
        *(wigner_matrices(r, 12) for r in (a, b, a @ b)), strict=True
    ):
        # Round-off of the angles, times the largest order.
        assert_near(one @ two, both, len(both), 11)


def test_fewer_orders_are_the_middle_columns():
    rotation = Rotation.random((3, 2), torch.Generator().manual_seed(0))
    for N in (1, 2, 5):
        some, whole = wigner_matrices(rotation, 5, N), wigner_matrices(rotation, 5)
        for degree, (part, matrix) in enumerate(zip(some, whole, strict=True)):
            k = min(degree, N - 1)
            assert torch.equal(part, matrix[..., degree - k : degree + k + 1])


def test_matrices_are_orthogonal_and_inverses_transposes():
    rotation = Rotation.random((3, 2), torch.Generator().manual_seed(0))
    matrix = wigner_matrix(rotation, 10)
    assert matrix.shape == (3, 2, 100, 100)
    unit = torch.eye(100, dtype=torch.float64).expand_as(matrix)
    assert_near(matrix @ matrix.mT, unit, 2 * 19)
    assert_near(wigner_matrix(rotation.inverse(), 10), matrix.mT, 19, 9)


@pytest.mark.oracle
def test_matrices_match_e3nn():
    o3 = pytest.importorskip("e3nn.o3")
    # e3nn turns about (y, x, y): its polar axis y is our z, its x our y.
    angles = torch.tensor([0.4, 1.1, -2.0], dtype=torch.float64)
    blocks = wigner_matrices(Rotation.from_euler(*angles), 9)
    for degree, block in enumerate(blocks):
        theirs = o3.wigner_D(degree, *angles)
        # e3nn's tables are of single precision.
        torch.testing.assert_close(block, theirs.double(), atol=5e-6, rtol=0)


def test_errors_for_wigner_matrices():
    with pytest.raises(TypeError, match="rotation must be a Rotation, got ndarray"):
        wigner_matrices(np.eye(3), 4)
    with pytest.raises(ValueError, match="L must be at least 1, got 0"):
        wigner_matrix(Rotation.identity(), 0)
