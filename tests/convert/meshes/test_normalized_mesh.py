"""Placement in the unit sphere, and hulls."""

import numpy as np
import pytest
import trimesh
from scipy.spatial.transform import Rotation

from deepsphere_pyg.convert import Mesh, convex_hull, normalized_mesh
from tests.convert.meshes.solids import ball, box, star, torus, volume

STAR = star()
TURN = Rotation.from_euler("zyx", [0.3, 1.1, -0.4])


def test_the_centre_is_that_of_trimesh():
    solid = trimesh.Trimesh(STAR.vertices, STAR.faces, process=False)
    centred = STAR.vertices - solid.centroid
    expected = centred * 0.99 / np.linalg.norm(centred, axis=1).max()
    assert np.allclose(normalized_mesh(STAR).vertices, expected, rtol=0, atol=1e-14)


def test_shift_and_rotation_follow_the_formula():
    base, shift = normalized_mesh(STAR, radius=1).vertices, np.array([0.1, -0.05, 0.02])
    placed = (base + shift) @ TURN.as_matrix().T
    placed *= 0.99 / np.linalg.norm(placed, axis=1).max()
    found = normalized_mesh(STAR, shift=shift, rotation=TURN)
    assert np.allclose(found.vertices, placed, rtol=0, atol=1e-14)
    assert np.linalg.norm(found.vertices, axis=1).max() == pytest.approx(0.99)


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_size_and_place_make_no_difference(scale):
    moved = Mesh((STAR.vertices + np.array([10, -20, 5])) * scale, STAR.faces)
    expected = normalized_mesh(STAR).vertices
    assert np.allclose(normalized_mesh(moved).vertices, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("solid", [STAR, torus(), box(), ball(level=1)])
def test_hulls_are_convex_and_point_outwards(solid):
    hull = convex_hull(solid)
    oracle = trimesh.convex.convex_hull(solid.vertices)
    assert volume(hull) == pytest.approx(oracle.volume)
    assert set(map(tuple, hull.vertices)) <= set(map(tuple, solid.vertices))
    corners = hull.vertices[hull.faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    heights = solid.vertices @ normal.T - (normal * corners[:, 0]).sum(axis=1)
    assert heights.max() < 1e-12


def test_a_flat_mesh_is_its_own_hull():
    flat = Mesh(
        [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0.2, 0.2, 0]], [[0, 1, 3], [1, 2, 3]]
    )
    assert convex_hull(flat) is flat


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"shift": [1, 2]}, ValueError, "shift must be three finite numbers"),
        ({"shift": [np.nan, 0, 0]}, ValueError, "shift must be three finite numbers"),
        ({"rotation": np.eye(3)}, TypeError, "rotation must be a Rotation"),
        ({"rotation": Rotation.random(2)}, ValueError, "one rotation, got 2"),
        ({"radius": 2}, ValueError, "radius must be at most 1, got 2"),
        ({"radius": 0}, ValueError, "radius must be positive"),
    ],
)
def test_odd_arguments_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        normalized_mesh(STAR, **options)


def test_a_mesh_without_area_or_with_nan_is_refused():
    line = Mesh([[0, 0, 0], [1, 0, 0], [2, 0, 0]], [[0, 1, 2]])
    with pytest.raises(ValueError, match="the mesh has no area"):
        normalized_mesh(line)
    broken = Mesh([[0, 0, 0], [1, 0, 0], [np.nan, 0, 0]], [[0, 1, 2]])
    with pytest.raises(ValueError, match="remove others by clean_mesh"):
        normalized_mesh(broken)
