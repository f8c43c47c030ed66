"""The cubed sphere: its layout, exact areas, and the symmetries of the cube."""

import itertools

import numpy as np
import pytest
from scipy.spatial import cKDTree

from samplings import CubedSphere, HEALPix
from tests.round_off import assert_near, round_off

LOOKS = np.array([[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])


def group_of(generators):
    """All products of some orthogonal matrices."""
    found = [np.eye(3)]
    for element in found:
        for generator in generators:
            product = generator @ element
            if min(np.abs(product - other).max() for other in found) > 1e-9:
                found.append(product)
    return found


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_faces_look_along_their_axes_in_order(n):
    faces = CubedSphere(n).xyz.reshape(6, n * n, 3)
    assert (np.einsum("fpc,fc->fp", faces, LOOKS) > 0.57).all()
    middle = faces.mean(axis=1)
    assert_near(middle / np.linalg.norm(middle, axis=1)[:, None], LOOKS, n * n)


def test_columns_count_eastwards_and_rows_northwards():
    sampling = CubedSphere(4)
    lon, lat = sampling.lon.reshape(6, 4, 4), sampling.lat.reshape(6, 4, 4)
    for face in range(4):
        relative = (lon[face] - 90 * face + 180) % 360 - 180
        np.testing.assert_allclose(
            relative, np.tile([-33.75, -11.25, 11.25, 33.75], (4, 1))
        )
        assert (np.diff(lat[face], axis=0) > 0).all()
    # Face 4 goes on where face 0 ends, face 5 where it begins: neighbours are near.
    grid = sampling.xyz.reshape(6, 4, 4, 3)
    assert np.linalg.norm(grid[4, 0] - grid[0, -1], axis=1).max() < 0.4
    assert np.linalg.norm(grid[5, -1] - grid[0, 0], axis=1).max() < 0.4


def test_lines_are_at_equal_angles():
    y, z = CubedSphere(6).xyz.reshape(6, 6, 6, 3)[0][..., 1:].transpose(2, 0, 1)
    x = CubedSphere(6).xyz.reshape(6, 6, 6, 3)[0][..., 0]
    angles = np.deg2rad(np.arange(-37.5, 45, 15))
    assert_near(np.arctan2(y, x), np.tile(angles, (6, 1)), 3)
    assert_near(np.arctan2(z, x), np.tile(angles, (6, 1)).T, 3)


@pytest.mark.parametrize("n", [1, 3, 16])
def test_areas_are_those_of_the_closed_formula(n):
    # Solid angle of the rectangle from the middle of the face to (x, y) on the cube.
    edge = np.tan(np.linspace(-np.pi / 4, np.pi / 4, n + 1))
    x, y = np.meshgrid(edge, edge)
    corner = np.arctan(x * y / np.sqrt(1 + x * x + y * y))
    area = np.diff(np.diff(corner, axis=0), axis=1)
    np.testing.assert_allclose(
        CubedSphere(n).weights.reshape(6, n, n), np.tile(area, (6, 1, 1)), rtol=1e-11
    )


@pytest.mark.parametrize("n", [1, 4, 7])
def test_symmetries_are_the_48_of_the_cube(n):
    sampling = CubedSphere(n)
    group = group_of(sampling.symmetries)
    signed = [
        np.eye(3)[list(order)] * signs
        for order in itertools.permutations(range(3))
        for signs in itertools.product((1, -1), repeat=3)
    ]
    assert len(group) == len(signed) == 48
    tree = cKDTree(sampling.xyz)
    for element in group:
        difference = min(np.abs(element - matrix).max() for matrix in signed)
        assert difference < round_off(float, 3)
        distance, image = tree.query(sampling.xyz @ element.T)
        assert distance.max() == 0
        assert_near(sampling.weights[image], sampling.weights, 4)


def test_quadrature_is_exact_to_degree_three_and_no_further():
    sampling = CubedSphere(5)
    x, y, z = sampling.xyz.T
    moments = [
        x,
        y,
        z,
        x * y,
        x * x - y * y,
        3 * z * z - 1,
        x * y * z,
        5 * z**3 - 3 * z,
    ]
    for moment in moments:
        assert abs(sampling.quadrature @ moment) < round_off(float, len(sampling))
    cubic = x**4 + y**4 + z**4 - 3 / 5
    assert abs(sampling.quadrature @ cubic) > 1e-4


@pytest.mark.parametrize("n", [1, 2, 6])
def test_cells_are_quadrilaterals_with_the_areas(n):
    sampling = CubedSphere(n)
    cells = sampling.cells()
    assert (np.diff(cells.indptr) == 4).all()
    assert len(cells.corners) == 6 * n * n + 2
    assert_near(cells.areas, sampling.weights, len(sampling))
    cell = np.repeat(np.arange(len(cells)), 4)
    inside = np.einsum("ij,ij->i", cells.normals, sampling.xyz[cell])
    assert inside.min() > 0
    # Neighbours are neighbours of each other.
    pairs = set(zip(cell.tolist(), cells.neighbours.tolist(), strict=True))
    assert pairs == {(b, a) for a, b in pairs}
    assert len(pairs) == 24 * n * n


def test_coarse_cells_are_blocks():
    coarsening = CubedSphere(6).coarsen()
    blocks = np.arange(54).reshape(6, 3, 3).repeat(2, axis=1).repeat(2, axis=2)
    parent = coarsening.assign.tocsc().indices
    np.testing.assert_array_equal(parent, blocks.ravel())
    assert coarsening.coarse.n == 3


def test_parents_are_known_only_where_cells_nest():
    fine = CubedSphere(6)
    assert fine.parents_in(CubedSphere(4)) is None
    assert fine.parents_in(HEALPix(1)) is None
    np.testing.assert_array_equal(
        np.bincount(fine.parents_in(CubedSphere(2))), np.full(24, 9)
    )


def test_errors():
    with pytest.raises(ValueError, match="n must be at least 1, got 0"):
        CubedSphere(0)
    with pytest.raises(TypeError, match=r"n must be an integer, got 2\.0"):
        CubedSphere(2.0)
    with pytest.raises(ValueError, match=r"n must be even to merge cells .* got 3"):
        CubedSphere(3).coarsen()
