"""Transport along great circles, against rotations and areas of triangles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from samplings import (
    HEALPix,
    Icosahedral,
    Sampling,
    tangent_frames,
    transport_angles,
)
from tests.helpers import scattered_points
from tests.round_off import assert_near, round_off

seeds = st.integers(0, 2**32 - 1)


def bare(points):
    """Sampling of any points, near to each other too."""
    return Sampling(np.asarray(points, dtype=float), np.full(len(points), 0.01))


def carried(points, frames, i, j):
    """Angle from a rotation about the common normal, as an oracle."""
    normal = np.cross(points[j], points[i])
    sine = np.linalg.norm(normal)
    angle = np.arctan2(sine, points[i] @ points[j])
    moved = Rotation.from_rotvec(angle * normal / sine).apply(frames[j])
    return np.arctan2(frames[i, 1] @ moved[0], frames[i, 0] @ moved[0])


def test_frames_are_orthonormal_and_south_east_and_up_are_right_handed():
    for sampling in (HEALPix(4), Icosahedral(2)):
        frames = tangent_frames(sampling)
        axes = np.concatenate([frames, sampling.xyz[:, None]], axis=1)
        assert_near(
            axes @ axes.transpose(0, 2, 1), np.tile(np.eye(3), (len(axes), 1, 1)), 3
        )
        assert_near(np.cross(frames[:, 0], frames[:, 1]), sampling.xyz, 4)


def test_frame_of_a_pole_is_that_of_its_longitude():
    sampling = bare([[0, 0, 1], [0, 0, -1]])
    frames = tangent_frames(sampling)
    c, s = np.cos(sampling.phi), np.sin(sampling.phi)
    south = np.stack([[1, -1] * c, [1, -1] * s, 0 * c], axis=1)
    assert_near(frames[:, 0], south, 2)
    assert_near(frames[:, 1], np.stack([-s, c, 0 * c], axis=1), 2)


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_transport_is_the_rotation_about_the_common_normal(seed):
    sampling = bare(scattered_points(8, seed))
    points, frames = sampling.xyz, tangent_frames(sampling)
    i, j = np.triu_indices(8, 1)
    found = transport_angles(sampling, i, j)
    wanted = [carried(points, frames, a, b) for a, b in zip(i, j, strict=True)]
    # The oracle divides by the sine of the angle between the points.
    sine = np.linalg.norm(np.cross(points[i], points[j]), axis=1).min()
    difference = np.angle(np.exp(1j * (found - np.array(wanted))))
    assert np.abs(difference).max() < round_off(float, 9, 1 / sine)


def test_way_back_turns_the_other_way():
    sampling = HEALPix(4)
    i, j = np.divmod(np.arange(192 * 20), 20)
    i, j = i[i < 100], j[i < 100]
    assert_near(transport_angles(sampling, i, j), -transport_angles(sampling, j, i), 3)


@given(seeds, st.floats(1e-9, 1.5))
@settings(max_examples=30, deadline=None)
def test_way_around_a_triangle_turns_by_its_area(seed, size):
    rng = np.random.default_rng(seed)
    centre = scattered_points(1, seed)[0]
    points = centre + size * rng.uniform(-1, 1, (3, 3))
    points /= np.linalg.norm(points, axis=1)[:, None]
    a, b, c = points
    turned = transport_angles(bare(points), [1, 2, 0], [0, 1, 2]).sum()
    # Triangle of Van Oosterom and Strackee (1983); differences keep small ones exact.
    area = 2 * np.arctan2(a @ np.cross(b - a, c - a), 1 + a @ b + b @ c + c @ a)
    # Near antipodal corners both divide by 1 + x.y.
    nearest = 1 + min(a @ b, b @ c, c @ a)
    difference = np.angle(np.exp(1j * (turned - area)))
    assert abs(difference) < round_off(float, 20, 1 / nearest)


def test_transport_between_points_a_nanometre_apart_at_the_pole():
    # Frames along the meridians of the points, 30 degrees apart.
    angle = np.deg2rad([0, 30])
    near = 1e-16 + np.zeros(2)
    points = np.stack([near * np.cos(angle), near * np.sin(angle), np.ones(2)], axis=1)
    (found,) = transport_angles(bare(points), [1], [0])
    assert_near(np.array([found]), np.array([-np.deg2rad(30)]), 3)


def test_transport_from_one_sampling_to_another():
    fine, coarse = HEALPix(4, nest=True), HEALPix(2, nest=True)
    children = np.arange(192)
    both = bare(np.concatenate([coarse.xyz, fine.xyz]))
    found = transport_angles(coarse, children // 4, children, source_sampling=fine)
    assert_near(found, transport_angles(both, children // 4, 48 + children), 3)


def test_messages():
    sampling = bare(np.concatenate([np.eye(3), -np.eye(3)]))
    with pytest.raises(ValueError, match="antipodal points is not defined, got"):
        transport_angles(sampling, [0], [3])
    with pytest.raises(ValueError, match="targets and sources must be of equal number"):
        transport_angles(sampling, [0, 1], [2])
    with pytest.raises(ValueError, match="sources must be vertices, from 0 to 5, got"):
        transport_angles(sampling, [0], [6])
    with pytest.raises(TypeError, match="targets must be a sequence of integers"):
        transport_angles(sampling, 3, [1])
    with pytest.raises(TypeError, match=r"targets\[0\] must be an integer"):
        transport_angles(sampling, [0.5], [1])
    with pytest.raises(TypeError, match="sampling must be a sampling"):
        tangent_frames(np.eye(3))
