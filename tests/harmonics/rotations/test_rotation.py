"""Rotations: forms that agree, composition, uniformity, bad input."""

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation as SciPyRotation

from deepsphere_pyg.harmonics import Rotation
from tests.round_off import assert_near

# Angles at which a pole stays in place, or nearly, and alpha and gamma are not apart.
BETA = st.sampled_from([0.0, 1e-12, 1e-7, np.pi - 1e-9, np.pi]) | st.floats(0, np.pi)
EULER = st.tuples(st.floats(-7, 7), BETA, st.floats(-7, 7))
# A matrix is a product of three of 3 x 3; entries are at most 1, and angles that are
# rounded as numbers of some units move them by as much.
TERMS = 9


def random_rotations(*shape, seed=0):
    return Rotation.random(shape, torch.Generator().manual_seed(seed))


@pytest.mark.oracle
@given(EULER)
@settings(deadline=None, derandomize=True, max_examples=100)
def test_forms_match_scipy(angles):
    ours, theirs = Rotation.from_euler(*angles), SciPyRotation.from_euler("ZYZ", angles)
    assert_near(ours.matrix(), theirs.as_matrix(), TERMS)
    quaternion = theirs.as_quat(scalar_first=True)
    sign = np.sign(quaternion @ ours.quaternion().numpy())
    assert_near(ours.quaternion(), sign * quaternion, TERMS)


@given(EULER)
@example((0.3, 0.0, 0.5))
@example((0.3, np.pi, 0.5))
@settings(deadline=None, derandomize=True, max_examples=100)
def test_matrices_and_quaternions_give_the_rotation_back(angles):
    matrix = Rotation.from_euler(*angles).matrix()
    again = Rotation.from_matrix(matrix)
    assert_near(again.matrix(), matrix, TERMS)
    once_more = Rotation.from_quaternion(-again.quaternion())
    assert_near(once_more.matrix(), matrix, TERMS)
    assert 0 <= once_more.angles[1] <= np.pi + 1e-15


@given(EULER, EULER)
@settings(deadline=None, derandomize=True, max_examples=50)
def test_products_are_those_of_matrices(first, second):
    a, b = Rotation.from_euler(*first), Rotation.from_euler(*second)
    assert_near((a @ b).matrix(), a.matrix() @ b.matrix(), TERMS)


def test_inverses_are_transposes():
    rotation = random_rotations(20)
    assert_near(rotation.inverse().matrix(), rotation.matrix().mT, TERMS)


def test_angles_broadcast_and_keep_their_precision():
    rotation = Rotation.from_euler(torch.zeros(3, 1), [0.1, 0.2], 1)
    assert rotation.shape == (3, 2) and rotation.angles.dtype == torch.float64
    assert float(rotation.angles[0, 0, 1]) == 0.1
    assert Rotation.identity((4,)).shape == (4,)
    assert repr(rotation) == "Rotation(shape=(3, 2))"
    assert Rotation.from_matrix(torch.zeros(0, 3, 3)).shape == (0,)


def test_matrices_of_single_precision_are_taken():
    matrix = random_rotations(50).matrix().float()
    again = Rotation.from_matrix(matrix).matrix().float()
    assert_near(again, matrix, TERMS)


def test_random_rotations_are_uniform_and_repeat():
    rotations = random_rotations(20_000)
    # Means of entries are 0, of their squares 1/3, with deviations of 1/200 and less.
    matrices = rotations.matrix()
    assert matrices.mean(0).abs().max() < 4 * (1 / 3 / 20_000) ** 0.5
    assert (matrices.square().mean(0) - 1 / 3).abs().max() < 4 * 0.3 / 20_000**0.5
    assert torch.equal(rotations.angles, random_rotations(20_000).angles)


def test_gradients_reach_euler_angles():
    angles = torch.tensor([0.3, 1.0, -0.2], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda a: Rotation.from_euler(*a.unbind()).matrix(), (angles,)
    )


def test_errors_for_matrices_that_are_no_rotations():
    with pytest.raises(ValueError, match="must be orthogonal, got one whose product"):
        Rotation.from_matrix(2 * np.eye(3))
    with pytest.raises(ValueError, match="determinant 1, got -1, a reflection"):
        Rotation.from_matrix(np.diag([1.0, 1.0, -1.0]))
    with pytest.raises(ValueError, match=r"shape \(\*batch, 3, 3\), got \(3,\)"):
        Rotation.from_matrix([1.0, 0.0, 0.0])
    with pytest.raises(ValueError, match="matrix must be finite, got nan"):
        Rotation.from_matrix(np.full((3, 3), np.nan))
    with pytest.raises(TypeError, match="matrix must be real numbers, got"):
        Rotation.from_matrix(np.eye(3) * 1j)


def test_errors_for_quaternions_and_angles():
    with pytest.raises(ValueError, match="of length 1, got 2; divide by the length"):
        Rotation.from_quaternion([2.0, 0.0, 0.0, 0.0])
    with pytest.raises(ValueError, match="of length 1, got 0"):
        Rotation.from_quaternion([[1.0, 0.0, 0.0, 0.0], [0.0] * 4])
    with pytest.raises(ValueError, match=r"shape \(\*batch, 4\), got \(3,\)"):
        Rotation.from_quaternion([1.0, 0.0, 0.0])
    with pytest.raises(ValueError, match="gamma must be finite, got inf"):
        Rotation.from_euler(0, 0, np.inf)
    with pytest.raises(TypeError, match="alpha must be real numbers, got"):
        Rotation.from_euler(True, 0, 0)


def test_errors_for_rotations_made_in_other_ways():
    with pytest.raises(TypeError, match=r"must be a float64 tensor, got torch.float32"):
        Rotation(torch.zeros(3))
    with pytest.raises(TypeError, match="must be a float64 tensor, got list"):
        Rotation([0.0, 0.0, 0.0])
    with pytest.raises(ValueError, match=r"must have shape \(\*batch, 3\), got \(2,\)"):
        Rotation(torch.zeros(2, dtype=torch.float64))
    with pytest.raises(TypeError, match=r"must be a torch.Generator, got int"):
        Rotation.random((), 0)
    with pytest.raises(TypeError, match="multiplies another Rotation, got ndarray"):
        Rotation.identity() @ np.eye(3)
